internal import Primitives

/// Which static role is to be looked at when. A plain state machine without clock or thread; what it knows stands in the roles' records, too,
/// and it is filled from them when the mount is ready.
struct RotationQueue: Sendable {
  private static let shortestPause = TimeSpan.seconds(5)
  private static let longestPause = TimeSpan.minutes(5)

  private var times = ExpiryQueue()
  /// How often in a row the role's rotation has failed.
  private var failures: [String: Int] = [:]
  private(set) var isFilled = false

  /// What is known already is newer.
  mutating func fill(_ stored: [String: Timestamp]) {
    for (name, time) in stored where times.time(of: name) == nil { times.schedule(name, at: time) }
    isFilled = true
  }

  mutating func schedule(_ name: String, at time: Timestamp) {
    failures[name] = nil
    times.schedule(name, at: time)
  }

  /// The role is looked at again after a pause that doubles with each failure in a row.
  mutating func failed(_ name: String, at now: Timestamp) {
    let count = failures[name] ?? 0
    failures[name] = count + 1
    let pause = Self.shortestPause.nanoseconds << Int64(min(count, 10))
    times.schedule(name, at: now + min(TimeSpan(nanoseconds: pause), Self.longestPause))
  }

  /// Somebody else is at the role.
  mutating func postpone(_ name: String, until time: Timestamp) { times.schedule(name, at: time) }

  mutating func cancel(_ name: String) {
    failures[name] = nil
    times.cancel(name)
  }

  mutating func takeDue(_ now: Timestamp, limit: Int) -> [String] { times.takeDue(now, limit: limit) }

  mutating func next() -> Timestamp? { times.next() }
}

/// What a mount keeps in memory of its rotations.
final class StaticRotations: Sendable {
  let queue = Locked(RotationQueue())
  /// Names of the roles that a thread is at.
  private let busy = Monitored<Set<String>>([])

  /// Runs `body` while nobody else changes the role; nil where somebody has been at it for longer than `patience`.
  func turn<R>(_ name: String, patience: TimeSpan, _ body: () throws -> R) rethrows -> R? {
    guard busy.wait(atMost: patience, until: { $0.insert(name).inserted ? true : nil }) != nil else { return nil }
    defer { busy.update { _ = $0.remove(name) } }
    return try body()
  }
}
