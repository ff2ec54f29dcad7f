package import Primitives

/// How long one entry waits for devices, and by which clock. A value, so that tests measure without waiting.
package struct Patience: Sendable {
  package let bound: TimeSpan
  /// A clock that never goes back, in nanoseconds.
  let now: @Sendable () -> UInt64
  /// Told how long a thread is about to wait at most; how long it waits in truth.
  let waiting: @Sendable (TimeSpan) -> TimeSpan

  package init(
    bound: TimeSpan, now: @escaping @Sendable () -> UInt64 = { WallClock.monotonicNanoseconds() },
    waiting: @escaping @Sendable (TimeSpan) -> TimeSpan = { $0 }
  ) {
    self.bound = bound
    self.now = now
    self.waiting = waiting
  }

  func deadline(after span: TimeSpan) -> UInt64 { now() &+ UInt64(max(0, span.nanoseconds)) }

  /// Zero when it has passed.
  func left(until deadline: UInt64) -> TimeSpan {
    let now = now()
    return now >= deadline ? .zero : TimeSpan(nanoseconds: Int64(clamping: deadline - now))
  }
}
