import EngineAPI
import Glibc
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import Tokens

@Test func tokensAreNotStoredInTheClear() throws {
  let f = try Fixture()
  let made = try f.make(f.root)
  #expect(made.text.hasPrefix("hvs.") && made.text.utf8.count == 28)
  #expect(made.entry.accessor.utf8.count == 24)
  for key in try f.store.keys("") {
    let value = String(decoding: try #require(try f.store.get(key)).bytes, as: UTF8.self)
    #expect(!key.contains(made.text) && !value.contains(made.text) && !key.contains(made.entry.accessor))
  }
}

@Test func everythingOutlivesARestart() throws {
  var f = try Fixture()
  let made = try f.make(f.root) {
    $0.metadata = ["app": "billing", "empty": ""]
    $0.numberOfUses = 3
    $0.explicitMaxTTL = .hours(2)
    $0.period = .minutes(20)
    $0.displayName = "ci"
  }
  let before = try #require(try f.entry(made.text))
  f.restart()
  #expect(try f.entry(made.text) == before)
  #expect(before == made.entry)
  #expect(try f.tokens.entry(accessor: before.accessor, now: f.clock.now) == before)
  #expect(try f.tokens.accessors().contains(before.accessor))
}

@Test func answersHoldWhatClientsRead() throws {
  let f = try Fixture()
  let made = try f.make(f.root) {
    $0.metadata = ["b": "2", "a": "1"]
    $0.numberOfUses = 4
  }
  #expect(
    made.authObject.string
      == #"{"client_token":"\#(made.text)","accessor":"\#(made.entry.accessor)","policies":["default"],"token_policies":["default"],"#
      + #""metadata":{"a":"1","b":"2"},"lease_duration":3600,"renewable":true,"entity_id":"","token_type":"service","#
      + #""orphan":false,"mfa_requirement":null,"num_uses":4}"#)
  f.clock.advance(.seconds(10))
  let data = made.entry.lookupObject(id: made.text, now: f.clock.now)
  #expect(data["ttl"] == 3590 && data["creation_ttl"] == 3600 && data["period"] == nil && data["renewable"] == true)
  let first = try f.tokens.issueRoot(id: nil, now: f.clock.now)
  let rootData = try #require(try f.entry(first)).lookupObject(id: first, now: f.clock.now)
  #expect(rootData["issue_time"] == nil && rootData["renewable"] == nil && rootData["display_name"] == "root")
  #expect(rootData["expire_time"] == .null && rootData["path"] == "auth/token/root" && rootData["meta"] == .null)
}

@Test func ownIDsAreTakenOnce() throws {
  let f = try Fixture()
  _ = try f.make(f.root) { $0.id = "own" }
  #expect(throws: EngineError.invalid("cannot create a token with a duplicate ID")) {
    try f.make(f.root) { $0.id = "own" }
  }
  _ = try f.tokens.revoke(tokenText: "own")
  #expect(try f.make(f.root) { $0.id = "own" }.text == "own")
  f.clock.advance(.hours(2))
  #expect(try !f.isAlive("own"))
  #expect(try f.make(f.root) { $0.id = "own" }.text == "own")
}

@Test func boundAddresses() throws {
  let f = try Fixture()
  var grant = LoginGrant(aliasName: "bob", displayName: "bob", policies: ["shop"])
  grant.boundCIDRs = ["10.0.0.0/9", "2001:db8::/33"]
  let made = try f.tokens.issue(
    login: grant, mountPath: "auth/userpass/", mountTokenType: "default-service", defaultTTL: .hours(1),
    maxTTL: .hours(2),
    now: f.clock.now, path: "auth/userpass/login/bob")
  for (address, isAllowed) in [
    ("10.127.255.1", true), ("10.128.0.1", false), ("2001:db8:7fff::1", true), ("2001:db8:8000::1", false),
    ("::ffff:10.1.1.1", true), ("", false),
  ] {
    let seen = try f.tokens.identify(made.text, now: f.clock.now, remoteAddress: address)
    #expect((seen != nil) == isAllowed, "\(address)")
  }
  #expect(made.entry.displayName == "userpass-bob" && made.entry.policies == ["default", "shop"])
  grant.policies = ["root"]
  #expect(throws: EngineError.invalid("auth methods cannot create root tokens")) {
    try f.tokens.issue(
      login: grant, mountPath: "auth/userpass/", mountTokenType: "", defaultTTL: .hours(1), maxTTL: .hours(2),
      now: f.clock.now)
  }
}

