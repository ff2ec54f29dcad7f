import PostgreSQL
import Primitives
import Testing

@testable import DatabaseEngine

@Suite struct TransactionTurnsTests {
  /// Threads that note who is inside; nobody is beside one that is alone.
  @Test func nobodyIsBesideOneThatIsAlone() throws {
    struct Inside {
      var beside = 0
      var alone = 0
      var most = 0
      var broken = false
    }
    let turns = TransactionTurns()
    let inside = Locked(Inside())
    let threads = (0..<8).compactMap { number in
      BackgroundThread {
        for round in 0..<300 {
          let alone = (number + round) % 7 == 0
          try? turns.run(alone: alone) {
            inside.withLock { inside in
              if alone { inside.alone += 1 } else { inside.beside += 1 }
              inside.most = max(inside.most, inside.beside)
              if inside.alone > 1 || inside.alone == 1 && inside.beside > 0 { inside.broken = true }
            }
            inside.withLock { if alone { $0.alone -= 1 } else { $0.beside -= 1 } }
          }
        }
      }
    }
    #expect(threads.count == 8)
    for thread in threads { thread.join() }
    let end = inside.withLock { $0 }
    #expect(!end.broken && end.alone == 0 && end.beside == 0)
  }

  /// Each waits for those before it and for nobody who comes later, whether or not it wants to be alone.
  @Test func turnsComeInOrder() throws {
    let turns = TransactionTurns()
    let ended = Monitored<[Int]>([])
    let mayEnd = Monitored(false)
    var threads: [BackgroundThread] = []
    for (number, alone) in [true, false, true, false, true].enumerated() {
      threads.append(
        try #require(
          BackgroundThread {
            try? turns.run(alone: alone) {
              if number == 0 { _ = mayEnd.wait { $0 ? true : nil } }
              ended.update { $0.append(number) }
            }
          }))
      // The next one comes when this one stands in the queue, or inside.
      let deadline = WallClock.monotonicNanoseconds() + 20_000_000_000
      while turns.present <= number, WallClock.monotonicNanoseconds() < deadline {}
    }
    #expect(turns.present == 5)
    mayEnd.update { $0 = true }
    for thread in threads { thread.join() }
    #expect(ended.withLock { $0 } == [0, 1, 2, 3, 4])
    #expect(turns.present == 0)
  }

  @Test func aFailureGivesTheTurnBack() throws {
    let turns = TransactionTurns()
    for alone in [true, false] {
      #expect(throws: PostgreSQLError.self) {
        try turns.run(alone: alone) { () throws(PostgreSQLError) in throw PostgreSQLError(.usage, "no") }
      }
    }
    var ran = false
    try turns.run(alone: true) { ran = true }
    #expect(ran)
  }

  @Test(arguments: [
    (PostgreSQLError(.server(sqlState: "40001"), "x"), true), (PostgreSQLError(.server(sqlState: "40P01"), "x"), true),
    (PostgreSQLError(.server(sqlState: "XX000"), "tuple concurrently updated"), true),
    (PostgreSQLError(.server(sqlState: "XX000"), "cache lookup failed"), false),
    (PostgreSQLError(.connection, "tuple concurrently updated"), false),
  ])
  func collisions(_ error: PostgreSQLError, _ collides: Bool) { #expect(error.isCollision == collides) }

  @Test func quotesInNames() {
    #expect(PostgreSQLPlugin.identifier("a\"b") == "\"a\"\"b\"")
    #expect(PostgreSQLPlugin.identifier("\"\u{301}").utf8.filter { $0 == UInt8(ascii: "\"") }.count == 4)
  }
}
