internal import Primitives

/// A thread's place in a line. Each is woken by itself, when it is its turn: to wake all that wait, each time, costs more than what
/// they wait for.
final class Place: Sendable {
  private let isCalled = Monitored(false)

  func call() { isCalled.update { $0 = true } }

  /// False where nobody called in time.
  func wait(atMost time: TimeSpan) -> Bool { isCalled.wait(atMost: time) { $0 ? true : nil } ?? false }
}