@Test func batchTokensCarryThemselves() throws {
  var f = try Fixture()
  let maker = try f.make(f.root) { $0.policies = ["maker"] }
  let stored = try f.store.keys("").count
  let child = try f.make(maker.text) {
    $0.type = "batch"
    $0.policies = ["shop"]
    $0.metadata = ["job": "import"]
    $0.id = "ignored"
  }
  let orphan = try f.make(maker.text) {
    $0.type = "batch"
    $0.noParent = true
  }
  #expect(try f.store.keys("").count == stored)
  #expect(child.text.hasPrefix("hvb.") && child.text != orphan.text && child.entry.accessor.isEmpty)
  f.restart()
  #expect(try f.entry(child.text)?.policies == ["default", "shop"])
  #expect(try f.entry(child.text)?.metadata == ["job": "import"])
  var tampered = Array(child.text.utf8)
  tampered[60] ^= 1
  #expect(try !f.isAlive(String(decoding: tampered, as: UTF8.self)))
  #expect(try !f.isAlive("hvb.") && !f.isAlive("hvb.AAAA") && !f.isAlive("hvb.!!"))
  #expect(throws: EngineError.invalid("batch tokens cannot be renewed")) {
    try f.tokens.renew(child.entry, increment: .zero, defaultTTL: .hours(1), maxTTL: .hours(1), now: f.clock.now)
  }
  try f.tokens.revoke(maker.entry)
  #expect(try !f.isAlive(child.text))
  #expect(try f.isAlive(orphan.text))
  f.clock.advance(.hours(1))
  #expect(try !f.isAlive(orphan.text))
}

@Test func renewals() throws {
  let f = try Fixture()
  let made = try f.make(f.root) { $0.explicitMaxTTL = .hours(2) }
  func renew(_ increment: TimeSpan) throws -> (entry: TokenEntry, warnings: [String]) {
    try f.tokens.renew(made.entry, increment: increment, defaultTTL: .hours(768), maxTTL: .hours(768), now: f.clock.now)
  }
  #expect(try renew(.minutes(30)).entry.ttl == .minutes(30))
  #expect(try renew(.zero).entry.ttl == .minutes(30))
  let capped = try renew(.hours(9))
  #expect(capped.entry.ttl == .hours(2) && capped.warnings.count == 1)
  f.clock.advance(.minutes(119))
  #expect(try renew(.zero).entry.ttl == .minutes(1))
  f.clock.advance(.minutes(2))
  #expect(try !f.isAlive(made.text))
  let fixed = try f.make(f.root) { $0.renewable = false }
  #expect(throws: EngineError.invalid("lease is not renewable")) {
    try f.tokens.renew(fixed.entry, increment: .zero, defaultTTL: .hours(1), maxTTL: .hours(1), now: f.clock.now)
  }
}

@Test func usesAreCountedDownAndTheLastOneIsTold() throws {
  var f = try Fixture()
  let made = try f.make(f.root) { $0.numberOfUses = 2 }
  let entry = try #require(try f.entry(made.text))
  #expect(try f.tokens.spendUse(entry) == false)
  #expect(try f.tokens.current(entry)?.numberOfUses == 1)
  #expect(try f.tokens.spendUse(entry) == true)
  #expect(try f.tokens.current(entry)?.numberOfUses == -1)
  #expect(try f.tokens.spendUse(entry) == nil)
  #expect(try !f.isAlive(made.text))
  #expect(try f.tokens.entry(accessor: entry.accessor, now: f.clock.now) == nil)
  // The process ends before it revokes the token.
  f.restart()
  _ = f.tokens.sweep(now: f.clock.now)
  #expect(try f.tokens.current(entry) == nil)
  #expect(try f.store.keys("sys/token/revoke/").isEmpty)
}

