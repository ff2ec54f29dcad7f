import EngineAPI
import EngineFixture
import JSONText
import Primitives
import Testing

@testable import AppRoleMethod

extension MountedAppRole {
  /// A role with that id, and a SecretID.
  func prepare(_ fields: JSONObject = [:], secret: JSONObject = [:]) throws -> String {
    var fields = fields
    fields["role_id"] = "rid"
    #expect(try call(.update, "role/ci", fields).status == 204)
    return try #require(try call(.update, "role/ci/secret-id", secret).data?["secret_id"]?.stringValue)
  }

  func login(_ secret: String, role: String = "rid", from address: String = "127.0.0.1") throws -> Answer {
    try call(.update, "login", ["role_id": .string(role), "secret_id": .string(secret)], from: address)
  }

  func look(_ secret: String, role: String = "ci") throws -> JSONValue? {
    try call(.update, "role/\(role)/secret-id/lookup", ["secret_id": .string(secret)]).data
  }
}

private let wrong = Answer(status: 400, error: "invalid role or secret ID", isFailedLogin: true)

struct AppRoleTests {
  @Test func aLoginIsWhatItsRoleAndSecretIDSay() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare(
      ["token_policies": "ops", "token_ttl": "10m", "token_type": "batch"], secret: ["metadata": #"{"who":"p"}"#])
    let grant = try #require(try mount.login(secret).grant)
    #expect(grant.aliasName == "rid")
    #expect(grant.displayName.isEmpty)
    #expect(grant.metadata == ["role_name": "ci", "who": "p"])
    #expect(grant.policies == ["ops"])
    #expect(grant.ttl == .minutes(10))
    #expect(grant.tokenType == .batch)
  }

  @Test func metadataCannotClaimAnotherRole() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare(secret: ["metadata": #"{"role_name":"admin"}"#])
    #expect(try mount.login(secret).grant?.metadata == ["role_name": "ci"])
  }

  @Test func wrongOnesAndMissingOnes() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare()
    #expect(try mount.login("x") == wrong)
    #expect(try mount.login(secret, role: "other") == wrong)
    #expect(try mount.login(secret, role: "RID") == wrong)
    #expect(try mount.login(secret.uppercased()) == wrong)
    let missing = "failed to determine alias name from login request"
    #expect(try mount.call(.update, "login", ["secret_id": "x"]) == Answer(status: 400, error: missing))
    #expect(try mount.call(.update, "login", ["role_id": "rid"]) == Answer(status: 400, error: "missing secret_id"))
    #expect(try mount.loginName("login", ["role_id": "rid"]) == "rid")
    #expect(throws: EngineError.failedLogin("invalid role or secret ID")) {
      try mount.loginName("login", ["role_id": "made up"])
    }
  }

