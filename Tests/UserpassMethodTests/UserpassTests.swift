import Cryptography
import EngineAPI
import EngineFixture
import JSONText
import Primitives
import SecretMemory
import Testing

@testable import UserpassMethod

/// Cheap to check, so that tests are quick.
private func hash(_ password: String) throws -> JSONValue {
  .string(try PasswordHash(of: SecretBytes(copying: Array(password.utf8)), cost: 4, random: .seeded(3)).text)
}

struct UserpassTests {
  @Test func aUserLogsInWithWhatItsRecordSays() throws {
    let mount = MountedUserpass()
    #expect(
      try mount.call(
        .update, "users/Mona",
        [
          "password_hash": hash("pw"), "token_policies": "reader,ops", "token_ttl": "10m", "token_max_ttl": "1h",
          "token_num_uses": 7, "alias_metadata": ["team": "red"],
        ]
      ).status == 204)
    let grant = try #require(try mount.call(.update, "login/mONA", ["password": "pw"]).grant)
    #expect(grant.aliasName == "mona")
    #expect(grant.displayName == "mona")
    #expect(grant.metadata == ["username": "mona"])
    #expect(grant.aliasMetadata == ["team": "red"])
    #expect(grant.policies == ["reader", "ops"])
    #expect(grant.ttl == .minutes(10))
    #expect(grant.maxTTL == .hours(1))
    #expect(grant.numberOfUses == 7)
    #expect(grant.tokenType == nil)
  }

  @Test func wrongPasswordsAndUnknownUsersGetOneAnswer() throws {
    let mount = MountedUserpass()
    try mount.call(.update, "users/mona", ["password": "pw"])
    let wrong = try mount.call(.update, "login/mona", ["password": "wp"])
    #expect(wrong == Answer(status: 400, error: "invalid username or password", isFailedLogin: true))
    #expect(try mount.call(.update, "login/nobody", ["password": "wp"]) == wrong)
    #expect(try mount.call(.update, "login/mona") == Answer(status: 400, error: "invalid credentials"))
    #expect(try mount.call(.update, "login/nobody") == Answer(status: 400, error: "invalid credentials"))
  }

  @Test func anUnknownUserCostsAHashOfTheStandardCost() throws {
    let mount = MountedUserpass()
    try mount.call(.update, "users/mona", ["password": "pw"])
    func shortest(_ name: String) throws -> UInt64 {
      try (0..<3).map { _ in
        let start = WallClock.monotonicNanoseconds()
        try mount.call(.update, "login/" + name, ["password": "wp"])
        return WallClock.monotonicNanoseconds() - start
      }.min() ?? 0
    }
    let known = try shortest("mona")
    let unknown = try shortest("nobody")
    // A look-up without a hash takes less than a hundredth of that.
    #expect(unknown * 3 > known)
  }

  @Test func anyWayToWriteANameIsOneUserToTheLockout() throws {
    let mount = MountedUserpass()
    #expect(try mount.loginName("login/MoNa") == "mona")
    #expect(try mount.loginName("users/mona") == nil)
  }

  @Test func passwordsAreNeededOnceAndInOneForm() throws {
    let mount = MountedUserpass()
    let missing = "\"password\" or \"password_hash\" must be supplied"
    #expect(try mount.call(.update, "users/mona").error == missing)
    #expect(
      try mount.call(.update, "users/mona", ["password": "a", "password_hash": hash("a")]).error
        == "\"password\" and \"password_hash\" cannot be supplied together")
    #expect(try mount.call(.update, "users/mona", ["password_hash": "secret"]).status == 400)
    #expect(
      try mount.call(
        .update, "users/mona", ["password_hash": .string("$2b$17$" + String(repeating: "a", count: 53))]
      ).status == 400)
    #expect(
      try mount.call(.update, "users/mona", ["password": .string(String(repeating: "a", count: 73))]).status == 400)
    #expect(try mount.call(.read, "users/mona").status == 404)
    #expect(try mount.call(.update, "users/mona", ["password_hash": hash("a")]).status == 204)
    #expect(try mount.call(.update, "users/mona", ["token_ttl": 60]).status == 204)
    #expect(try mount.call(.update, "users/mona/password").error == missing)
    #expect(
      try mount.call(.update, "users/nobody/password", ["password": "x"]).error
        == "1 error occurred:\n\t* username does not exist\n\n")
    #expect(try mount.call(.update, "users/mona/password", ["password_hash": hash("b")]).status == 204)
    #expect(try mount.call(.update, "login/mona", ["password": "a"]).status == 400)
    #expect(try mount.call(.update, "login/mona", ["password": "b"]).grant?.ttl == .minutes(1))
  }

  @Test func aReadShowsNoHashAndOldNamesWhereTheyWereUsed() throws {
    let mount = MountedUserpass()
    try mount.call(.update, "users/mona", ["password_hash": hash("a"), "policies": "x,y", "ttl": "1m"])
    let shown = try #require(try mount.call(.read, "users/mona").data)
    #expect(shown["policies"] == ["x", "y"])
    #expect(shown["token_policies"] == ["x", "y"])
    #expect(shown["ttl"] == 60)
    #expect(!JSONText(shown).string.contains("$2"))
    try mount.call(.update, "users/mona/policies", ["token_policies": "z"])
    let changed = try #require(try mount.call(.read, "users/mona").data)
    #expect(changed["policies"] == nil)
    #expect(changed["token_policies"] == ["z"])
  }

  @Test func loginsComeFromBoundAddressesOnly() throws {
    let mount = MountedUserpass()
    try mount.call(.update, "users/mona", ["password_hash": hash("a"), "token_bound_cidrs": "10.0.0.0/8"])
    #expect(
      try mount.call(.update, "login/mona", ["password": "a"], from: "127.0.0.1")
        == Answer(status: 403, error: "permission denied"))
    // Whether the password was right is told to nobody there.
    #expect(
      try mount.call(.update, "login/mona", ["password": "a"], from: "10.1.1.1").grant?.boundCIDRs == ["10.0.0.0/8"])
  }

  @Test func renewalNeedsTheUserAndItsPolicies() throws {
    let mount = MountedUserpass()
    try mount.call(.update, "users/mona", ["password_hash": hash("a"), "token_policies": "x", "token_ttl": "10m"])
    var login = try #require(try mount.call(.update, "login/mona", ["password": "a"]).grant)
    login.policies = ["default", "x"]
    // What the last renewal asked for does not matter.
    login.ttl = .hours(2)
    try mount.call(.update, "users/mona", ["token_ttl": "5m", "token_max_ttl": "1h"])
    let renewed = try mount.engine.renewLogin(login)
    #expect(renewed.ttl == .minutes(5))
    #expect(renewed.maxTTL == .hours(1))
    try mount.call(.update, "users/mona/policies", ["token_policies": "x,y"])
    #expect(throws: EngineError.invalid("policies have changed, not renewing")) { try mount.engine.renewLogin(login) }
    try mount.call(.delete, "users/mona")
    #expect(throws: EngineError.self) { try mount.engine.renewLogin(login) }
  }

  @Test func usersAreListedAndDeleted() throws {
    let mount = MountedUserpass()
    #expect(try mount.call(.list, "users/").status == 404)
    for name in ["b", "a", "c"] { try mount.call(.update, "users/" + name, ["password_hash": hash("a")]) }
    #expect(try mount.call(.list, "users/").data == ["keys": ["a", "b", "c"]])
    #expect(try mount.call(.list, "users/", ["after": "a", "limit": 1]).data == ["keys": ["b"]])
    #expect(try mount.call(.delete, "users/B").status == 204)
    #expect(try mount.call(.delete, "users/b").status == 204)
    #expect(try mount.call(.list, "users/").data == ["keys": ["a", "c"]])
    #expect(try mount.call(.update, "login/b", ["password": "a"]).isFailedLogin)
  }
}
