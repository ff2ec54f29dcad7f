import Primitives
import Testing

@testable import LoginMFA

private let start = Timestamp(seconds: 1_700_000_000)

struct PendingLoginsTests {
  @Test func aLoginIsTakenOnce() {
    var pending = PendingLogins<Int>()
    let isHeld = pending.hold(7, id: "a", entityID: "e", now: start)
    #expect(isHeld)
    let first = pending.take("a", now: start)
    let second = pending.take("a", now: start)
    let other = pending.take("b", now: start)
    #expect(first?.login == 7)
    #expect(second == nil && other == nil)
    #expect(pending.count == 0)
  }

  @Test func aLoginEndsAfterItsTime() {
    var pending = PendingLogins<Int>()
    _ = pending.hold(1, id: "a", entityID: "e", now: start)
    _ = pending.hold(2, id: "b", entityID: "e", now: start + .seconds(1))
    let gone = pending.take("a", now: start + .minutes(5))
    let there = pending.take("b", now: start + .minutes(5))
    #expect(gone == nil)
    #expect(there?.login == 2)
  }

  @Test func givingBackDoesNotProlong() {
    var pending = PendingLogins<Int>()
    _ = pending.hold(1, id: "a", entityID: "e", now: start)
    for second in 1..<300 {
      guard let held = pending.take("a", now: start + .seconds(Int64(second))) else {
        Issue.record("gone after \(second) s")
        return
      }
      pending.giveBack(held, now: start + .seconds(Int64(second)))
    }
    let late = pending.take("a", now: start + .minutes(5))
    #expect(late == nil)
    #expect(pending.count == 0)
  }

  @Test func whatIsGivenBackTooLateIsGone() {
    var pending = PendingLogins<Int>()
    _ = pending.hold(1, id: "a", entityID: "e", now: start)
    if let held = pending.take("a", now: start + .seconds(299)) { pending.giveBack(held, now: start + .minutes(5)) }
    #expect(pending.count == 0)
  }

  @Test func anEntitysOldestMakeRoomForItsNewest() {
    var pending = PendingLogins<Int>(limit: 10, limitPerEntity: 3)
    for number in 0..<5 { _ = pending.hold(number, id: "e\(number)", entityID: "e", now: start) }
    let isHeld = pending.hold(9, id: "other", entityID: "f", now: start)
    #expect(isHeld)
    let kept = (0..<5).filter { pending.take("e\($0)", now: start) != nil }
    #expect(kept == [2, 3, 4])
    let other = pending.take("other", now: start)
    #expect(other != nil)
  }

  @Test func thereAreNoMoreThanTheLimit() {
    var pending = PendingLogins<Int>(limit: 4, limitPerEntity: 3)
    for number in 0..<4 {
      let isHeld = pending.hold(number, id: "\(number)", entityID: "e\(number)", now: start)
      #expect(isHeld)
    }
    let fifth = pending.hold(4, id: "4", entityID: "e4", now: start)
    #expect(!fifth && pending.count == 4)
    // Time makes room.
    let later = pending.hold(4, id: "4", entityID: "e4", now: start + .minutes(5))
    #expect(later && pending.count == 1)
  }
}