  @Test func secretIDsOfOneRoleAreNothingToAnother() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare()
    let accessor = try #require(try mount.look(secret)?["secret_id_accessor"])
    try mount.call(.update, "role/other", ["role_id": "other"])
    #expect(try mount.login(secret, role: "other") == wrong)
    #expect(try mount.call(.update, "role/other/secret-id/lookup", ["secret_id": .string(secret)]).status == 204)
    #expect(
      try mount.call(.update, "role/other/secret-id-accessor/destroy", ["secret_id_accessor": accessor]).status == 400)
    #expect(try mount.call(.update, "role/other/secret-id/destroy", ["secret_id": .string(secret)]).status == 204)
    #expect(try mount.login(secret).status == 200)
    #expect(
      try mount.call(.update, "role/ci/secret-id-accessor/destroy", ["secret_id_accessor": accessor]).status == 204)
    #expect(try mount.login(secret) == wrong)
  }

  @Test func usesAreCountedExactlyWhenManyCompete() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare(secret: ["num_uses": 40])
    let good = Locked(0)
    let bad = Locked(0)
    let threads = (0..<16).compactMap { _ in
      BackgroundThread {
        for _ in 0..<5 {
          guard let answer = try? mount.login(secret) else { continue }
          if answer.grant != nil { good.withLock { $0 += 1 } } else if answer == wrong { bad.withLock { $0 += 1 } }
        }
      }
    }
    for thread in threads { thread.join() }
    #expect(good.withLock { $0 } == 40)
    #expect(bad.withLock { $0 } == 40)
    #expect(try mount.look(secret) == nil)
    #expect(try mount.call(.list, "role/ci/secret-id/").status == 404)
  }

  @Test func anExpiredSecretIDIsOverAtOnce() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare(["secret_id_ttl": "30m"])
    let other = try #require(try mount.call(.update, "role/ci/custom-secret-id", ["secret_id": "mine"]).data)
    #expect(other["secret_id_ttl"] == 1800)
    mount.step(.seconds(1799))
    #expect(try mount.login(secret).status == 200)
    mount.step(.seconds(1))
    #expect(try mount.login(secret) == wrong)
    #expect(try mount.look(secret) == nil)
    // Its name is free again, even before it is swept away.
    #expect(try mount.call(.update, "role/ci/custom-secret-id", ["secret_id": "mine"]).status == 200)
    #expect(try mount.login("mine").status == 200)
    #expect(try mount.method.sweep(now: mount.now.withLock { $0 }) == 1)
    #expect(try mount.call(.list, "role/ci/secret-id/").data?["keys"]?.arrayValue?.count == 1)
    #expect(try mount.login("mine").status == 200)
  }

  @Test func limitsOfASecretIDStayWithinItsRole() throws {
    let mount = MountedAppRole()
    _ = try mount.prepare([
      "secret_id_num_uses": 5, "secret_id_ttl": "1h", "secret_id_bound_cidrs": "10.0.0.0/8",
      "token_bound_cidrs": "10.0.0.0/8",
    ])
    func refusal(_ fields: JSONObject) throws -> String { try mount.call(.update, "role/ci/secret-id", fields).error }
    let uses = "num_uses cannot be higher than the role's secret_id_num_uses"
    let ttl = "ttl cannot be longer than the role's secret_id_ttl"
    #expect(try refusal(["num_uses": 6]) == uses)
    #expect(try refusal(["num_uses": 0]) == uses)
    #expect(try refusal(["num_uses": -1]) == "num_uses cannot be negative")
    #expect(try refusal(["ttl": "2h"]) == ttl)
    #expect(try refusal(["ttl": 0]) == ttl)
    #expect(try refusal(["cidr_list": "11.0.0.0/8"]).hasPrefix("failed to verify subset relationship"))
    #expect(try refusal(["token_bound_cidrs": "0.0.0.0/0"]).hasPrefix("failed to verify subset relationship"))
    #expect(
      try refusal(["cidr_list": "10.0.0.1"])
        == "1 error occurred:\n\t* failed to validate CIDR blocks: invalid CIDR address: 10.0.0.1\n\n")
    let made = try #require(
      try mount.call(.update, "role/ci/secret-id", ["num_uses": 2, "ttl": 60, "cidr_list": "10.1.0.0/16"]).data)
    #expect(made["secret_id_num_uses"] == 2)
    #expect(made["secret_id_ttl"] == 60)
  }

  @Test func addressesAreCheckedBeforeAUseIsSpent() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare(
      ["secret_id_bound_cidrs": "10.0.0.0/8"], secret: ["num_uses": 1, "cidr_list": "10.1.0.0/16"])
    #expect(
      try mount.login(secret, from: "10.2.0.1").error
        == "source address \"10.2.0.1\" unauthorized by CIDR restrictions on the secret ID: %!w(<nil>)")
    try mount.call(.update, "role/ci", ["secret_id_bound_cidrs": "10.1.9.0/24"])
    #expect(try mount.login(secret, from: "10.1.0.1").error.hasSuffix("on the role: %!w(<nil>)"))
    try mount.call(.update, "role/ci", ["token_bound_cidrs": "10.1.9.9"])
    #expect(try mount.login(secret, from: "10.1.9.1") == Answer(status: 403, error: "permission denied"))
    #expect(try mount.login(secret, from: "10.1.9.9").status == 200)
    #expect(try mount.login(secret, from: "10.1.9.9") == wrong)
  }

  @Test func tokensOfASecretIDMayBeBoundCloser() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare(["token_bound_cidrs": "127.0.0.0/8"], secret: ["token_bound_cidrs": "127.0.0.1/32"])
    #expect(try mount.login(secret).grant?.boundCIDRs == ["127.0.0.1"])
    #expect(try mount.login(secret, from: "127.0.0.2").status == 403)
  }

  @Test func aRoleWithoutSecretIDNeedsAnotherConstraint() throws {
    let mount = MountedAppRole()
    let unbound = "at least one constraint should be enabled on the role"
    #expect(try mount.call(.update, "role/open", ["bind_secret_id": false]).error == unbound)
    #expect(
      try mount.call(
        .update, "role/open", ["bind_secret_id": false, "role_id": "o", "token_bound_cidrs": "127.0.0.0/8"]
      ).status == 204)
    #expect(try mount.call(.update, "login", ["role_id": "o"]).status == 200)
    #expect(try mount.call(.update, "login", ["role_id": "o"], from: "10.0.0.1").status == 403)
    #expect(try mount.call(.update, "role/open/secret-id").error == "bind_secret_id is not set on the role")
    #expect(try mount.call(.delete, "role/open/token-bound-cidrs").error == unbound)
    #expect(try mount.call(.delete, "role/open/bind-secret-id").status == 204)
    #expect(try mount.call(.delete, "role/open/token-bound-cidrs").status == 204)
  }

  @Test func roleIDsAreUniqueAndMove() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare()
    #expect(
      try mount.call(.update, "role/b", ["role_id": "rid"]).error == "1 error occurred:\n\t* role_id already in use\n\n"
    )
    #expect(try mount.call(.update, "role/CI/role-id", ["role_id": "new"]).status == 204)
    #expect(try mount.login(secret) == wrong)
    #expect(try mount.login(secret, role: "new").status == 200)
    #expect(try mount.call(.update, "role/b", ["role_id": "rid"]).status == 204)
    #expect(
      try mount.call(.update, "role/nobody/role-id", ["role_id": "x"]).error
        == "1 error occurred:\n\t* unsupported path\n\n")
    #expect(try mount.call(.read, "role/nobody/role-id").status == 404)
  }

  @Test func aRoleMadeAnewHasNoneOfTheOldSecretIDs() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare()
    #expect(try mount.call(.delete, "role/CI").status == 204)
    #expect(try mount.login(secret) == wrong)
    let other = try mount.prepare()
    #expect(try mount.login(secret) == wrong)
    #expect(try mount.login(other).status == 200)
    #expect(try mount.call(.list, "role/ci/secret-id/").data?["keys"]?.arrayValue?.count == 1)
  }

  @Test func deletingARoleLeavesNothing() throws {
    let mount = MountedAppRole()
    for _ in 0..<3 { _ = try mount.prepare() }
    try mount.call(.delete, "role/ci")
    #expect(try mount.store.list("mount/", after: nil, limit: .max) == ["key"])
  }

  @Test func namesInTheStoreTellNothingOfIDs() throws {
    let mount = MountedAppRole()
    _ = try mount.prepare()
    try mount.call(.update, "role/ci/custom-secret-id", ["secret_id": "hunter2"])
    for folder in ["role-id/", "secret-id/"] {
      for name in try mount.store.list("mount/" + folder, after: nil, limit: .max) {
        #expect(!name.contains("rid"))
        #expect(
          try mount.store.list("mount/\(folder)\(name)", after: nil, limit: .max).allSatisfy { $0.utf8.count == 64 })
      }
    }
  }

  @Test func partsAreReadWrittenAndSetBack() throws {
    let mount = MountedAppRole()
    _ = try mount.prepare()
    // Of some parts a write that lacks the value changes nothing.
    let lenient = ["secret-id-bound-cidrs", "bound-cidr-list", "token-bound-cidrs"]
    let parts: [(String, String, JSONValue, JSONValue, JSONValue)] = [
      ("policies", "token_policies", "a,b", ["a", "b"], []),
      ("secret-id-num-uses", "secret_id_num_uses", 4, 4, 0),
      ("secret-id-ttl", "secret_id_ttl", "1m", 60, 0),
      ("token-num-uses", "token_num_uses", 4, 4, 0),
      ("token-ttl", "token_ttl", "1m", 60, 0),
      ("token-max-ttl", "token_max_ttl", "2m", 120, 0),
      ("period", "token_period", "1m", 60, 0),
      ("secret-id-bound-cidrs", "secret_id_bound_cidrs", "10.0.0.0/8", ["10.0.0.0/8"], nil),
      ("bound-cidr-list", "bound_cidr_list", "10.0.0.0/8", ["10.0.0.0/8"], nil),
      ("token-bound-cidrs", "token_bound_cidrs", "10.0.0.0/8", ["10.0.0.0/8"], []),
      ("bind-secret-id", "bind_secret_id", true, true, true),
    ]
    for (part, name, given, shown, zero) in parts {
      let path = "role/ci/" + part
      if lenient.contains(part) {
        #expect(try mount.call(.update, path).status == 204)
      } else {
        #expect(try mount.call(.update, path).error == "missing \(part == "period" ? part : name)")
      }
      #expect(try mount.call(.update, path, [name: given]).status == 204)
      #expect(try mount.call(.read, path).data == [name: shown], "\(path)")
      #expect(try mount.call(.delete, path).status == 204)
      #expect(try mount.call(.read, path).data == [name: zero], "\(path)")
    }
    #expect(try mount.call(.update, "role/ci/period", ["period": 60]).status == 204)
    #expect(try mount.call(.read, "role/ci/period").data == ["token_period": 60, "period": 60])
    #expect(try mount.call(.read, "role/no/token-ttl").status == 404)
    #expect(try mount.call(.update, "role/no/token-ttl", ["token_ttl": 1]).status == 404)
    #expect(try mount.call(.update, "role/ci/token-max-ttl", ["token_max_ttl": 1]).status == 204)
    #expect(try mount.call(.update, "role/ci/token-ttl", ["token_ttl": 2]).status == 400)
  }

  static let metadata: [(String, [String: String]?)] = [
    ("", [:]), (#"{"a":"b"}"#, ["a": "b"]), ("a=b, c = d=e", ["a": "b", "c": "d=e"]), ("eyJhIjoiYiJ9", ["a": "b"]),
    ("not json", nil), (#"{"a":1}"#, nil), ("[]", nil), ("a=b,", nil),
  ]

  @Test(arguments: metadata) func metadataTexts(text: String, texts: [String: String]?) {
    #expect((try? MetadataText.parse(text)) == texts)
  }

  @Test func aMadeSecretIDNamesItsAccessorToTheWrapping() throws {
    let mount = MountedAppRole()
    _ = try mount.prepare()
    let made = try mount.call(.update, "role/ci/secret-id")
    #expect(!made.wrappedAccessor.isEmpty)
    #expect(made.data?["secret_id_accessor"] == .string(made.wrappedAccessor))
  }

  @Test func localSecretIDsAreDecidedOnce() throws {
    let mount = MountedAppRole()
    try mount.call(.update, "role/l", ["local_secret_ids": true])
    #expect(
      try mount.call(.update, "role/l", ["local_secret_ids": true]).error
        == "local_secret_ids can only be modified during role creation")
    #expect(
      try mount.call(.update, "role/l", ["local_secret_ids": false]).error
        == "local_secret_ids can only be modified during role creation")
    #expect(try mount.call(.read, "role/l/local-secret-ids").data == ["local_secret_ids": true])
  }

  @Test func renewalNeedsTheRoleAndItsPolicies() throws {
    let mount = MountedAppRole()
    let secret = try mount.prepare(["token_policies": "x", "token_period": "1h"])
    var login = try #require(try mount.login(secret).grant)
    login.policies = ["default", "x"]
    try mount.call(.update, "role/ci", ["token_period": "2h"])
    #expect(try mount.engine.renewLogin(login).period == .hours(2))
    try mount.call(.update, "role/ci", ["token_policies": "x,y"])
    #expect(throws: EngineError.invalid("policies have changed, not renewing")) { try mount.engine.renewLogin(login) }
    try mount.call(.delete, "role/ci")
    #expect(throws: EngineError.self) { try mount.engine.renewLogin(login) }
  }

  @Test func sweepingIsAskedForOrDue() {
    var tidying = Tidying()
    let start = Timestamp(seconds: 0)
    let begins = [
      tidying.begins(now: start, asked: false), tidying.begins(now: start + .minutes(59), asked: false),
      tidying.begins(now: start + .minutes(60), asked: false), tidying.begins(now: start + .minutes(61), asked: true),
    ]
    #expect(begins == [false, false, true, false])
    tidying.isRunning = false
    let begun = tidying.begins(now: start + .minutes(61), asked: true)
    #expect(begun)
  }
}
