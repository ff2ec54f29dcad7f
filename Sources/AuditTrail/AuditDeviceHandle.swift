internal import AuditAPI
internal import Metrics
internal import Primitives
internal import Synchronization

/// A device that is ready to get entries, with everything that decides what these look like. Made by
/// `AuditBroker.prepare`.
package final class AuditDeviceHandle: Sendable {
  /// With a trailing slash.
  package let path: String
  /// No other device has or had it in this process.
  let number: UInt64
  let options: AuditOptions
  let hash: SaltedHash
  let writer: DeviceWriter
  let meters: Meters
  /// Whether the last entry got through, so that only changes are reported.
  let isFailing = Atomic(false)

  struct Meters: Sendable {
    private let request: Summary
    private let response: Summary
    private let requestFailures: Counter
    private let responseFailures: Counter
    let queue: Gauge

    init(_ metrics: MetricsRegistry, path: String) {
      let label = [("device", path)]
      request = metrics.summary("vault.audit.\(path).log_request")
      response = metrics.summary("vault.audit.\(path).log_response")
      requestFailures = metrics.counter("vault.audit.device.log_request_failure", label)
      responseFailures = metrics.counter("vault.audit.device.log_response_failure", label)
      queue = metrics.gauge("vault.audit.device.queue", label)
    }

    func note(_ kinds: AuditDelivery.Kinds, milliseconds: Double, failed: Bool) {
      if kinds.contains(.request) {
        request.observe(milliseconds: milliseconds)
        if failed { requestFailures.increment() }
      }
      if kinds.contains(.response) {
        response.observe(milliseconds: milliseconds)
        if failed { responseFailures.increment() }
      }
    }
  }

  init(path: String, options: AuditOptions, hash: SaltedHash, writer: DeviceWriter, metrics: MetricsRegistry) {
    self.path = path
    number = Self.made.wrappingAdd(1, ordering: .relaxed).newValue
    self.options = options
    self.hash = hash
    self.writer = writer
    meters = Meters(metrics, path: path)
  }

  private static let made = Atomic<UInt64>(0)

  /// The lines for entries in the device's format.
  /// - Parameter known: texts that were hashed before.
  func lines(
    for entries: [AuditEntry], knowing known: [HashedText] = [], about subject: AuditRequest
  ) -> [UInt8] {
    guard options.exclusions.isEmpty, options.format == .json else {
      return entries.reduce(into: []) { lines, entry in
        var writer = EntryWriter(self, knowing: known, reserving: entry.roughBytes)
        writer.entry(entry)
        lines += Array(options.prefix.utf8) + reshaped(writer.bytes, subject.subject) + [UInt8(ascii: "\n")]
      }
    }
    var writer = EntryWriter(self, knowing: known, reserving: entries.reduce(0) { $0 &+ $1.roughBytes })
    for entry in entries { writer.line(options.prefix, entry) }
    return writer.bytes
  }
}
