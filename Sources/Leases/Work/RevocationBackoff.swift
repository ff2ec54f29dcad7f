internal import Primitives

/// How often and when it is tried to give a secret back.
enum RevocationBackoff {
  static let attempts = 6

  /// The pause after that many failed attempts, longer each time; nil after the last one.
  static func pause(after attempts: Int, random: RandomSource) -> TimeSpan? {
    guard attempts < Self.attempts else { return nil }
    let base = TimeSpan.seconds(10 << Int64(max(0, attempts - 1))).nanoseconds
    // Spread, so that what failed together is not tried together again.
    return TimeSpan(nanoseconds: base + Int64(random.below(UInt64(base / 4))))
  }
}
