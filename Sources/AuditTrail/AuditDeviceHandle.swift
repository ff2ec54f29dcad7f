internal import AuditAPI
internal import Metrics
internal import Primitives

/// A device that is ready to get entries, with everything that decides what these look like. Made by
/// `AuditBroker.prepare`.
package final class AuditDeviceHandle: Sendable {
  /// With a trailing slash.
  package let path: String
  let options: AuditOptions
  let hash: SaltedHash
  let writer: DeviceWriter
  let meters: Meters
  /// Whether the last entry got through, so that only changes are reported.
  let isFailing = Locked(false)

  struct Meters: Sendable {
    let request: Summary
    let response: Summary
    let requestFailures: Counter
    let responseFailures: Counter
    let queue: Gauge

    init(_ metrics: MetricsRegistry, path: String) {
      let label = [("device", path)]
      request = metrics.summary("vault.audit.\(path).log_request")
      response = metrics.summary("vault.audit.\(path).log_response")
      requestFailures = metrics.counter("vault.audit.device.log_request_failure", label)
      responseFailures = metrics.counter("vault.audit.device.log_response_failure", label)
      queue = metrics.gauge("vault.audit.device.queue", label)
    }
  }

  init(path: String, options: AuditOptions, hash: SaltedHash, writer: DeviceWriter, metrics: MetricsRegistry) {
    self.path = path
    self.options = options
    self.hash = hash
    self.writer = writer
    meters = Meters(metrics, path: path)
  }

  /// The line for an entry in the device's format.
  func line(
    _ kind: StaticString, time: Timestamp, error: String, auth: [UInt8], request: [UInt8], response: [UInt8] = [],
    subject: AuditFilter.Subject
  ) -> [UInt8] {
    let isPlain = options.exclusions.isEmpty && options.format == .json
    var line = EntryWriter.entry(
      kind, prefix: isPlain ? options.prefix : "", time: time, error: error, auth: auth, request: request,
      response: response)
    if !isPlain { line = Array(options.prefix.utf8) + reshaped(line, subject) }
    line.append(UInt8(ascii: "\n"))
    return line
  }
}
