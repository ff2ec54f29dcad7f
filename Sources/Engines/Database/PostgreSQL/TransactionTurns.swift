internal import PostgreSQL
internal import Primitives

/// Lets transactions run side by side, and one alone that collides with others: PostgreSQL refuses statements that change the same row of
/// its catalogue at the same time, as grants on one table do. They are let in as they came, so that nobody waits for those who
/// came later.
final class TransactionTurns: Sendable {
  private struct State {
    var running = 0
    var isAlone = false
    /// Those who wait, in the order in which they came.
    var line: [(place: Place, alone: Bool)] = []

    func admits(alone: Bool) -> Bool { !isAlone && (!alone || running == 0) }

    mutating func enter(alone: Bool) {
      running += 1
      isAlone = alone
    }

    /// Lets in whoever may come in now; they are to be called.
    mutating func next() -> [Place] {
      var called: [Place] = []
      while let first = line.first, admits(alone: first.alone) {
        enter(alone: first.alone)
        called.append(line.removeFirst().place)
      }
      return called
    }
  }

  private static let longestWait = TimeSpan.seconds(30)
  private let state = Locked(State())

  /// How many are inside or wait.
  var present: Int { state.withLock { $0.running + $0.line.count } }

  func run<R>(alone: Bool, _ body: () throws(PostgreSQLError) -> R) throws(PostgreSQLError) -> R {
    try enter(alone: alone)
    defer {
      let called = state.withLock { state in
        state.running -= 1
        state.isAlone = false
        return state.next()
      }
      for place in called { place.call() }
    }
    return try body()
  }

  private func enter(alone: Bool) throws(PostgreSQLError) {
    let place = state.withLock { state -> Place? in
      if state.line.isEmpty, state.admits(alone: alone) {
        state.enter(alone: alone)
        return nil
      }
      let place = Place()
      state.line.append((place, alone))
      return place
    }
    guard let place, !place.wait(atMost: Self.longestWait) else { return }
    // Whoever is not in the line any more was called at the last moment. Those behind may come in, where this one kept them out.
    let called = state.withLock { state -> [Place]? in
      guard let index = state.line.firstIndex(where: { $0.place === place }) else { return nil }
      state.line.remove(at: index)
      return state.next()
    }
    guard let called else { return }
    for place in called { place.call() }
    throw PostgreSQLError(.timeout, "statements that collide with others did not get their turn in time")
  }
}
