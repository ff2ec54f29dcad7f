package import Primitives

/// Which answers are worth asking again for, and how long to wait in between.
package struct RetryPolicy: Sendable {
  /// How often at most, after the first time.
  package var limit = 2
  package var shortest = TimeSpan.milliseconds(1000)
  package var longest = TimeSpan.milliseconds(1500)

  package init() {}

  /// A node that has not caught up (412), a busy one (429), or one that may soon be well again (5xx, but not 501).
  package func repeats(status: Int) -> Bool {
    status == 412 || status == 429 || (status >= 500 && status != 501)
  }

  /// Somewhere between the bounds, times the number of the attempt; what the server asked for comes first.
  package func delay(attempt: Int, retryAfter: Int64?, random: RandomSource) -> TimeSpan {
    if let retryAfter, (0...60).contains(retryAfter) { return .seconds(retryAfter) }
    let spread = UInt64(max(0, longest.nanoseconds - shortest.nanoseconds))
    let jitter = Int64(random.below(spread &+ 1))
    return TimeSpan(nanoseconds: (shortest.nanoseconds &+ jitter) &* Int64(max(1, min(attempt, 10))))
  }
}
