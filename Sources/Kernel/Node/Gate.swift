package import Primitives
internal import Synchronization

/// Counts what is inside while it is open; once closed it lets nobody in and waits for those inside. To enter and to
/// leave cost one atomic operation each, and no lock.
package final class Gate: Sendable {
  private static let closed = 1
  private static let one = 2

  /// The lowest bit says that it is closed, the others count.
  private let state = Atomic<Int>(0)
  private let left = Monitored(())

  package init() {}

  package var isClosed: Bool { state.load(ordering: .acquiring) & Self.closed != 0 }

  /// - Returns: false where it is closed; whoever got in says `leave` once.
  package func enter() -> Bool {
    let before = state.wrappingAdd(Self.one, ordering: .acquiringAndReleasing).oldValue
    if before & Self.closed == 0 { return true }
    leave()
    return false
  }

  package func leave() {
    let after = state.wrappingSubtract(Self.one, ordering: .acquiringAndReleasing).newValue
    if after & Self.closed != 0 { left.update { _ in } }
  }

  /// Lets nobody in from now on and blocks until at most `remaining` are left inside.
  /// - Parameter limit: how long that is waited for; nil for as long as it takes.
  /// - Returns: false where more are still inside.
  @discardableResult
  package func close(leaving remaining: Int = 0, atMost limit: TimeSpan? = nil) -> Bool {
    state.bitwiseOr(Self.closed, ordering: .acquiringAndReleasing)
    return left.wait(atMost: limit) { _ in
      state.load(ordering: .acquiring) / Self.one <= remaining ? true : nil
    } ?? false
  }

  package func open() { state.bitwiseAnd(~Self.closed, ordering: .acquiringAndReleasing) }
}
