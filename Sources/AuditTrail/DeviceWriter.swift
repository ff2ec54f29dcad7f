internal import AuditAPI
internal import Primitives

/// Brings entries to one device: those that several threads have at the same time go in one write, and nobody waits
/// longer than `bound` for a device that hangs.
///
/// To a prompt device one of the threads writes for all that wait. Any other device has a thread of its own, since a
/// write that never returns would take with it whoever made it.
final class DeviceWriter: Sendable {
  /// Entries that go in one write. Unchecked because everything in it is reached under the queue's lock only.
  private final class Batch: @unchecked Sendable {
    var bytes: [UInt8] = []
    var entries = 0
    var outcome: Result<Void, AuditDeviceError>?
  }

  private struct Queue {
    var collecting = Batch()
    /// When the write under way began; nil while there is none.
    var writingSince: UInt64?
    var isClosed = false
  }

  /// Entries wait in memory up to this; a device that falls behind further refuses.
  static let limitBytes = 16 << 20

  private static let unresponsive = AuditDeviceError("the device does not respond")
  private static let closed = AuditDeviceError("the device is disabled")

  private let device: any AuditDevice
  private let bound: TimeSpan
  private let hasThread: Bool
  private let queue = Monitored(Queue())

  init(device: any AuditDevice, bound: TimeSpan) {
    self.device = device
    self.bound = bound
    hasThread = !device.isPrompt
    if hasThread { AuditThread.start { self.writeUntilClosed() } }
  }

  /// Entries that wait for the write under way to end.
  var waiting: Int { queue.withLock { $0.collecting.entries } }

  func reopen() throws(AuditDeviceError) { try device.reopen() }

  /// Returns when the device has the entry.
  /// - Throws: where it does not, or not within the bound; it may get there later then.
  func write(_ line: [UInt8]) throws(AuditDeviceError) {
    let batch = try enqueue(line)
    while true {
      let turn = queue.wait(atMost: bound) { queue -> Turn? in
        if let outcome = batch.outcome { return .finished(outcome) }
        if hasThread || queue.writingSince != nil { return nil }
        return .mine(Self.take(&queue))
      }
      switch turn {
      case .finished(let outcome): return try outcome.get()
      case .mine((let batch, let bytes)): perform(batch, bytes)
      case nil: throw Self.unresponsive
      }
    }
  }

  /// Later entries are refused. The device is closed when the write under way, if there is one, has ended.
  func close() {
    let isIdle = queue.update { queue in
      if queue.isClosed { return false }
      queue.isClosed = true
      return queue.writingSince == nil && queue.collecting.entries == 0 && !hasThread
    }
    if isIdle { device.close() }
  }

  private enum Turn {
    case finished(Result<Void, AuditDeviceError>)
    case mine((Batch, [UInt8]))
  }

  private func enqueue(_ line: [UInt8]) throws(AuditDeviceError) -> Batch {
    let now = WallClock.monotonicNanoseconds()
    let add = { (queue: inout Queue) throws(AuditDeviceError) -> Batch in
      if queue.isClosed { throw Self.closed }
      if let since = queue.writingSince, now > since, now - since > UInt64(max(0, self.bound.nanoseconds)) {
        throw Self.unresponsive
      }
      let batch = queue.collecting
      if batch.entries > 0, batch.bytes.count + line.count > Self.limitBytes { throw Self.unresponsive }
      if batch.entries == 0 { batch.bytes = line } else { batch.bytes.append(contentsOf: line) }
      batch.entries += 1
      return batch
    }
    // Only a thread that writes has to be woken for a new entry.
    return hasThread ? try queue.update(add) : try queue.withLock(add)
  }

  private static func take(_ queue: inout Queue) -> (Batch, [UInt8]) {
    let batch = queue.collecting
    queue.collecting = Batch()
    queue.writingSince = WallClock.monotonicNanoseconds()
    let bytes = batch.bytes
    batch.bytes = []
    return (batch, bytes)
  }

  private func perform(_ batch: Batch, _ bytes: [UInt8]) {
    let outcome: Result<Void, AuditDeviceError>
    do throws(AuditDeviceError) {
      outcome = .success(try device.write(bytes))
    } catch {
      outcome = .failure(error)
    }
    let isLast = queue.update { queue in
      batch.outcome = outcome
      queue.writingSince = nil
      return queue.isClosed && queue.collecting.entries == 0 && !hasThread
    }
    if isLast { device.close() }
  }

  private func writeUntilClosed() {
    while true {
      let next = queue.wait { queue -> (Batch, [UInt8])?? in
        if queue.collecting.entries > 0 { return .some(Self.take(&queue)) }
        return queue.isClosed ? .some(nil) : nil
      }
      guard let work = next ?? nil else { return device.close() }
      perform(work.0, work.1)
    }
  }
}
