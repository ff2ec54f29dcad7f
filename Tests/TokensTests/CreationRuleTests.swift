import EngineAPI
import JSONText
import Primitives
import Testing

@testable import Tokens

private let now = Timestamp(seconds: 1_800_000_000)

private func parent(_ policies: [String], _ edit: (inout TokenEntry) -> Void = { _ in }) -> TokenEntry {
  var entry = TokenEntry(type: .service, path: "auth/token/create", policies: policies, creationTime: now)
  edit(&entry)
  return entry
}

private func draft(
  _ parent: TokenEntry, sudo: Bool = true, _ edit: (inout TokenRequest) -> Void
) throws -> TokenDraft {
  var request = TokenRequest(path: "auth/token/create")
  edit(&request)
  return try request.draft(parent: parent, under: Fixture.circumstances(sudo: sudo), now: now)
}

private let root = parent(["root"])
private let maker = parent(["default", "maker"])
private let endingRoot = parent(["root"]) {
  $0.ttl = .hours(1)
  $0.expireTime = now + .hours(1)
}

private struct Refusal: Sendable, CustomTestStringConvertible {
  let text: String
  let parent: TokenEntry
  let sudo: Bool
  let edit: @Sendable (inout TokenRequest) -> Void
  init(
    _ text: String, _ parent: TokenEntry, sudo: Bool = false, _ edit: @escaping @Sendable (inout TokenRequest) -> Void
  ) {
    self.text = text
    self.parent = parent
    self.sudo = sudo
    self.edit = edit
  }
  var testDescription: String { text }
}

private let refusals = [
  Refusal("child policies must be subset of parent", maker) { $0.policies = ["root"] },
  Refusal("child policies must be subset of parent", maker) { $0.policies = ["other"] },
  Refusal("child policies must be subset of parent", parent(["maker"])) { $0.policies = ["default", "maker"] },
  Refusal("root tokens may not be created without parent token being root", maker, sudo: true) {
    $0.policies = ["root"]
  },
  Refusal("root or sudo privileges required to create orphan token", maker) { $0.noParent = true },
  Refusal("root or sudo privileges required to specify token id", maker) { $0.id = "own" },
  Refusal("root or sudo privileges required to create periodic token", maker) { $0.period = .hours(1) },
  Refusal("custom token ID cannot have a '.' in the value", root, sudo: true) { $0.id = "with.dot" },
  Refusal("custom token ID cannot have the 'hvs.' prefix", root, sudo: true) { $0.id = "hvs.mine" },
  Refusal("custom token ID cannot have the 's.' prefix", root, sudo: true) { $0.id = "s.mine" },
  Refusal("batch tokens cannot have \"num_uses\" set", root, sudo: true) {
    $0.type = "batch"
    $0.numberOfUses = 3
  },
  Refusal("batch tokens cannot have \"period\" set", root, sudo: true) {
    $0.type = "batch"
    $0.period = .hours(1)
  },
  Refusal("batch tokens cannot have \"explicit_max_ttl\" set", root, sudo: true) {
    $0.type = "batch"
    $0.explicitMaxTTL = .hours(1)
  },
  Refusal("batch tokens cannot be root tokens", root, sudo: true) { $0.type = "batch" },
  Refusal("invalid 'token_type' value", root, sudo: true) { $0.type = "default-service" },
  Refusal("number of uses cannot be negative", root, sudo: true) { $0.numberOfUses = -1 },
  Refusal("ttl must be positive", root, sudo: true) { $0.ttl = .seconds(-1) },
  Refusal("period must be positive", root, sudo: true) { $0.period = .seconds(-1) },
  Refusal("explicit_max_ttl must be positive", root, sudo: true) { $0.explicitMaxTTL = .seconds(-1) },
  Refusal("cannot assign policy \"response-wrapping\"", root, sudo: true) { $0.policies = ["response-wrapping"] },
  Refusal("token must have at least one policy", root, sudo: true) {
    $0.policies = [""]
    $0.noDefaultPolicy = true
  },
  Refusal("expiring root tokens cannot create non-expiring root tokens", endingRoot, sudo: true) { _ in },
  Refusal("'entity_alias' is only allowed in combination with token role", root, sudo: true) { $0.entityAlias = "x" },
  Refusal(
    "batch tokens cannot create more tokens", TokenEntry(type: .batch, path: "", policies: ["maker"], creationTime: now)
  ) { _ in },
  Refusal("restricted use token cannot generate child tokens", parent(["maker"]) { $0.numberOfUses = 2 }) { _ in },
]