/// Runs `body` on that many threads at once and waits for all.
func concurrently(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let running = (0..<threads).compactMap { number in BackgroundThread { body(number) } }
  for thread in running { thread.join() }
}

@Test func exactlyAsManyUsesAsGranted() throws {
  let f = try Fixture()
  let made = try f.make(f.root) { $0.numberOfUses = 100 }
  let outcomes = Locked<(spent: Int, last: Int, failed: Int)>((0, 0, 0))
  let tokens = f.tokens
  concurrently(8) { _ in
    for _ in 0..<25 {
      guard let outcome = try? tokens.spendUse(made.entry) else {
        outcomes.withLock { $0.failed += 1 }
        continue
      }
      outcomes.withLock {
        $0.spent += 1
        if outcome { $0.last += 1 }
      }
    }
  }
  let (spent, last, failed) = outcomes.withLock { $0 }
  #expect(spent == 100 && last == 1 && failed == 100)
}

@Test func aRevokedTokenIsNeverSeenAgain() throws {
  let f = try Fixture()
  let tokens = f.tokens
  let now = f.clock.now
  let revivals = Locked(0)
  for _ in 0..<50 {
    let made = try f.make(f.root)
    let isRevoked = Locked(false)
    concurrently(4) { number in
      if number == 0 {
        try? tokens.revoke(made.entry)
        isRevoked.withLock { $0 = true }
        return
      }
      for _ in 0..<50 {
        let wasRevoked = isRevoked.withLock { $0 }
        let seen = (try? tokens.identify(made.text, now: now, remoteAddress: "")) ?? nil
        if wasRevoked && seen != nil { revivals.withLock { $0 += 1 } }
        if number == 1 {
          _ = try? tokens.renew(made.entry, increment: .hours(1), defaultTTL: .hours(1), maxTTL: .hours(9), now: now)
        }
      }
    }
    #expect(try !f.isAlive(made.text))
  }
  #expect(revivals.withLock { $0 } == 0)
  // Renewals that lost against the revocation left nothing behind.
  #expect(try f.store.keys("sys/token/expiry/").isEmpty)
}

@Test func aTokenThatIsRevokedWhileItIsReadIsNotRemembered() throws {
  var f = try Fixture()
  let made = try f.make(f.root)
  f.restart()
  _ = try f.entry(f.root)
  let tokens = f.tokens
  f.store.afterNextRead.withLock { $0 = { try? tokens.revoke(made.entry) } }
  // This request came before the revocation; those after it did not.
  _ = try f.entry(made.text)
  #expect(try !f.isAlive(made.text))
}

@Test func aBatchTokenDoesNotTakeALaterTokenForItsParent() throws {
  let f = try Fixture()
  let first = try f.make(f.root) { $0.id = "own" }
  let child = try f.make("own") { $0.type = "batch" }
  try f.tokens.revoke(first.entry)
  _ = try f.make(f.root) { $0.id = "own" }
  #expect(try f.isAlive("own") && !f.isAlive(child.text))
}

@Test func aStoreThatFailsIsNoVerdictOnTheToken() throws {
  var f = try Fixture()
  let made = try f.make(f.root)
  f.restart()
  f.store.readsFail.withLock { $0 = true }
  #expect(throws: StoreError.unavailable("test")) { try f.isAlive(made.text) }
  f.store.readsFail.withLock { $0 = false }
  #expect(try f.isAlive(made.text))
}
