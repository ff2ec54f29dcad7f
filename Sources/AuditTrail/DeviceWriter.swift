internal import AuditAPI
internal import Primitives
internal import Synchronization

/// Brings entries to one device: those that several threads have at the same time go in one write, and nobody waits
/// longer than he has patience for a device that hangs.
///
/// To a prompt device a thread writes itself where nobody else does, and for all that came meanwhile where somebody did. Fibers
/// let others go first, so that one write takes the entries of all requests that a carrier has under way.
/// Any other device has a thread of its own, since a write that never returns would take with it whoever made it.
final class DeviceWriter: Sendable {
  /// Entries that go in one write. Unchecked because everything in it is reached under the queue's lock only, but for the outcome, which does not
  /// change when it is there.
  final class Batch: @unchecked Sendable {
    fileprivate var bytes: [UInt8] = []
    fileprivate var entries = 0
    fileprivate var outcome: Result<Void, AuditDeviceError>?
    /// There is an outcome, for those who look without the lock.
    fileprivate let isDone = Atomic(false)
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
    /// Threads that are to be woken when something has changed.
    var sleepers = 0
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
    let writesAtOnce = !hasThread && Fiber.current == nil
    let decide = { (queue: inout Queue) -> Turn in
      if queue.isClosed { return .other(.finished(.failure(Self.closed))) }
      if writesAtOnce, queue.writingSince == nil, queue.collecting.entries == 0 {
        self.begin(&queue, now)
        return .mine
      }
      if let since = queue.writingSince, now > since,
        now - since >= UInt64(max(0, self.patience.bound.nanoseconds))
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
    // Only a thread that writes has to be woken for a new entry.
    switch hasThread ? queue.update(decide) : queue.withLock(decide) {
    case .mine: return .finished(perform(line, for: nil))
    case .other(let progress): return progress
    }
  }

  /// `waits` where the device has not said by then whether it has the entries; asking again is fine.
  func wait(for batch: Batch, until deadline: UInt64) -> Progress {
    if !hasThread { Fiber.letOthersGoFirst() }
    while true {
      spin(batch)
      if batch.isDone.load(ordering: .acquiring), let outcome = batch.outcome { return .finished(outcome) }
      var turn = queue.withLock { nextTurn(&$0, batch) }
      if turn == nil {
        let span = span(until: deadline)
        queue.withLock { $0.sleepers += 1 }
        turn = queue.wait(atMost: span) { nextTurn(&$0, batch) }
        queue.withLock { $0.sleepers -= 1 }
      }
      switch turn {
      case .finished(let outcome): return .finished(outcome)
      case .mine((let next, let bytes)): _ = perform(bytes, for: next)
      case nil: return .waits(batch)
      }
    }
  }

  /// A write to a file takes a few microseconds; to fall asleep and be woken takes longer and keeps a processor busier.
  private func spin(_ batch: Batch) {
    if hasThread { return }
    let isFiber = Fiber.current != nil
    var turns = isFiber ? Self.fiberSpins : Self.spins
    while turns > 0, !batch.isDone.load(ordering: .acquiring), isWriting.load(ordering: .relaxed) {
      if isFiber { Fiber.letOthersGoFirst() }
      turns &-= 1
    }
  }

  /// Some ten microseconds.
  private static let spins = 20_000
  /// Less than a millisecond where there is nothing else to do.
  private static let fiberSpins = 1_000

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

  /// Writes, and then what came meanwhile, a few times: those whose entries these are would have to be woken to do it.
  /// - Parameter batch: whose entries the first are; nil for an entry of this thread alone.
  /// - Returns: what became of the first write.
  private func perform(_ bytes: [UInt8], for batch: Batch?) -> Result<Void, AuditDeviceError> {
    let first = deliver(bytes)
    var done = (batch: batch, outcome: first)
    for round in 0... {
      let (more, mustWake, isLast) = queue.withLock { queue -> ((Batch, [UInt8])?, Bool, Bool) in
        if let batch = done.batch {
          batch.outcome = done.outcome
          batch.isDone.store(true, ordering: .releasing)
        }
        queue.writingSince = nil
        let isEmpty = queue.collecting.entries == 0
        if !isEmpty, round < Self.rounds { return (take(&queue), queue.sleepers > 0, false) }
        isWriting.store(false, ordering: .releasing)
        return (nil, queue.sleepers > 0, queue.isClosed && isEmpty && !hasThread)
      }
      if mustWake { queue.update { _ in } }
      if isLast { device.close() }
      guard let more else { break }
      done = (more.0, deliver(more.1))
    }
    return first
  }

  /// How often one thread writes for others before it goes on with its own request.
  private static let rounds = 4

  private func deliver(_ bytes: [UInt8]) -> Result<Void, AuditDeviceError> {
    do throws(AuditDeviceError) { return .success(try device.write(bytes)) } catch { return .failure(error) }
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
