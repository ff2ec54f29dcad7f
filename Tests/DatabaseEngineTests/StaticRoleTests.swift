import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import DatabaseEngine

@Suite struct StaticRoleTests {
  private func mounted() throws -> MountWithStaticRoles {
    let mounted = try MountWithStaticRoles()
    mounted.database.add("app_static", password: "first")
    return mounted
  }

  @Test func thePasswordIsRotatedWhenTheRoleIsMade() throws {
    let mounted = try mounted()
    try mounted.make()
    let password = try #require(try mounted.password())
    #expect(password != "first")
    #expect(mounted.database.password(of: "app_static") == password)
    let credentials = try #require(try mounted.call(.read, "static-creds/app"))
    #expect(credentials["ttl"] == 3600)
    #expect(credentials["rotation_period"] == 3600)
    #expect(credentials["last_vault_rotation"] == "2026-05-28T20:26:40Z")
    let role = try #require(try mounted.call(.read, "static-roles/app"))
    #expect(role["password"] == nil)
    #expect(try mounted.call(.list, "static-roles/")?["keys"] == ["app"])
  }

  @Test func itIsRotatedAgainWhenItIsDue() throws {
    let mounted = try mounted()
    try mounted.make()
    let first = try mounted.password()
    mounted.step(.minutes(59))
    let due = try mounted.work()
    #expect(due == mounted.now.withLock { $0 } + .minutes(1))
    #expect(try mounted.password() == first)
    mounted.step(.minutes(1))
    try mounted.work()
    let second = try #require(try mounted.password())
    #expect(second != first)
    #expect(mounted.database.password(of: "app_static") == second)
    #expect(try mounted.call(.read, "static-creds/app")?["ttl"] == 3600)
  }

  @Test func theQueueIsFilledAgainAfterARestart() throws {
    let mounted = try mounted()
    try mounted.make()
    mounted.restart()
    #expect(try mounted.work() == mounted.now.withLock { $0 } + .hours(1))
    mounted.step(.hours(3))
    mounted.restart()
    try mounted.work()
    #expect(mounted.database.changes == 2)
    #expect(try mounted.password() == mounted.database.password(of: "app_static"))
  }

  @Test func rotateRoleRotatesNowAndTheTimeBeginsAnew() throws {
    let mounted = try mounted()
    try mounted.make()
    mounted.step(.minutes(30))
    let first = try mounted.password()
    try mounted.call(.update, "rotate-role/app")
    #expect(try mounted.password() != first)
    #expect(try mounted.call(.read, "static-creds/app")?["ttl"] == 3600)
    #expect(try mounted.work() == mounted.now.withLock { $0 } + .hours(1))
  }

  @Test func aScheduleWithItsWindow() throws {
    let mounted = try mounted()
    // It is Thursday, 20:26:40.
    try mounted.make("app", ["rotation_schedule": "0 0 * * SAT", "rotation_window": "1h"])
    let role = try #require(try mounted.call(.read, "static-roles/app"))
    #expect(role["rotation_schedule"] == "0 0 * * SAT")
    #expect(role["rotation_window"] == 3600)
    #expect(role["rotation_period"] == nil)
    let ttl = try mounted.call(.read, "static-creds/app")?["ttl"]
    #expect(ttl == 99_200)

    // The server was not there on Saturday between 0 and 1.
    mounted.step(.hours(30))
    try mounted.work()
    #expect(mounted.database.changes == 1)
    let next = try #require(Timestamp(rfc3339: "2026-06-06T00:00:00Z"))
    #expect(try mounted.work() == next)
    let left = (next - mounted.now.withLock { $0 }).seconds
    let later = try mounted.call(.read, "static-creds/app")?["ttl"]
    #expect(later == .int(left))
    mounted.now.withLock { $0 = next + .minutes(10) }
    try mounted.work()
    #expect(mounted.database.changes == 2)
  }

  @Test func whatAnUpdateChanges() throws {
    let mounted = try mounted()
    try mounted.make()
    mounted.step(.minutes(10))
    let before = mounted.database.changes
    try mounted.make("app", ["rotation_period": "30m", "rotation_statements": "ALTER"])
    #expect(mounted.database.changes == before)
    #expect(try mounted.call(.read, "static-creds/app")?["ttl"] == 1200)
    #expect(try mounted.call(.read, "static-roles/app")?["rotation_statements"] == ["ALTER"])
    try mounted.make("app", ["rotation_schedule": "@daily"])
    #expect(try mounted.call(.read, "static-roles/app")?["rotation_period"] == nil)
    #expect(try mounted.call(.read, "static-roles/app")?["rotation_statements"] == ["ALTER"])
    try mounted.make("app", ["rotation_window": 7200])
    #expect(try mounted.call(.read, "static-roles/app")?["rotation_window"] == 7200)
    try mounted.make("app", ["rotation_schedule": "@hourly"])
    #expect(try mounted.call(.read, "static-roles/app")?["rotation_window"] == 7200)
    try mounted.make("app", ["rotation_period": "1h"])
    #expect(try mounted.call(.read, "static-roles/app")?["rotation_window"] == nil)
  }