@Test(arguments: refusals)
private func whatMayNotBeMade(_ refusal: Refusal) {
  #expect(throws: EngineError.invalid(refusal.text)) {
    try draft(refusal.parent, sudo: refusal.sudo, refusal.edit)
  }
}

@Test func policiesOfChildren() throws {
  func policies(_ parent: TokenEntry, sudo: Bool = false, _ edit: (inout TokenRequest) -> Void) throws -> [String] {
    try draft(parent, sudo: sudo, edit).entry.policies
  }
  #expect(try policies(maker) { _ in } == ["default", "maker"])
  #expect(try policies(maker) { $0.noDefaultPolicy = true } == ["maker"])
  #expect(try policies(maker) { $0.policies = ["maker"] } == ["default", "maker"])
  #expect(try policies(parent(["maker"])) { $0.policies = ["maker"] } == ["maker"])
  #expect(try policies(root, sudo: true) { $0.policies = [" Shop", "shop", ""] } == ["default", "shop"])
  #expect(try policies(root, sudo: true) { $0.policies = ["root", "shop"] } == ["root"])
  #expect(try policies(root, sudo: true) { $0.policies = [""] } == ["default"])
}

@Test func lifeOfNewTokens() throws {
  let capped = try draft(root) {
    $0.policies = ["default", "zebra", "ape"]
    $0.ttl = .hours(9999)
  }
  #expect(capped.entry.ttl == .hours(768))
  #expect(
    capped.warnings == [
      "TTL of \"9999h\" exceeded the effective max_ttl of \"768h\"; TTL value is capped accordingly",
      "Policy \"ape\" does not exist", "Policy \"zebra\" does not exist",
    ])

  let endless = try draft(root) { _ in }
  #expect(endless.entry.expireTime == nil && !endless.entry.renewable && endless.entry.ttl == .zero)
  #expect(try draft(root) { $0.ttl = .hours(2) }.entry.renewable)

  let periodic = try draft(root) {
    $0.policies = ["default"]
    $0.period = .hours(2)
    $0.explicitMaxTTL = .minutes(30)
  }
  #expect(periodic.entry.ttl == .minutes(30))
  #expect(
    periodic.warnings == [
      "period of \"2h\" exceeded the effective max_ttl of \"30m\"; period value is capped accordingly"
    ])
}

@Test func displayNamesArePlain() throws {
  #expect(try draft(root) { $0.displayName = "Shop: Nightly Job/№7" }.entry.displayName == "token-Shop--Nightly-Job--7")
  #expect(try draft(root) { _ in }.entry.displayName == "token")
}

@Test func renewalsEndAtTheLongestLife() {
  var limits = LifeSpan.Limits(defaultTTL: .hours(1), maxTTL: .hours(10))
  #expect(LifeSpan.granted(.hours(5), within: limits, age: .hours(5))?.ttl == .hours(5))
  #expect(LifeSpan.granted(.hours(5), within: limits, age: .hours(6))?.ttl == .hours(4))
  #expect(LifeSpan.granted(.hours(5), within: limits, age: .hours(10)) == nil)
  limits.explicitMaxTTL = .minutes(90)
  #expect(
    LifeSpan.granted(.hours(3), within: limits, age: .milliseconds(300))?.warnings == [
      "TTL of \"3h\" exceeded the effective max_ttl of \"1h30m\"; TTL value is capped accordingly"
    ])
  limits.explicitMaxTTL = .zero
  limits.period = .minutes(20)
  #expect(LifeSpan.granted(.hours(5), within: limits, age: .hours(5000))?.ttl == .minutes(20))
}
