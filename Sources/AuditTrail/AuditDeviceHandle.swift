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
  let meters: EntryMeters
  /// Entries that wait for the device.
  let queue: Gauge
  /// Whether the last entry got through, so that only changes are reported.
  let isFailing = Atomic(false)

  init(path: String, options: AuditOptions, hash: SaltedHash, writer: DeviceWriter, metrics: MetricsRegistry) {
    self.path = path
    number = Self.made.wrappingAdd(1, ordering: .relaxed).newValue
    self.options = options
    self.hash = hash
    self.writer = writer
    let label = [("device", path)]
    meters = EntryMeters(
      requests: metrics.summary("vault.audit.\(path).log_request"),
      responses: metrics.summary("vault.audit.\(path).log_response"),
      requestFailures: metrics.counter("vault.audit.device.log_request_failure", label),
      responseFailures: metrics.counter("vault.audit.device.log_response_failure", label))
    queue = metrics.gauge("vault.audit.device.queue", label)
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
