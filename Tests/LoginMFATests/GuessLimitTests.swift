import Primitives
import Testing

@testable import LoginMFA

private let start = Timestamp(seconds: 1_700_000_000)
private let key = GuessKey(entityID: "e", methodID: "m")

/// Guesses with a clock that tests step.
private struct Guesser {
  var limit = GuessLimit()
  var now = start
  var allowed: Int64 = 5

  mutating func attempt(_ key: GuessKey = key) -> GuessLimit.Verdict {
    limit.attempt(key, allowed: allowed, period: .seconds(30), now: now)
  }

  /// How many of these tries are looked at.
  mutating func admitted(of tries: Int, _ key: GuessKey = key) -> Int {
    (0..<tries).reduce(0) { count, _ in attempt(key) == .admitted ? count + 1 : count }
  }
}

struct GuessLimitTests {
  @Test func afterSoManyGuessesThereIsAPause() {
    var guesser = Guesser()
    let admitted = guesser.admitted(of: 20)
    #expect(admitted == 5)
    let refused = guesser.attempt()
    #expect(refused == .refused(attempts: 6, wait: .seconds(30)))
    guesser.now = start + .seconds(29)
    let still = guesser.attempt()
    #expect(still == .refused(attempts: 6, wait: .seconds(1)))
    guesser.now = start + .seconds(30)
    let again = guesser.attempt()
    #expect(again == .admitted)
  }

  @Test func othersAreNotHeldUp() {
    var guesser = Guesser()
    _ = guesser.admitted(of: 20)
    let entity = guesser.attempt(GuessKey(entityID: "f", methodID: "m"))
    let method = guesser.attempt(GuessKey(entityID: "e", methodID: "n"))
    #expect(entity == .admitted && method == .admitted)
  }

  @Test func aRightPasscodeWipesTheSlate() {
    var guesser = Guesser()
    for _ in 0..<20 {
      let admitted = guesser.admitted(of: 4)
      #expect(admitted == 4)
      guesser.limit.succeeded(key)
    }
    #expect(guesser.limit.count == 0)
  }

  @Test func pausesGrowUpToAQuarterOfAnHour() {
    var guesser = Guesser()
    var pauses: [Int64] = []
    for _ in 0..<8 {
      _ = guesser.admitted(of: 6)
      guard case .refused(_, let wait) = guesser.attempt() else { continue }
      pauses.append(wait.seconds)
      guesser.now = guesser.now + wait
    }
    #expect(pauses == [30, 60, 120, 240, 480, 900, 900, 900])
  }

  @Test func longPeriodsMakeNoLongerPauses() {
    var limit = GuessLimit()
    _ = limit.attempt(key, allowed: 1, period: .hours(24), now: start)
    let refused = limit.attempt(key, allowed: 1, period: .hours(24), now: start)
    #expect(refused == .refused(attempts: 2, wait: .minutes(15)))
  }

  /// Whoever has a password and nothing else finds a code of six digits, of which three count, in a year with a chance of
  /// one in two at most; without the growing pauses it would be a matter of days.
  @Test func aYearOfGuessingIsNotEnough() {
    var guesser = Guesser()
    var guesses = 0
    let end = start + .hours(24 * 30)
    while guesser.now < end {
      switch guesser.attempt() {
      case .admitted: guesses += 1
      case .refused(_, let wait): guesser.now = guesser.now + wait
      }
    }
    #expect(guesses * 12 * 3 < 1_000_000)
  }

  @Test func whatWasLongAgoIsForgotten() {
    var guesser = Guesser()
    for _ in 0..<3 {
      _ = guesser.admitted(of: 6)
      guesser.now = guesser.now + .minutes(15)
    }
    guesser.now = guesser.now + .hours(24)
    _ = guesser.admitted(of: 6)
    let refused = guesser.attempt()
    #expect(refused == .refused(attempts: 6, wait: .seconds(30)))
  }

  @Test func memoryIsBounded() {
    var guesser = Guesser()
    guesser.limit = GuessLimit(limit: 100)
    _ = guesser.admitted(of: 6)
    for number in 0..<1000 {
      guesser.now = guesser.now + .milliseconds(1)
      _ = guesser.attempt(GuessKey(entityID: "\(number)", methodID: "m"))
    }
    #expect(guesser.limit.count <= 100)
    // Who is in a pause is forgotten last.
    guard case .refused = guesser.attempt() else {
      Issue.record("a pause was forgotten")
      return
    }
  }
}
