import EngineAPI
import JSONText
import Primitives
import SecretMemory
import StorageAPI
import Testing

@testable import DatabaseEngine

@Suite struct ConnectionTests {
  @Test func aRecordReadsBack() throws {
    var record = ConnectionRecord(pluginName: "fake")
    record.details = ["connection_url": "x", "max_open_connections": 3]
    record.secrets = ["password": SecretBytes(copying: "p\u{e9}\"".utf8)]
    record.allowedRoles = ["a", "b*"]
    record.rootRotationStatements = ["x"]
    record.passwordPolicy = "strong"
    record.isVerified = false
    #expect(ConnectionRecord(bytes: record.bytes) == record)
    #expect(ConnectionRecord(bytes: []) == nil)
    #expect(ConnectionRecord(bytes: Array("{}".utf8)) == nil)
  }

  @Test func secretsAreNeverShown() throws {
    let m = try Mounted()
    try m.call(.update, "config/lab", ["private_key": "k", "service_account_json": "j", "owner": "team"])
    let data = try m.data(try m.call(.read, "config/lab"))
    #expect(data["connection_details"] == ["username": "root", "owner": "team"])
  }

  @Test func aRefusedWriteChangesNothing() throws {
    let m = try Mounted()
    let before = try m.storage.get("connections/lab")?.bytes
    #expect(throws: EngineError.self) { try m.call(.update, "config/lab", ["password": "wrong"]) }
    #expect(try m.storage.get("connections/lab")?.bytes == before)
  }

  @Test func aDatabaseIsOpenedOnceAndAgainWhenItsConnectionChanges() throws {
    let m = try Mounted()
    let made = { m.database.state.withLock { $0.made } }
    let before = made()
    _ = try m.call(.read, "creds/app")
    _ = try m.call(.read, "creds/app")
    #expect(made() == before + 1)
    try m.call(.update, "config/lab", ["verify_connection": false])
    _ = try m.call(.read, "creds/app")
    #expect(made() == before + 3)
    try m.call(.update, "reset/lab")
    _ = try m.call(.read, "creds/app")
    #expect(made() == before + 4)
    try m.mount.close()
    #expect(m.database.state.withLock { $0.made == $0.closed })
  }

  @Test func rolesOfOtherConnectionsAreRefused() throws {
    let m = try Mounted()
    try m.call(.update, "config/lab", ["allowed_roles": "report-*"])
    #expect(throws: EngineError.list(status: 400, ["\"app\" is not an allowed role"])) {
      try m.call(.read, "creds/app")
    }
    #expect(try m.creations.isEmpty)
  }

  @Test func passwordsByPolicies() throws {
    let m = try Mounted()
    func password() throws -> String? { try m.data(try m.call(.read, "creds/app"))["password"]?.stringValue }
    #expect(try password()?.utf8.count == 20)
    try m.call(.update, "config/lab", ["password_policy": "connection"])
    #expect(try password() == "by-connection")
    try m.call(.update, "roles/app", ["credential_config": ["password_policy": "role"]])
    #expect(try password() == "by-role")
  }
}

@Suite struct RootRotationTests {
  private func known(_ m: Mounted) throws -> String? {
    let stored = try m.storage.get("connections/lab")?.bytes ?? []
    return ConnectionRecord(bytes: stored)?.secrets["password"]?.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  private func right(_ m: Mounted) -> String? { m.database.state.withLock { $0.passwords["root"] } }

  @Test func theNewPasswordIsUsed() throws {
    let m = try Mounted()
    try m.call(.update, "rotate-root/lab")
    #expect(right(m) != "rootpw")
    #expect(try known(m) == right(m))
    #expect(try m.storage.list("root-rotations/").isEmpty)
    _ = try m.call(.read, "creds/app")
  }

  @Test func aRefusalChangesNothing() throws {
    let m = try Mounted()
    m.database.fail(.refused)
    #expect(throws: EngineError.self) { try m.call(.update, "rotate-root/lab") }
    #expect(try known(m) == "rootpw")
    #expect(try m.storage.list("root-rotations/").isEmpty)
  }

  @Test(arguments: [FakeDatabase.Failure.brokeBefore, .brokeAfter])
  func oneOfTheTwoIsRight(_ failure: FakeDatabase.Failure) throws {
    let m = try Mounted()
    m.database.fail(failure, .unavailable, .unavailable)
    #expect(throws: EngineError.self) { try m.call(.update, "rotate-root/lab") }
    m.restart()
    let next = try #require(try m.work())
    m.now.withLock { $0 = next }
    #expect(try m.work() == nil)
    #expect(try known(m) == right(m))
    #expect(try m.storage.list("root-rotations/").isEmpty)
    _ = try m.call(.read, "creds/app")
  }
}

@Suite struct RootPasswordTests {
  private func record(_ details: JSONObject) -> ConnectionRecord {
    var record = ConnectionRecord(pluginName: "fake")
    record.details = details
    return record
  }

  private func stored(_ details: JSONObject) -> String? {
    var record = record(details)
    record.setPassword(SecretBytes(copying: "a%b@c".utf8))
    return record.secrets["password"]?.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Where the operator escapes for the URL, the engine does too.
  @Test func theNewOneIsWrittenAsTheOldOneWas() {
    #expect(stored(["connection_url": "postgresql://{{username}}:{{password}}@h/d"]) == "a%b@c")
    #expect(
      stored(["connection_url": "postgresql://{{username}}:{{password}}@h/d", "disable_escaping": true]) == "a%25b%40c")
    #expect(stored(["connection_url": "host=h password='{{password}}'", "disable_escaping": "true"]) == "a%b@c")
  }

  @Test func aURLWithItsOwnPasswordTakesNone() {
    #expect(!record(["connection_url": "postgresql://{{username}}:plain@h/d"]).takesPassword)
    #expect(record(["connection_url": "postgresql://{{username}}:{{password}}@h/d"]).takesPassword)
  }
}
