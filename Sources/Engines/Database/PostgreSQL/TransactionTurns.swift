internal import PostgreSQL
internal import Primitives

/// Lets transactions run side by side, and one alone that collides with others: PostgreSQL refuses statements that change the same row of
/// its catalogue at the same time, as grants on one table do. They are let in as they came, so that nobody waits for those who
/// came later.
final class TransactionTurns: Sendable {
  private struct State {
    var running = 0
    var isAlone = false
    var lastTicket: UInt64 = 0
    /// The tickets of those who wait, in the order in which they came.
    var waiting: [UInt64] = []
  }

  private static let longestWait = TimeSpan.seconds(30)
  private let state = Monitored(State())

  /// How many are inside or wait.
  var present: Int { state.withLock { $0.running + $0.waiting.count } }

  func run<R>(alone: Bool, _ body: () throws(PostgreSQLError) -> R) throws(PostgreSQLError) -> R {
    try enter(alone: alone)
    defer {
      state.update { state in
        state.running -= 1
        state.isAlone = false
      }
    }
    return try body()
  }

  private func enter(alone: Bool) throws(PostgreSQLError) {
    let ticket = state.withLock { state in
      state.lastTicket &+= 1
      state.waiting.append(state.lastTicket)
      return state.lastTicket
    }
    let isIn = state.wait(atMost: Self.longestWait) { state -> Bool? in
      guard state.waiting.first == ticket, !state.isAlone, !alone || state.running == 0 else { return nil }
      state.waiting.removeFirst()
      state.running += 1
      state.isAlone = alone
      return true
    }
    // Whoever is behind looks again.
    state.update { state in if isIn == nil { state.waiting.removeAll { $0 == ticket } } }
    if isIn == nil {
      throw PostgreSQLError(.timeout, "statements that collide with others did not get their turn in time")
    }
  }
}
