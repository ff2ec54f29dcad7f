internal import AuditAPI
internal import Primitives
internal import Synchronization

/// Brings entries to one device: those that several threads have at the same time go in one write, and nobody waits
/// longer than he has patience for a device that hangs.
///
/// To a prompt device a thread writes itself where nobody else does, and for all that came meanwhile where somebody did.
/// Any other device has a thread of its own, since a write that never returns would take with it whoever made it.
final class DeviceWriter: Sendable {
  /// Entries that go in one write. Unchecked because everything in it is reached under the queue's lock only.
  final class Batch: @unchecked Sendable {
    fileprivate var bytes: [UInt8] = []
    fileprivate var entries = 0
    fileprivate var outcome: Result<Void, AuditDeviceError>?
  }

  /// How far an entry got.
  enum Progress {
    case finished(Result<Void, AuditDeviceError>)
    case waits(Batch)
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

  private let device: any AuditDevice
  private let patience: Patience
  /// The device has a thread of its own; any other is written to by a thread that waits.
  let hasThread: Bool
  private let queue = Monitored(Queue())
  /// As `writingSince` says, for those who look without the lock.
  private let isWriting = Atomic(false)

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
    var progress = submit(line)
    if case .waits(let batch) = progress {
      progress = wait(for: batch, until: patience.deadline(after: patience.bound))
    }
    guard case .finished(let outcome) = progress else { throw Self.unresponsive }
    try outcome.get()
  }

  /// Writes an entry where the device is prompt and idle; otherwise leaves it to whoever writes next.
  func submit(_ line: [UInt8]) -> Progress {
    enum Turn {
      case mine
      case other(Progress)
    }
    let now = patience.now()
    let turn = queue.withLock { queue -> Turn in
      if queue.isClosed { return .other(.finished(.failure(Self.closed))) }
      if !hasThread, queue.writingSince == nil, queue.collecting.entries == 0 {
        begin(&queue, now)
        return .mine
      }
      if let since = queue.writingSince, now > since,
        now - since >= UInt64(max(0, patience.bound.nanoseconds))
      {
        return .other(.finished(.failure(Self.unresponsive)))
      }
      let batch = queue.collecting
      if batch.entries > 0, batch.bytes.count + line.count > Self.limitBytes {
        return .other(.finished(.failure(Self.unresponsive)))
      }
      if batch.entries == 0 { batch.bytes = line } else { batch.bytes.append(contentsOf: line) }
      batch.entries += 1
      return .other(.waits(batch))
    }
    switch turn {
    case .mine: return .finished(perform(line, for: nil))
    case .other(let progress):
      if hasThread { queue.update { _ in } }
      return progress
    }
  }

  /// `waits` where the device has not said by then whether it has the entries; asking again is fine.
  func wait(for batch: Batch, until deadline: UInt64) -> Progress {
    while true {
      spin()
      var turn = queue.withLock { nextTurn(&$0, batch) }
      if turn == nil { turn = queue.wait(atMost: span(until: deadline)) { nextTurn(&$0, batch) } }
      switch turn {
      case .finished(let outcome): return .finished(outcome)
      case .mine((let next, let bytes)): _ = perform(bytes, for: next)
      case nil: return .waits(batch)
      }
    }
  }

  /// A write to a file takes a few microseconds; to fall asleep and be woken takes longer and keeps a processor busier.
  private func spin() {
    if hasThread { return }
    var turns = 0
    while turns < 4000, isWriting.load(ordering: .relaxed) { turns &+= 1 }
  }

  private func span(until deadline: UInt64) -> TimeSpan {
    let left = patience.left(until: deadline)
    return left == .zero ? .zero : patience.waiting(left)
  }

  private enum Turn {
    case finished(Result<Void, AuditDeviceError>)
    case mine((Batch, [UInt8]))
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

  private func begin(_ queue: inout Queue, _ now: UInt64) {
    queue.writingSince = now
    isWriting.store(true, ordering: .relaxed)
  }

  private func take(_ queue: inout Queue) -> (Batch, [UInt8]) {
    let batch = queue.collecting
    queue.collecting = Batch()
    begin(&queue, patience.now())
    let bytes = batch.bytes
    batch.bytes = []
    return (batch, bytes)
  }

  /// - Parameter batch: whose entries these are; nil for an entry of this thread alone.
  private func perform(_ bytes: [UInt8], for batch: Batch?) -> Result<Void, AuditDeviceError> {
    let outcome: Result<Void, AuditDeviceError>
    do throws(AuditDeviceError) {
      outcome = .success(try device.write(bytes))
    } catch {
      outcome = .failure(error)
    }
    let (isLast, hasWaiters) = queue.withLock { queue in
      batch?.outcome = outcome
      queue.writingSince = nil
      isWriting.store(false, ordering: .relaxed)
      let isEmpty = queue.collecting.entries == 0
      return (queue.isClosed && isEmpty && !hasThread, batch != nil || !isEmpty)
    }
    if hasWaiters { queue.update { _ in } }
    if isLast { device.close() }
    return outcome
  }

  private func writeUntilClosed() {
    while true {
      let next = queue.wait { queue -> (Batch, [UInt8])?? in
        if queue.collecting.entries > 0 { return .some(take(&queue)) }
        return queue.isClosed ? .some(nil) : nil
      }
      guard let work = next ?? nil else { return device.close() }
      _ = perform(work.1, for: work.0)
    }
  }
}
