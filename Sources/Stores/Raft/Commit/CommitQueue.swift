internal import Primitives
internal import StorageAPI

/// Brings the commits of all fibers and threads into one order and into groups, without a thread of its own: whoever finds no group
/// that is open begins one and leads it. When the group before has passed, the leader closes its own to those who come
/// later, processes it and tells all its members at once.
final class CommitQueue: Sendable {
  typealias Outcome = Result<CommitIndex, StoreError>

  private final class Group: @unchecked Sendable {
    // Unchecked because members are reached under the line's lock while the group is open, then by the leader alone, and
    // outcomes by the others when it is done.
    var batches: [WriteBatch] = []
    var bytes = 0
    var isOpen: Bool
    /// When each batch came, in one sum that may overflow: of the differences to later times it gives the right sum.
    var arrivals: UInt64 = 0
    var outcomes: [Outcome] = []
    /// The next group may be processed.
    let passed = Latch()
    /// There are outcomes.
    let done = Latch()

    init(isOpen: Bool) { self.isOpen = isOpen }
  }

  private struct Line {
    /// The last in line; nil while there is none.
    var newest: Group?
    var isClosed = false
  }

  private struct Place {
    let group: Group
    /// Of the batches in the group.
    let first: Int
    /// The leader's alone.
    let predecessor: Group?
    let leads: Bool
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

  /// Commits batches together, so that nothing comes between them; each has its own outcome.
  func commit(_ batches: [WriteBatch]) -> [Outcome] {
    guard let place = join(batches) else { return batches.map { _ in .failure(.unavailable("the store is closed")) } }
    if place.leads { lead(place.group, after: place.predecessor) } else { place.group.done.wait() }
    return Array(place.group.outcomes.dropFirst(place.first).prefix(batches.count))
  }

  /// Runs `body` between groups; nil when the queue is closed.
  @discardableResult
  func exclusively<R>(_ body: () -> R) -> R? { alone(last: false, body) }

  /// Takes nothing more; returns when all that was taken is done.
  func close() { _ = alone(last: true) {} }

  private func join(_ batches: [WriteBatch]) -> Place? {
    let now = WallClock.monotonicNanoseconds()
    let bytes = batches.reduce(0) { $0 + Self.size(of: $1) }
    return line.withLock { line in
      if line.isClosed { return nil }
      let newest = line.newest
      if let newest, newest.isOpen, newest.bytes + bytes <= Self.groupBytes, newest.batches.count < Self.groupCount {
        let first = newest.batches.count
        Self.add(batches, bytes, now, to: newest)
        return Place(group: newest, first: first, predecessor: nil, leads: false)
      }
      let group = Group(isOpen: true)
      Self.add(batches, bytes, now, to: group)
      line.newest = group
      return Place(group: group, first: 0, predecessor: newest, leads: true)
    }
  }

  private static func add(_ batches: [WriteBatch], _ bytes: Int, _ now: UInt64, to group: Group) {
    group.batches += batches
    group.bytes += bytes
    group.arrivals &+= now &* UInt64(batches.count)
  }

  private func lead(_ group: Group, after predecessor: Group?) {
    predecessor?.passed.wait()
    // What other requests of this carrier want to commit takes part.
    Fiber.letOthersGoFirst()
    line.withLock { _ in group.isOpen = false }
    Blocking.run {
      let outcomes = process(group.batches)
      // The next group is begun before all of this one have been told.
      pass(group)
      finished(outcomes, WallClock.monotonicNanoseconds() &* UInt64(outcomes.count) &- group.arrivals)
      group.outcomes = outcomes
      group.done.open()
    }
  }

  private func alone<R>(last: Bool, _ body: () -> R) -> R? {
    let group = Group(isOpen: false)
    let place = line.withLock { line -> Place? in
      if line.isClosed { return nil }
      defer { line.newest = group }
      line.isClosed = last
      return Place(group: group, first: 0, predecessor: line.newest, leads: true)
    }
    guard let place else { return nil }
    place.predecessor?.passed.wait()
    defer { pass(group) }
    return body()
  }

  private func pass(_ group: Group) {
    line.withLock { if $0.newest === group { $0.newest = nil } }
    group.passed.open()
  }

  private static func size(of batch: WriteBatch) -> Int {
    batch.writes.reduce(0) { sum, write in
      guard case .put(_, let value) = write else { return sum }
      return sum + value.count
    }
  }
}
