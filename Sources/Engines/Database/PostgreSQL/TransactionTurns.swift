internal import PostgreSQL
internal import Primitives

/// Lets transactions run side by side, and one alone that collided with others: PostgreSQL refuses statements that change the same row of
/// its catalogue at the same time, as grants on one table do.
final class TransactionTurns: Sendable {
  private struct State {
    var running = 0
    var isAlone = false
    var waitingToBeAlone = 0
  }

  private static let longestWait = TimeSpan.seconds(30)
  private let state = Monitored(State())

  func run<R>(alone: Bool, _ body: () throws(PostgreSQLError) -> R) throws(PostgreSQLError) -> R {
    alone ? try runAlone(body) : try runBeside(body)
  }

  private func runBeside<R>(_ body: () throws(PostgreSQLError) -> R) throws(PostgreSQLError) -> R {
    let isIn = state.wait(atMost: Self.longestWait) { state -> Bool? in
      // Those who wait to be alone come first, or else they never would be.
      if state.isAlone || state.waitingToBeAlone > 0 { return nil }
      state.running += 1
      return true
    }
    if isIn == nil { throw Self.tooLate }
    defer { state.update { $0.running -= 1 } }
    return try body()
  }

  private func runAlone<R>(_ body: () throws(PostgreSQLError) -> R) throws(PostgreSQLError) -> R {
    state.withLock { $0.waitingToBeAlone += 1 }
    let isIn = state.wait(atMost: Self.longestWait) { state -> Bool? in
      if state.isAlone || state.running > 0 { return nil }
      state.isAlone = true
      return true
    }
    state.update { $0.waitingToBeAlone -= 1 }
    if isIn == nil { throw Self.tooLate }
    defer { state.update { $0.isAlone = false } }
    return try body()
  }

  private static var tooLate: PostgreSQLError {
    PostgreSQLError(.timeout, "statements that collide with others did not get their turn in time")
  }
}
