internal import AuditAPI
internal import Primitives

/// Brings entries to one device: those that several threads have at the same time go in one write, and nobody waits
/// longer than he has patience for a device that hangs.
///
/// To a prompt device one of the threads writes for all that wait. Any other device has a thread of its own, since a
/// write that never returns would take with it whoever made it.
final class DeviceWriter: Sendable {
  /// Entries that go in one write. Unchecked because everything in it is reached under the queue's lock only.
  fileprivate final class Batch: @unchecked Sendable {
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

  static let unresponsive = AuditDeviceError("the device does not respond")
  private static let closed = AuditDeviceError("the device is disabled")

  /// An entry that waits for the device.
  struct Ticket {
    fileprivate let batch: Batch
  }

  private let device: any AuditDevice
  private let patience: Patience
  /// The device has a thread of its own; any other is written to by a thread that waits.
  let hasThread: Bool
  private let queue = Monitored(Queue())

  init(device: any AuditDevice, patience: Patience) {
    self.device = device
    self.patience = patience
    hasThread = !device.isPrompt
    if hasThread { AuditThread.start { self.writeUntilClosed() } }
  }

  var chainHead: AuditChainHead? { device.chainHead }

  /// Entries that wait for the write under way to end.
  var waiting: Int { queue.withLock { $0.collecting.entries } }

  func reopen() throws(AuditDeviceError) { try device.reopen() }

  /// Returns when the device has the entry.
  /// - Throws: where it does not, or not within the bound; it may get there later then.
  func write(_ line: [UInt8]) throws(AuditDeviceError) {
    if try !wait(for: submit(line), until: patience.deadline(after: patience.bound)) { throw Self.unresponsive }
  }

  /// False where the device has not said by then whether it has the entry; asking again is fine.
  /// - Throws: where the device does not have it.
  func wait(for ticket: Ticket, until deadline: UInt64) throws(AuditDeviceError) -> Bool {
    let batch = ticket.batch
    while true {
      var turn = queue.withLock { nextTurn(&$0, batch) }
      if turn == nil { turn = queue.wait(atMost: span(until: deadline)) { nextTurn(&$0, batch) } }
      switch turn {
      case .finished(let outcome):
        try outcome.get()
        return true
      case .mine((let batch, let bytes)): perform(batch, bytes)
      case nil: return false
      }
    }
  }

  private func span(until deadline: UInt64) -> TimeSpan {
    let left = patience.left(until: deadline)
    return left == .zero ? .zero : patience.waiting(left)
  }

  private func nextTurn(_ queue: inout Queue, _ batch: Batch) -> Turn? {
    if let outcome = batch.outcome { return .finished(outcome) }
    if hasThread || queue.writingSince != nil { return nil }
    return .mine(take(&queue))
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

  /// Hands an entry to the device's thread, or lets it wait for one that writes.
  /// - Throws: where the device takes none.
  func submit(_ line: [UInt8]) throws(AuditDeviceError) -> Ticket {
    let now = patience.now()
    let bound = patience.bound
    let add = { (queue: inout Queue) throws(AuditDeviceError) -> Batch in
      if queue.isClosed { throw Self.closed }
      if let since = queue.writingSince, now > since, now - since >= UInt64(max(0, bound.nanoseconds)) {
        throw Self.unresponsive
      }
      let batch = queue.collecting
      if batch.entries > 0, batch.bytes.count + line.count > Self.limitBytes { throw Self.unresponsive }
      if batch.entries == 0 { batch.bytes = line } else { batch.bytes.append(contentsOf: line) }
      batch.entries += 1
      return batch
    }
    // Only a thread that writes has to be woken for a new entry.
    return Ticket(batch: hasThread ? try queue.update(add) : try queue.withLock(add))
  }

  private func take(_ queue: inout Queue) -> (Batch, [UInt8]) {
    let batch = queue.collecting
    queue.collecting = Batch()
    queue.writingSince = patience.now()
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
        if queue.collecting.entries > 0 { return .some(take(&queue)) }
        return queue.isClosed ? .some(nil) : nil
      }
      guard let work = next ?? nil else { return device.close() }
      perform(work.0, work.1)
    }
  }
}
