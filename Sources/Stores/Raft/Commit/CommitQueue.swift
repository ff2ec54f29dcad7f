internal import Primitives
internal import StorageAPI

/// Brings the commits of all threads into one order and into groups, without a thread of its own: of those that wait, the first leads.
/// It takes what has queued up, processes it as one group, tells each its outcome and passes the lead on.
final class CommitQueue: Sendable {
  typealias Outcome = Result<CommitIndex, StoreError>

  private enum Work: Sendable {
    case commit(WriteBatch, bytes: Int)
    /// Something to be done while no group is under way.
    case exclusive(@Sendable () -> Void)
  }

  private final class Ticket: Sendable {
    enum Stage {
      case waiting
      case leading
      case done(Outcome)
    }

    let work: Work
    let since = WallClock.monotonicNanoseconds()
    private let stage = Monitored(Stage.waiting)

    init(_ work: Work) { self.work = work }

    func lead() { stage.update { $0 = .leading } }
    func finish(_ outcome: Outcome) { stage.update { $0 = .done(outcome) } }

    /// The outcome; nil when the thread is to lead.
    func outcome() -> Outcome? {
      let next = stage.wait { stage -> Outcome?? in
        switch stage {
        case .waiting: return nil
        case .done(let outcome): return .some(outcome)
        case .leading:
          stage = .waiting
          return .some(nil)
        }
      }
      return next ?? nil
    }
  }

  private struct Line {
    var waiting: [Ticket] = []
    var isLed = false
    var isClosed = false
  }

  private let line = Locked(Line())
  private let process: @Sendable ([WriteBatch]) -> [Outcome]
  private let finished: @Sendable (_ outcomes: [Outcome], _ waitedNanoseconds: UInt64) -> Void

  private static let groupBytes = 8 << 20
  private static let groupCount = 1024

  /// `process` gets the batches of a group in their order, and answers for each; `finished` is told with how long they took together.
  init(
    process: @escaping @Sendable ([WriteBatch]) -> [Outcome],
    finished: @escaping @Sendable (_ outcomes: [Outcome], _ waitedNanoseconds: UInt64) -> Void
  ) {
    self.process = process
    self.finished = finished
  }

  /// Commits batches that queue up together, so that nothing comes between them; each has its own outcome.
  func commit(_ batches: [WriteBatch]) -> [Outcome] {
    run(batches.map { Ticket(.commit($0, bytes: Self.size(of: $0))) }, last: false)
  }

  /// Runs `body` between groups.
  func exclusively(_ body: @escaping @Sendable () -> Void) { _ = run([Ticket(.exclusive(body))], last: false) }

  /// Takes nothing more; returns when all that was taken is done.
  func close() { _ = run([Ticket(.exclusive {})], last: true) }

  private func run(_ tickets: [Ticket], last: Bool) -> [Outcome] {
    let place = line.withLock { line -> (isOpen: Bool, leads: Bool) in
      if line.isClosed { return (false, false) }
      line.isClosed = last
      line.waiting += tickets
      defer { line.isLed = true }
      return (true, !line.isLed)
    }
    guard place.isOpen else { return tickets.map { _ in .failure(.unavailable("the store is closed")) } }
    if place.leads { lead() }
    var outcomes: [Outcome] = []
    for ticket in tickets {
      var outcome = ticket.outcome()
      while outcome == nil {
        lead()
        outcome = ticket.outcome()
      }
      if let outcome { outcomes.append(outcome) }
    }
    return outcomes
  }

  private func lead() {
    let group = line.withLock { Self.takeGroup(&$0.waiting) }
    var batches: [WriteBatch] = []
    for ticket in group {
      switch ticket.work {
      case .commit(let batch, _): batches.append(batch)
      case .exclusive(let body): body()
      }
    }
    let outcomes = batches.isEmpty ? group.map { _ in .success(0) } : process(batches)
    // The next group is begun before all of this one have been told.
    let next = line.withLock { line -> Ticket? in
      line.isLed = !line.waiting.isEmpty
      return line.waiting.first
    }
    next?.lead()
    if !batches.isEmpty {
      let now = WallClock.monotonicNanoseconds()
      finished(outcomes, group.reduce(0) { $0 &+ (now &- $1.since) })
    }
    for (ticket, outcome) in zip(group, outcomes) { ticket.finish(outcome) }
  }

  /// The first ticket and those behind it that may share its group.
  private static func takeGroup(_ waiting: inout [Ticket]) -> [Ticket] {
    var count = 0
    var bytes = 0
    for ticket in waiting {
      guard case .commit(_, let size) = ticket.work else {
        count = max(count, 1)
        break
      }
      bytes += size
      if count > 0, bytes > groupBytes || count == groupCount { break }
      count += 1
    }
    let group = Array(waiting.prefix(count))
    waiting.removeFirst(group.count)
    return group
  }

  private static func size(of batch: WriteBatch) -> Int {
    batch.writes.reduce(0) { sum, write in
      guard case .put(_, let value) = write else { return sum }
      return sum + value.count
    }
  }
}
