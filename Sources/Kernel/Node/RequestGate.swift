package import Primitives

/// Lets requests through while the node is open and, when it closes, waits for those under way.
package final class RequestGate: Sendable {
  private struct State {
    var isOpen = true
    var underWay = 0
  }

  private let state = Monitored(State())

  package init() {}

  /// - Returns: false where the gate is closed and the request must be refused.
  package func enter() -> Bool {
    state.withLock { state in
      if state.isOpen { state.underWay += 1 }
      return state.isOpen
    }
  }

  package func leave() {
    let mustWake = state.withLock { state in
      state.underWay -= 1
      return !state.isOpen
    }
    if mustWake { state.update { _ in } }
  }

  package var underWay: Int { state.withLock { $0.underWay } }

  /// Closes the gate and blocks until at most `remaining` requests are left inside, or the time is over.
  package func close(leaving remaining: Int = 0, atMost limit: TimeSpan) {
    state.update { $0.isOpen = false }
    _ = state.wait(atMost: limit) { $0.underWay <= remaining ? true : nil }
  }
}
