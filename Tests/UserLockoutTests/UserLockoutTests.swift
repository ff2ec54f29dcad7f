import Primitives
import Testing

@testable import UserLockout

private let start = Timestamp(seconds: 1_700_000_000)

/// A lockout with a clock that tests step.
private struct Door {
  var lockout = UserLockout()
  var now = start
  var rule = LockoutRule()

  static func user(_ name: String) -> LoginUser { LoginUser(mountAccessor: "auth_userpass_1", name: name) }

  @discardableResult
  mutating func fail(_ name: String, times: Int = 1) -> Timestamp? {
    var end: Timestamp?
    for _ in 0..<times { end = lockout.failed(Self.user(name), by: rule, now: now) }
    return end
  }

  func isLocked(_ name: String) -> Bool { lockout.isLocked(Self.user(name), by: rule, now: now) }
}

struct UserLockoutTests {
  @Test func theFifthFailureLocks() {
    var door = Door()
    #expect(door.fail("ann", times: 4) == nil)
    #expect(!door.isLocked("ann"))
    #expect(door.fail("ann") == start + .minutes(15))
    #expect(door.isLocked("ann"))
    #expect(!door.isLocked("bob"))
    #expect(door.lockout.locked(now: door.now) == [Door.user("ann")])
  }

  @Test func aLockEndsByItselfAndCountingBeginsAnew() {
    var door = Door()
    door.fail("ann", times: 5)
    door.now = start + .minutes(15) - .seconds(1)
    #expect(door.isLocked("ann"))
    // A try while it lasts does not prolong it.
    #expect(door.fail("ann", times: 10) == nil)
    door.now = start + .minutes(15)
    #expect(!door.isLocked("ann"))
    #expect(door.lockout.locked(now: door.now).isEmpty)
    #expect(door.fail("ann", times: 4) == nil)
    #expect(door.fail("ann") != nil)
  }

  @Test func failuresAreForgottenAfterAWhile() {
    var door = Door()
    door.fail("ann", times: 4)
    door.now = start + .minutes(15)
    #expect(door.fail("ann", times: 4) == nil)
    door.now = start + .minutes(29)
    #expect(door.fail("ann") != nil)
  }

  @Test func successAndUnlockingWipeTheSlate() {
    var door = Door()
    door.fail("ann", times: 4)
    let unlocked1 = door.lockout.unlock(Door.user("ann"))
    #expect(!unlocked1)
    #expect(door.fail("ann", times: 4) == nil)
    door.fail("ann")
    let unlocked2 = door.lockout.unlock(Door.user("ann"))
    #expect(unlocked2)
    #expect(!door.isLocked("ann"))
  }

  @Test func aRuleThatIsOffLocksNobody() {
    var door = Door()
    door.fail("ann", times: 5)
    door.rule.isDisabled = true
    #expect(!door.isLocked("ann"))
    #expect(door.fail("bob", times: 100) == nil)
    #expect(door.lockout.count == 1)
  }

  @Test func madeUpNamesTakeNoMoreRoomThanAllowed() {
    var door = Door()
    door.lockout = UserLockout(limit: 100)
    door.fail("locked", times: 5)
    for number in 0..<1000 {
      door.now = door.now + .milliseconds(1)
      door.fail("made-up-\(number)")
      #expect(door.lockout.count <= 100)
    }
    #expect(door.isLocked("locked"))
  }

  @Test func storedLocksAreRestored() {
    var door = Door()
    door.lockout.restore(Door.user("ann"), until: start + .minutes(3))
    #expect(door.isLocked("ann"))
    door.now = start + .minutes(3)
    #expect(!door.isLocked("ann"))
  }
}
