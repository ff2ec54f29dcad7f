import EngineAPI
import MemoryStore
import OneTimePasswords
import Primitives
import SecretMemory
import StorageAPI
import Testing

@testable import LoginMFA

private struct Plain: LogicalStore {
  let store = MemoryStore()
  func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(key) }
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try store.list(prefix, after: after, limit: limit)
  }
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { try store.commit(batch) }
}

private let subject = LoginSubject(
  mountAccessor: "auth_userpass_1", mountType: "userpass", entityID: "e", groupIDs: ["g", "parent"])

private func rule(_ edit: (inout LoginEnforcement) -> Void) -> LoginEnforcement {
  var rule = LoginEnforcement(id: "1", name: "r")
  rule.methodIDs = ["m"]
  edit(&rule)
  return rule
}

struct MFAStoreTests {
  @Test func eachListBringsALoginUnderARule() {
    #expect(rule { $0.mountAccessors = ["auth_userpass_1"] }.applies(to: subject))
    #expect(rule { $0.mountTypes = ["approle", "userpass"] }.applies(to: subject))
    #expect(rule { $0.entityIDs = ["e"] }.applies(to: subject))
    #expect(rule { $0.groupIDs = ["parent"] }.applies(to: subject))
    #expect(
      !rule {
        $0.mountAccessors = ["auth_userpass_2"]
        $0.mountTypes = ["approle"]
        $0.entityIDs = ["f"]
        $0.groupIDs = ["h"]
      }.applies(to: subject))
    let nobody = LoginSubject(mountAccessor: "a", mountType: "t", entityID: "", groupIDs: [])
    #expect(!rule { $0.entityIDs = [""] }.applies(to: nobody))
    #expect(!rule { _ in }.hasSubjects)
  }

  @Test func everythingReadsBackAsItWas() throws {
    var totp = TOTPSettings()
    totp.issuer = "Acme"
    totp.parameters = OneTimePasswordParameters(
      algorithm: .sha512, digits: .eight, period: .seconds(60), skew: OneTimePasswordParameters.Skew.none)
    totp.mostAttempts = 2
    totp.qrSize = 0
    var duo = DuoSettings()
    duo.secretKey = SecretBytes(copying: Array("hush".utf8))
    duo.hostname = "api.example"
    duo.usesPasscode = true
    var okta = OktaSettings()
    okta.token = SecretBytes(copying: Array("hush".utf8))
    okta.primaryEmail = true
    var ping = PingIDSettings()
    ping.file = SecretBytes(copying: Array("idp_url=https\\://idp.example\nuse_base64_key=hush\n".utf8))
    let store = Plain()
    let before = MFAStore(store: store)
    for (id, settings) in [("1", .totp(totp)), ("2", .duo(duo)), ("3", .okta(okta)), ("4", .pingID(ping))]
      as [(String, MFAMethod.Settings)]
    {
      try before.put(MFAMethod(id: id, name: "n\(id)", settings: settings))
    }
    try before.put(
      rule {
        $0.methodIDs = ["1", "4"]
        $0.groupIDs = ["g"]
        $0.mountTypes = ["userpass"]
      })
    let after = MFAStore(store: store)
    try after.load()
    #expect(after.methods == before.methods && after.methods.count == 4)
    #expect(after.enforcements == before.enforcements && after.enforcements.count == 1)
    #expect(after.enforcements { subject }.count == 1)
    #expect(ping.properties == ["idp_url": "https://idp.example"])
  }

  @Test func aMethodThatARuleNeedsStays() throws {
    let store = MFAStore(store: Plain())
    try store.put(MFAMethod(id: "m", name: "", settings: .totp(TOTPSettings())))
    try store.put(rule { $0.entityIDs = ["e"] })
    #expect(throws: EngineError.self) { try store.deleteMethod(id: "m") }
    #expect(store.method(id: "m") != nil)
    try store.deleteEnforcement(name: "r")
    try store.deleteMethod(id: "m")
    #expect(store.method(id: "m") == nil)
    #expect(throws: EngineError.self) { try store.put(rule { $0.entityIDs = ["e"] }) }
  }

  @Test func namesAreOfOneMethodEach() throws {
    let store = MFAStore(store: Plain())
    try store.put(MFAMethod(id: "1", name: "phone", settings: .totp(TOTPSettings())))
    try store.put(MFAMethod(id: "1", name: "phone", settings: .totp(TOTPSettings())))
    #expect(throws: EngineError.self) {
      try store.put(MFAMethod(id: "2", name: "phone", settings: .duo(DuoSettings())))
    }
    for id in ["3", "4"] { try store.put(MFAMethod(id: id, name: "", settings: .duo(DuoSettings()))) }
    #expect(store.methods.map(\.id) == ["1", "3", "4"])
  }

  @Test func aMethodsEnrolmentsGoWithIt() throws {
    let plain = Plain()
    let store = MFAStore(store: plain)
    let enrolments = EnrolmentStore(store: plain)
    let key = OneTimePasswordKey(secret: SecretBytes(copying: [1, 2, 3]))
    for id in ["m", "m2"] {
      try store.put(MFAMethod(id: id, name: "", settings: .totp(TOTPSettings())))
      _ = try enrolments.add(Enrolment(key: key), entityID: "e", methodID: id)
    }
    try store.deleteMethod(id: "m")
    #expect(try enrolments.known(entityID: "e", methodID: "m") == nil)
    #expect(try enrolments.known(entityID: "e", methodID: "m2") != nil)
  }

  @Test func aRuleThatCannotBeReadStopsTheStart() throws {
    let plain = Plain()
    var batch = WriteBatch()
    batch.put("identity/mfa/enforcement/1", Array("{}".utf8))
    _ = try plain.commit(batch)
    #expect(throws: StoreError.self) { try MFAStore(store: plain).load() }
  }
}
