import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Kernel

struct PipelineTests {
  private static let denied = "1 error occurred:\n\t* permission denied\n\n"
  private static let invalidToken = "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"
  private static let unsupportedPath = "1 error occurred:\n\t* unsupported path\n\n"
  private static let unsupportedOperation = "1 error occurred:\n\t* unsupported operation\n\n"

  // MARK: The order of checks

  @Test(arguments: ["sys/mounts", "sys/nonsense", "nowhere/a", "secret/a"])
  func withoutATokenNothingIsToldOfThePath(path: String) throws {
    let world = try World()
    world.enable("secret", "kv")
    let none = world.send(.read, path, token: "")
    #expect(none.status == 403)
    #expect(none.errors == ["permission denied"])
    let wrong = world.send(.read, path, token: "hvs.CAESIwrong")
    #expect(wrong.status == 403)
    #expect(wrong.errors == [Self.invalidToken])
    let weak = world.send(.read, path, token: try world.token(["none"]))
    #expect(weak.status == 403)
    #expect(weak.errors == [Self.denied])
  }

  @Test func rootIsToldWhatIsWrongWithThePath() throws {
    let world = try World()
    let mount = world.send(.read, "nowhere/a")
    #expect(mount.status == 404)
    #expect(mount.errors == ["no handler for route \"nowhere/a\". route entry not found."])
    let path = world.send(.read, "sys/nonsense")
    #expect(path.status == 404)
    #expect(path.errors == [Self.unsupportedPath])
    let operation = world.send(.delete, "sys/mounts")
    #expect(operation.status == 405)
    #expect(operation.errors == [Self.unsupportedOperation])
  }

