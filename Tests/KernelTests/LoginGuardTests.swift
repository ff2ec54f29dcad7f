import EngineAPI
import JSONText
import MemoryStore
import Primitives
import StorageAPI
import Testing
import UserLockout

@testable import Kernel

private struct Plain: LogicalStore {
  let store = MemoryStore()
  func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(key) }
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try store.list(prefix, after: after, limit: limit)
  }
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { try store.commit(batch) }
}

private let start = Timestamp(seconds: 1_700_000_000)

/// A mount whose only password is "right".
private struct House {
  let store = Plain()
  var entry = MountEntry(
    mountClass: .auth, path: "m/", type: "userpass", description: "", accessor: "auth_userpass_1", uuid: "u")

  func door(rules: [String: LockoutRule] = [:], at now: Timestamp = start) throws -> LoginGuard {
    let door = LoginGuard(store: store, rules: rules)
    try door.load(now: now)
    return door
  }

  /// The status that a login gets.
  func login(
    _ door: LoginGuard, _ password: String, as name: String = "ann", at now: Timestamp = start,
    meanwhile: () -> Void = {}
  ) throws -> Int {
    do {
      let reply = try door.guarded(entry, now: now, name: { name }) {
        meanwhile()
        guard password == "right" else { throw EngineError.failedLogin("wrong") }
        return Reply(.login(LoginGrant(aliasName: name, displayName: name, policies: [])))
      }
      return reply.status ?? 200
    } catch let error as EngineError { return error.status }
  }
}

struct LoginGuardTests {
  @Test func fiveWrongPasswordsLockOut() throws {
    let house = House()
    let door = try house.door()
    for _ in 0..<5 { #expect(try house.login(door, "wrong") == 400) }
    #expect(try house.login(door, "right") == 403)
    #expect(try house.login(door, "wrong") == 403)
    #expect(try house.login(door, "right", as: "bob") == 200)
    let locked = door.lockedUsers(accessor: nil, now: start)
    #expect(locked.map(\.accessor) == ["auth_userpass_1"])
    #expect(locked.flatMap(\.names) == ["ann"])
    #expect(door.lockedUsers(accessor: "other", now: start).isEmpty)
    #expect(try house.login(door, "right", at: start + .minutes(15)) == 200)
  }

  @Test func aGoodLoginForgivesTheFailuresBefore() throws {
    let house = House()
    let door = try house.door()
    for _ in 0..<3 {
      for _ in 0..<4 { #expect(try house.login(door, "wrong") == 400) }
      #expect(try house.login(door, "right") == 200)
    }
  }

  @Test func aLockOutlastsARestartButNotItsTime() throws {
    let house = House()
    let door = try house.door()
    for _ in 0..<5 { _ = try house.login(door, "wrong") }
    #expect(try house.login(house.door(), "right") == 403)
    let later = start + .minutes(15)
    #expect(try house.login(house.door(at: later), "right", at: later) == 200)
    #expect(try house.store.list(StoragePaths.lockedUsers, after: nil, limit: .max).isEmpty)
  }

  @Test func unlockingIsForGood() throws {
    let house = House()
    let door = try house.door()
    for _ in 0..<5 { _ = try house.login(door, "wrong") }
    try door.unlock(LoginUser(mountAccessor: "auth_userpass_1", name: "ann"))
    #expect(try house.login(door, "right") == 200)
    #expect(try house.login(house.door(), "right") == 200)
  }

  @Test func guessesAtTheSameTimeAreNotAnsweredBeyondTheThreshold() throws {
    let house = House()
    let door = try house.door()
    // While these two are being checked, five others fail.
    func fail() { for _ in 0..<5 { _ = try? house.login(door, "wrong") } }
    #expect(try house.login(door, "right", meanwhile: fail) == 403)
    try door.unlock(LoginUser(mountAccessor: "auth_userpass_1", name: "ann"))
    #expect(try house.login(door, "wrong", meanwhile: fail) == 403)
  }

  @Test func otherFailuresDoNotCount() throws {
    let house = House()
    let door = try house.door()
    for _ in 0..<10 {
      #expect(throws: EngineError.invalid("missing")) {
        try door.guarded(house.entry, now: start, name: { "ann" }) { throw EngineError.invalid("missing") }
      }
    }
    #expect(try house.login(door, "right") == 200)
  }

  @Test func aMountsOwnSettingsComeFirst() throws {
    var house = House()
    var all = LockoutRule()
    all.threshold = 2
    var typed = LockoutRule()
    typed.threshold = 3
    #expect(try house.door(rules: ["all": all]).rule(for: house.entry).threshold == 2)
    let door = try house.door(rules: ["all": all, "userpass": typed])
    #expect(door.rule(for: house.entry).threshold == 3)
    house.entry.configuration.userLockout = [
      "lockout_threshold": "7", "lockout_duration": "5m", "lockout_counter_reset_duration": 60,
    ]
    #expect(door.rule(for: house.entry).threshold == 7)
    #expect(door.rule(for: house.entry).duration == .minutes(5))
    #expect(door.rule(for: house.entry).counterReset == .minutes(1))
    house.entry.configuration.userLockout = ["lockout_disable": true]
    for _ in 0..<20 { #expect(try house.login(door, "wrong") == 400) }
    #expect(try house.login(door, "right") == 200)
  }
}
