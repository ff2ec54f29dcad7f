package import Primitives

/// Whose guesses at passcodes are counted: those of an entity at a method, however many logins they come with.
package struct GuessKey: Sendable, Hashable {
  package let entityID: String
  package let methodID: String

  package init(entityID: String, methodID: String) {
    self.entityID = entityID
    self.methodID = methodID
  }
}

/// Bounds how often passcodes can be guessed. A plain state machine; time is given with each call.
///
/// After so many wrong passcodes in a row there is a pause of one period, and each further pause is twice as long, up to
/// `longestPause`: with six digits, three of which count at a time, a million guesses take years. A right passcode ends
/// it. An attempt counts when it begins, so that many at the same time are no more than many one by one.
package struct GuessLimit: Sendable {
  package enum Verdict: Sendable, Equatable {
    case admitted
    case refused(attempts: Int64, wait: TimeSpan)
  }

  private struct Guesses {
    /// Since the last pause.
    var count: Int64 = 0
    var nextPause: TimeSpan
    var pausedUntil: Timestamp?
    var last: Timestamp
  }

  private static let longestPause = TimeSpan.minutes(15)
  /// A key that nobody guessed at for so long is as new.
  private static let memory = TimeSpan.hours(24)

  private var guesses: [GuessKey: Guesses] = [:]
  private let limit: Int

  package init(limit: Int = 65_536) { self.limit = max(1, limit) }

  package var count: Int { guesses.count }

  /// Asks for one attempt and counts it.
  package mutating func attempt(
    _ key: GuessKey, allowed: Int64, period: TimeSpan, now: Timestamp
  ) -> Verdict {
    let new = Guesses(nextPause: min(period, Self.longestPause), last: now)
    var known = guesses[key] ?? new
    if now - known.last >= Self.memory { known = new }
    if let end = known.pausedUntil {
      if now < end { return .refused(attempts: allowed &+ 1, wait: end - now) }
      known.pausedUntil = nil
      known.count = 0
    }
    known.count &+= 1
    known.last = now
    if known.count >= allowed {
      known.pausedUntil = now + known.nextPause
      known.nextPause = min(.seconds(known.nextPause.seconds &* 2), Self.longestPause)
    }
    guesses[key] = known
    if guesses.count > limit { makeRoom(keeping: key) }
    return .admitted
  }

  /// The passcode was right.
  package mutating func succeeded(_ key: GuessKey) { guesses[key] = nil }

  /// Forgets a quarter at once, so that this is rare: those that were tried longest ago, and those in a pause last.
  private mutating func makeRoom(keeping kept: GuessKey) {
    let order = guesses.filter { $0.key != kept }.sorted {
      let (a, b) = ($0.value, $1.value)
      if (a.pausedUntil == nil) != (b.pausedUntil == nil) { return a.pausedUntil == nil }
      return a.last < b.last
    }
    for one in order.prefix(max(1, limit / 4)) { guesses[one.key] = nil }
  }
}