  @Test func writesToPathsThatEndInASlashAreRefusedBeforeAnythingElse() throws {
    let world = try World()
    world.enable("secret", "kv")
    for path in ["secret/a/", "nowhere/a/"] {
      let answer = world.send(.update, path, #"{"a":1}"#, token: "")
      #expect(answer.status == 400)
      #expect(answer.errors == ["cannot write to a path ending in '/'"])
    }
    #expect(world.send(.update, "sys/mounts/secret/tune", #"{"trim_request_trailing_slashes":true}"#).status == 204)
    #expect(world.send(.update, "secret/a/", #"{"a":1}"#).status == 204)
    #expect(world.send(.read, "secret/a").data["a"] == 1)
  }

  @Test func controlCharactersAreNoPath() throws {
    let world = try World()
    for path in ["secret/\u{1}", "secret/a\n", "\u{7F}/b"] {
      #expect(world.send(.read, path).status == 400)
    }
  }

  @Test func aSealedNodeTellsNothing() throws {
    let world = try World()
    try world.replaceNode()
    for path in ["sys/mounts", "secret/a", "nowhere/a", "sys/nonsense"] {
      let answer = world.send(.read, path, token: "wrong")
      #expect(answer.status == 503)
      #expect(answer.errors == ["Vault is sealed"])
    }
    #expect(world.send(.read, "sys/init", token: "").json["initialized"] == true)
  }

  // MARK: Policies

  @Test func existenceTellsCreateFromUpdate() throws {
    let world = try World()
    world.enable("secret", "kv")
    try world.policy("creator", #"path "secret/*" { capabilities = ["create"] }"#)
    try world.policy("updater", #"path "secret/*" { capabilities = ["update"] }"#)
    let creator = try world.token(["creator"])
    let updater = try world.token(["updater"])
    #expect(world.send(.update, "secret/a", #"{"v":1}"#, token: updater).status == 403)
    #expect(world.send(.update, "secret/a", #"{"v":2}"#, token: creator).status == 204)
    #expect(world.send(.update, "secret/a", #"{"v":3}"#, token: creator).status == 403)
    #expect(world.send(.update, "secret/a", #"{"v":4}"#, token: updater).status == 204)
    #expect(world.send(.read, "secret/a").data["v"] == 4)
  }

  @Test func changesOfPoliciesHoldAtOnce() throws {
    let world = try World()
    world.enable("secret", "kv")
    world.send(.update, "secret/a", #"{"v":1}"#)
    let token = try world.token(["reader"])
    #expect(world.send(.read, "secret/a", token: token).status == 403)
    for _ in 0..<2 {
      try world.policy("reader", #"path "secret/a" { capabilities = ["read"] }"#)
      #expect(world.send(.read, "secret/a", token: token).status == 200)
      try world.policy("reader", #"path "secret/b" { capabilities = ["read"] }"#)
      #expect(world.send(.read, "secret/a", token: token).status == 403)
      try world.policy("reader", #"path "secret/+" { capabilities = ["read"] }"#)
      #expect(world.send(.read, "secret/a", token: token).status == 200)
      #expect(world.send(.delete, "sys/policies/acl/reader").status == 204)
      #expect(world.send(.read, "secret/a", token: token).status == 403)
    }
  }

  @Test func routesThatNeedSudoAreDeniedWithoutIt() throws {
    let world = try World()
    try world.policy("weak", #"path "sys/audit" { capabilities = ["read"] }"#)
    try world.policy("strong", #"path "sys/audit" { capabilities = ["read", "sudo"] }"#)
    #expect(world.send(.read, "sys/audit", token: try world.token(["weak"])).errors == [Self.denied])
    #expect(world.send(.read, "sys/audit", token: try world.token(["strong"])).status == 200)
  }

  // MARK: Uses

  @Test func deniedRequestsSpendUsesAndTheLastEndsTheToken() throws {
    let world = try World()
    world.enable("secret", "kv")
    world.send(.update, "secret/a", #"{"v":1}"#)
    try world.policy("reader", #"path "secret/a" { capabilities = ["read"] }"#)
    let token = try world.token(["reader"], uses: 3)
    let accessors = world.send(.list, "auth/token/accessors").data["keys"]?.arrayValue?.count
    #expect(world.send(.read, "secret/b", token: token).errors == [Self.denied])
    #expect(world.send(.read, "nowhere/b", token: token).errors == [Self.denied])
    #expect(world.send(.read, "secret/a", token: token).status == 200)
    #expect(world.send(.read, "secret/a", token: token).errors == [Self.invalidToken])
    try world.restart()
    #expect(world.send(.read, "secret/a", token: token).errors == [Self.invalidToken])
    #expect(accessors == 2)
  }

  @Test func usesAreSpentAcrossRestarts() throws {
    let world = try World()
    try world.policy("reader", #"path "cubbyhole/*" { capabilities = ["read"] }"#)
    let token = try world.token(["reader"], uses: 2)
    #expect(world.send(.read, "cubbyhole/a", token: token).status == 404)
    try world.restart()
    #expect(world.send(.read, "cubbyhole/a", token: token).status == 404)
    try world.restart()
    #expect(world.send(.read, "cubbyhole/a", token: token).errors == [Self.invalidToken])
  }

  // MARK: Audit

  @Test func whatCannotBeRecordedIsNotDone() throws {
    let world = try World()
    world.enable("secret", "kv")
    world.send(.update, "secret/a", #"{"v":"old"}"#)
    #expect(world.send(.update, "sys/audit/tape", #"{"type":"tape"}"#).status == 204)

    world.tape.failAfter(writes: 0)
    let commits = world.disk.commits
    #expect(world.send(.update, "secret/a", #"{"v":"new"}"#).status == 500)
    #expect(world.send(.delete, "secret/a").status == 500)
    let read = world.send(.read, "secret/a")
    #expect(read.status == 500)
    #expect(!read.text.contains("old"))
    #expect(world.disk.commits == commits)
    // Those that are not recorded go on.
    #expect(world.send(.read, "sys/seal-status", token: "").status == 200)

    world.tape.failAfter(writes: nil)
    #expect(world.send(.read, "secret/a").data["v"] == "old")
  }

  @Test func anAnswerThatCannotBeRecordedIsWithheld() throws {
    let world = try World()
    world.enable("secret", "kv")
    world.send(.update, "secret/a", #"{"v":"treasure"}"#)
    world.send(.update, "sys/audit/tape", #"{"type":"tape"}"#)
    // What changes nothing is recorded with its answer, in one write; before any other request there is a write.
    for (path, writes) in [("secret/a", 0), ("auth/token/lookup-self", 0), ("sys/mounts", 1)] {
      world.tape.failAfter(writes: writes)
      let answer = world.send(.read, path)
      #expect(answer.status == 500)
      #expect(answer.errors == ["internal error"])
    }
  }

  @Test func refusalsAreRecordedWithoutValues() throws {
    let world = try World()
    world.enable("secret", "kv")
    world.send(.update, "sys/audit/tape", #"{"type":"tape"}"#)
    let weak = try world.token(["none"])
    let before = world.tape.entries.count
    world.send(.update, "secret/a", #"{"v":"treasure"}"#, token: weak)
    let entries = world.tape.entries.dropFirst(before)
    #expect(entries.compactMap { $0["type"]?.stringValue } == ["request", "response"])
    #expect(entries.allSatisfy { $0["error"]?.stringValue?.contains("permission denied") == true })
    #expect(!world.tape.text.contains("treasure"))
    #expect(!world.tape.text.contains(weak))
    #expect(!world.tape.text.contains(world.root))
  }

  // MARK: Answers

  @Test func answersAreWrappedAndEmptyOnesAreNot() throws {
    let world = try World()
    world.enable("secret", "kv")
    let write = world.send(.update, "secret/a", #"{"v":1}"#, wrap: .minutes(5))
    #expect(write.status == 204)
    #expect(write.text.isEmpty)
    let absent = world.send(.read, "secret/b", wrap: .minutes(5))
    #expect(absent.status == 404)
    #expect(absent.json["wrap_info"] == nil)

    let wrapped = world.send(.read, "secret/a", wrap: .minutes(5))
    #expect(wrapped.data == .null)
    #expect(wrapped.json["wrap_info"]?["ttl"] == 300)
    #expect(wrapped.json["wrap_info"]?["creation_path"] == "secret/a")
    let token = try #require(wrapped.json["wrap_info"]?["token"]?.stringValue)
    #expect(world.send(.update, "sys/wrapping/unwrap", token: token).data["v"] == 1)
    #expect(world.send(.update, "sys/wrapping/unwrap", token: token).status == 400)

    // A request that is denied is the token's one use.
    let other = world.send(.read, "secret/a", wrap: .minutes(5))
    let otherToken = try #require(other.json["wrap_info"]?["token"]?.stringValue)
    #expect(world.send(.read, "secret/a", token: otherToken).status == 403)
    #expect(world.send(.update, "sys/wrapping/unwrap", token: otherToken).status == 400)

    let late = world.send(.read, "secret/a", wrap: .minutes(5))
    let lateToken = try #require(late.json["wrap_info"]?["token"]?.stringValue)
    world.clock.advance(.minutes(6))
    #expect(world.send(.update, "sys/wrapping/unwrap", token: lateToken).status == 400)
  }

  @Test func oldRoutesShowTheirDataAtTheTopToo() throws {
    let world = try World()
    let mounts = world.send(.read, "sys/mounts").json
    #expect(mounts["sys/"]?["type"] == "system")
    #expect(mounts["sys/"] == mounts["data"]?["sys/"])
    world.enable("secret", "kv")
    world.send(.update, "secret/a", #"{"lease_id":"mine","other":"x"}"#)
    let secret = world.send(.read, "secret/a").json
    #expect(secret["other"] == nil)
    #expect(secret["lease_id"] == "")
  }

  @Test func unknownFieldsAreWarnedAboutWhereFieldsAreKnown() throws {
    let world = try World()
    let body = #"{"policies":["none"],"zeal":1,"ardour":2}"#
    let token = world.send(.update, "auth/token/create", body)
    #expect(token.warnings?.contains("Endpoint ignored these unrecognized parameters: [ardour zeal]") == true)
    #expect(!token.text.contains("Endpoint replaced"))
    // An answer without a body has no place for warnings.
    let kv = world.send(.update, "sys/mounts/secret", #"{"type":"kv","zeal":1}"#)
    #expect(kv.status == 204)
    #expect(kv.text.isEmpty)
    // KV's fields are the secret.
    #expect(world.send(.update, "secret/a", #"{"zeal":1}"#).status == 204)
    #expect(world.send(.read, "secret/a").warnings == nil)
  }
}