  @Test(
    arguments: [
      (["rotation_period": 3600], "database name is a required field"),
      (["db_name": "lab", "rotation_period": 3600], "username is a required field to create a static account"),
      (
        ["db_name": "lab", "username": "app_static"],
        "one of rotation_schedule or rotation_period must be provided to create a static account"
      ),
      (
        ["db_name": "lab", "username": "app_static", "rotation_period": "4s"],
        "rotation_period must be 5 seconds or more"
      ),
      (
        ["db_name": "lab", "username": "app_static", "rotation_period": "1h", "rotation_schedule": "@daily"],
        "mutually exclusive fields rotation_period and rotation_schedule were both specified; only one of them can be provided"
      ),
      (
        ["db_name": "lab", "username": "app_static", "rotation_period": "1h", "rotation_window": "1h"],
        "rotation_window is invalid with use of rotation_period"
      ),
      (
        ["db_name": "lab", "username": "app_static", "rotation_schedule": "@daily", "rotation_window": "59m"],
        "rotation_window must be 3600 seconds or more"
      ),
      (
        ["db_name": "lab", "username": "app_static", "rotation_schedule": "nonsense"],
        "could not parse rotation_schedule: expected exactly 5 fields, found 1: [nonsense]"
      ),
      (
        ["db_name": "lab", "username": "app_static", "rotation_period": 3600, "credential_type": "rsa_private_key"],
        "unsupported credential_type: \"rsa_private_key\""
      ),
      (
        ["db_name": "lab", "username": "nobody", "rotation_period": 3600],
        "1 error occurred:\n\t* role \"nobody\" does not exist\n\n"
      ),
      (
        ["db_name": "absent", "username": "app_static", "rotation_period": 3600],
        "1 error occurred:\n\t* failed to find entry for connection with name: \"absent\"\n\n"
      ),
    ] as [(JSONObject, String)])
  func isRefused(_ fields: JSONObject, _ expected: String) throws {
    let mounted = try mounted()
    #expect(try mounted.refusal(.update, "static-roles/app", fields) == expected)
    #expect(mounted.database.password(of: "app_static") == "first")
    #expect(try mounted.call(.list, "static-roles/") == nil)
    #expect(try mounted.mount.storage.list(DatabaseMount.Folder.staticRotations).isEmpty)
  }

  @Test func namesAndRights() throws {
    let mounted = try mounted()
    try mounted.call(.update, "roles/taken", ["db_name": "lab"])
    #expect(throws: EngineError.invalid("Role and Static Role names must be unique")) { try mounted.make("taken") }
    try mounted.make()
    #expect(throws: EngineError.invalid("cannot update static account username")) { try mounted.make(user: "other") }
    #expect(try mounted.refusal(.read, "static-creds/absent") == "unknown role: absent")
    #expect(try mounted.refusal(.update, "rotate-role/absent") == "no static role found for role name")
    let (stored, _) = try #require(try mounted.mount.connection("lab"))
    var connection = stored
    connection.allowedRoles = ["other"]
    try mounted.mount.storage.put(DatabaseMount.Folder.connections + "lab", connection.bytes)
    #expect(
      try mounted.refusal(.read, "static-creds/app") == "1 error occurred:\n\t* \"app\" is not an allowed role\n\n")
    #expect(throws: EngineError.self) { try mounted.call(.update, "rotate-role/app") }
  }

  @Test func aDeletedRoleLeavesTheUserAndIsNotRotated() throws {
    let mounted = try mounted()
    try mounted.make()
    let password = try mounted.password()
    try mounted.call(.delete, "static-roles/app")
    mounted.step(.hours(2))
    #expect(try mounted.work() == nil)
    #expect(mounted.database.password(of: "app_static") == password)
    try mounted.call(.delete, "static-roles/app")
  }

  @Test func aPasswordMayStayAtFirst() throws {
    let mounted = try mounted()
    try mounted.make("app", ["rotation_period": 3600, "skip_import_rotation": true, "password": "first"])
    #expect(mounted.database.changes == 0)
    #expect(try mounted.password() == "first")
    #expect(try mounted.call(.read, "static-roles/app")?["last_vault_rotation"] == nil)
    #expect(try mounted.call(.read, "static-creds/app")?["last_vault_rotation"] == "0001-01-01T00:00:00Z")
    mounted.step(.hours(1))
    try mounted.work()
    #expect(mounted.database.changes == 1)
    #expect(try mounted.password() == mounted.database.password(of: "app_static"))
  }

  @Test func aSelfManagedUserChangesItsPasswordItself() throws {
    let mounted = try mounted()
    try mounted.make("app", ["rotation_period": 3600, "self_managed_password": "first"])
    #expect(mounted.database.state.withLock { $0.changedBy } == "app_static")
    try mounted.call(.update, "rotate-role/app")
    #expect(mounted.database.changes == 2)
    #expect(try mounted.password() == mounted.database.password(of: "app_static"))
    // The new password took effect but nobody heard of it: the next try logs in with that one.
    mounted.database.be(.breakingAfter)
    #expect(throws: EngineError.self) { try mounted.call(.update, "rotate-role/app") }
    mounted.database.be(.well)
    mounted.step(.minutes(6))
    try mounted.work()
    #expect(try mounted.password() == mounted.database.password(of: "app_static"))
  }
}
