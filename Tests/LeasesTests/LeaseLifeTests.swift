import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing
import Tokens

@testable import Leases

@Test func aLeaseIsFoundRenewedAndGivenBack() throws {
  let f = try Fixture()
  let token = try f.token().entry
  let lease = try f.secret(token: token)
  let parts = lease.id.split(separator: "/")
  #expect(parts.dropLast().joined(separator: "/") == "database/creds/shop")
  #expect(parts.last?.utf8.count == 24)
  #expect(try f.leases.names(below: "database/creds") == ["shop/"])
  #expect(try f.leases.names(below: "") == ["auth/", "database/"])
  #expect(try f.leases.names(below: "/database/creds/shop/") == [parts.last.map(String.init)])
  f.clock.advance(.minutes(10))
  let (renewed, warnings) = try f.leases.renew(lease.id, increment: .minutes(90), now: f.clock.now)
  #expect(renewed.expires == f.clock.now + .minutes(90) && warnings.isEmpty)
  #expect(try f.leases.face(lease.id, now: f.clock.now)?.lastRenewal == f.clock.now)
  try f.leases.revoke(lease.id, now: f.clock.now)
  #expect(try !f.isThere(lease) && !f.holdsSecret(lease))
  #expect(throws: EngineError.invalid("lease not found")) {
    try f.leases.renew(lease.id, increment: .zero, now: f.clock.now)
  }
  try f.leases.revoke(lease.id, now: f.clock.now)
  #expect(try f.store.keys("sys/lease/").isEmpty)
}

@Test func aRenewalStaysWithinEveryLimit() throws {
  let f = try Fixture()
  let token = try f.token().entry
  let lease = try f.secret(token: token)
  f.clock.advance(.minutes(30))
  // The engine's maximum counts from the issue.
  let (first, warnings) = try f.leases.renew(lease.id, increment: .hours(30), now: f.clock.now)
  #expect(first.expires == lease.issued + .hours(10))
  #expect(
    warnings == ["TTL of \"30h\" exceeded the effective max_ttl of \"9h30m\"; TTL value is capped accordingly"])
  // Without an increment: what the engine says, or else the mount's default.
  f.vault.state.withLock { $0.ttl = .minutes(7) }
  #expect(try f.leases.renew(lease.id, increment: .zero, now: f.clock.now).lease.ttl == .minutes(7))
  f.vault.state.withLock { $0.ttl = .zero }
  #expect(try f.leases.renew(lease.id, increment: .zero, now: f.clock.now).lease.ttl == .hours(1))
  f.vault.state.withLock { $0.maxTTL = .minutes(20) }
  #expect(throws: EngineError.invalid("past the max TTL, cannot renew")) {
    try f.leases.renew(lease.id, increment: .hours(1), now: f.clock.now)
  }
  // Nothing outlives a batch token.
  f.vault.state.withLock { $0 = Vault.State(secrets: $0.secrets) }
  let batch = try f.token { request in
    request.type = "batch"
    request.ttl = .minutes(5)
  }.entry
  let short = try f.secret(token: batch)
  #expect(short.ttl == .minutes(5))
  f.clock.advance(.minutes(1))
  #expect(try f.leases.renew(short.id, increment: .hours(1), now: f.clock.now).lease.ttl == .minutes(4))
}

@Test func leasesEndWithTheirTime() throws {
  var f = try Fixture()
  let token = try f.token().entry
  let short = try f.secret(token: token, ttl: .minutes(3))
  let long = try f.secret(token: token, ttl: .hours(4))
  var next = f.leases.sweep(now: f.clock.now)
  #expect(next == short.expires)
  f.clock.advance(.minutes(3))
  #expect(throws: EngineError.invalid("lease expired")) {
    try f.leases.renew(short.id, increment: .zero, now: f.clock.now)
  }
  _ = f.leases.sweep(now: f.clock.now)
  #expect(try !f.isThere(short) && !f.holdsSecret(short) && f.isThere(long) && f.holdsSecret(long))
  // The clock goes where the store says that something is to be done, in a new process.
  f.restart()
  for _ in 0..<100 where f.holdsSecret(long) {
    next = f.leases.sweep(now: f.clock.now)
    if !f.holdsSecret(long) { break }
    #expect(next > f.clock.now)
    f.clock.advance(next - f.clock.now)
  }
  #expect(f.clock.now == long.expires)
}

@Test func leasesEndWithTheirToken() throws {
  let f = try Fixture()
  let parent = try f.token()
  let child = try f.token(parent.text)
  let batch = try f.token(parent.text) { $0.type = "batch" }
  let other = try f.token()
  let orphan = try f.token(parent.text) { $0.noParent = true }
  let gone = try [parent, child, batch].map { try f.secret(token: $0.entry) }
  let kept = try [other, orphan].map { try f.secret(token: $0.entry) }
  f.sweep()
  try f.tokens.revoke(parent.entry)
  _ = f.leases.sweep(now: f.clock.now)
  #expect(try gone.filter { try f.isThere($0) || f.holdsSecret($0) }.isEmpty)
  #expect(try kept.allSatisfy { try f.isThere($0) && f.holdsSecret($0) })
  #expect(try f.store.keys("sys/lease/ended/").isEmpty)
  #expect(try f.store.keys("sys/lease/holder/").count == 2)
  // Whoever has no token any more gets no lease.
  #expect(throws: EngineError.self) { try f.secret(token: parent.entry) }
  #expect(try f.store.keys("sys/lease/id/").count == 2)
}

@Test func aTokenOfTheSameTextHasNothingToDoWithAnotherOnesLeases() throws {
  let f = try Fixture()
  let first = try f.token { $0.id = "app" }
  let old = try f.secret(token: first.entry)
  try f.tokens.revoke(first.entry)
  let second = try f.token { $0.id = "app" }
  let new = try f.secret(token: second.entry)
  f.sweep()
  #expect(try !f.isThere(old) && f.isThere(new))
}

@Test func aPrefixIsMadeOfWholeParts() throws {
  let f = try Fixture()
  let token = try f.token().entry
  let shop = try (0..<100).map { try f.secret("database/creds/shop/\($0 % 3)", token: token) }
  let shops = try f.secret("database/creds/shops", token: token)
  try f.leases.revokePrefix("database/creds/shop", now: f.clock.now)
  #expect(try shop.filter { try f.isThere($0) || f.holdsSecret($0) }.isEmpty)
  #expect(try f.isThere(shops))
  // A prefix that is a lease's id means that lease; tokens are below prefixes, too.
  try f.leases.revokePrefix(shops.id, now: f.clock.now)
  #expect(try !f.isThere(shops))
  try f.leases.revokePrefix("auth/token/create", now: f.clock.now)
  #expect(try f.tokens.current(token) == nil)
  #expect(throws: EngineError.self) { try f.leases.revokePrefix("/", now: f.clock.now) }
}

@Test func tokensAreLeasesToClients() throws {
  let f = try Fixture()
  let token = try f.token().entry
  let id = f.tokens.leaseID(of: token)
  #expect(id == "auth/token/create/h" + token.key)
  let face = try #require(try f.leases.face(id, now: f.clock.now))
  #expect(face.expires == token.expireTime && face.renewable)
  #expect(try f.leases.face("auth/token/h" + token.key, now: f.clock.now) == nil)
  #expect(throws: EngineError.invalid("tokens cannot be renewed through this endpoint")) {
    try f.leases.renew(id, increment: .zero, now: f.clock.now)
  }
  try f.leases.revoke(id, now: f.clock.now)
  #expect(try f.tokens.current(token) == nil && f.leases.face(id, now: f.clock.now) == nil)
}

@Test func whatCannotBeGivenBackIsTriedAgainAndThenKept() throws {
  var f = try Fixture()
  let token = try f.token().entry
  let lease = try f.secret(token: token)
  f.sweep()
  f.vault.state.withLock { $0.refusesAll = true }
  let text = "failed to revoke entry: resp: (*logical.Response)(nil) err: the database is away"
  #expect(throws: EngineError.invalid(text)) { try f.leases.revoke(lease.id, now: f.clock.now) }
  #expect(try f.isThere(lease))
  // Dead all the same.
  #expect(throws: EngineError.invalid("lease not found")) {
    try f.leases.renew(lease.id, increment: .zero, now: f.clock.now)
  }
  var pauses: [TimeSpan] = []
  for _ in 0..<200 {
    let asked = f.vault.asked
    let due = try f.leases.read(lease.id)?.lease.due
    let next = f.leases.sweep(now: f.clock.now)
    if f.vault.asked > asked { f.restart() }
    guard due != nil else { break }
    pauses.append(next - f.clock.now)
    f.clock.advance(max(.seconds(1), min(next - f.clock.now, .minutes(1))))
  }
  #expect(f.vault.asked == RevocationBackoff.attempts)
  let kept = try f.leases.irrevocable()
  #expect(kept.map(\.id) == [lease.id] && kept.map(\.failure) == ["the database is away"])
  #expect(kept.map(\.mountPath) == ["database/"])
  // It waits for an operator, whatever the time is.
  f.clock.advance(.hours(100))
  f.sweep()
  #expect(f.vault.asked == RevocationBackoff.attempts)
  // Tidying tries once more; in the end it is given up by force.
  try f.leases.tidy(now: f.clock.now)
  f.sweep()
  #expect(f.vault.asked == RevocationBackoff.attempts + 1)
  #expect(try f.leases.irrevocableCount() == 1)
  try f.leases.revokeForce("database", now: f.clock.now)
  #expect(try !f.isThere(lease) && f.holdsSecret(lease))
  #expect(try f.store.keys("sys/lease/").isEmpty)
}

@Test func aLeaseIsNotGivenUpWhileItsEngineCannotReachAnything() throws {
  var f = try Fixture()
  let lease = try f.secret(token: try f.token().entry)
  f.sweep()
  f.vault.state.withLock { $0.isAway = true }
  let text = "failed to revoke entry: resp: (*logical.Response)(nil) err: no connection"
  #expect(throws: EngineError.invalid(text)) { try f.leases.revoke(lease.id, now: f.clock.now) }
  for attempt in 1..<(5 * RevocationBackoff.attempts) {
    let known = try #require(try f.leases.read(lease.id)?.lease)
    let due = try #require(known.due)
    #expect(f.vault.asked == attempt && !known.isIrrevocable)
    #expect(due > f.clock.now && due - f.clock.now < .minutes(5))
    // Not before its time, whoever looks.
    f.clock.advance(TimeSpan(nanoseconds: (due - f.clock.now).nanoseconds - 1_000_000_000))
    f.restart()
    f.sweep()
    #expect(f.vault.asked == attempt)
    f.clock.advance(.seconds(1))
    f.sweep()
  }
  #expect(try f.leases.irrevocableCount() == 0)
  // Refusals after all that are counted, and end.
  f.vault.state.withLock { state in
    state.isAway = false
    state.refusesAll = true
  }
  f.clock.advance(.minutes(5))
  f.sweep()
  #expect(try f.leases.irrevocable().map(\.id) == [lease.id])
}

@Test func aLeaseIsRevokedOnceItsEngineReachesEverythingAgain() throws {
  let f = try Fixture()
  let lease = try f.secret(token: try f.token().entry, ttl: .minutes(1))
  f.sweep()
  f.vault.state.withLock { $0.isAway = true }
  for _ in 0..<(3 * RevocationBackoff.attempts) {
    f.clock.advance(.minutes(5))
    f.sweep()
  }
  #expect(f.holdsSecret(lease) && f.vault.asked == 3 * RevocationBackoff.attempts)
  f.vault.state.withLock { $0.isAway = false }
  f.clock.advance(.minutes(5))
  f.sweep()
  #expect(try !f.isThere(lease) && !f.holdsSecret(lease))
}

@Test func aPrefixStopsWaitingAtTheFirstFailureAndGoesOnByItself() throws {
  let f = try Fixture()
  let token = try f.token().entry
  let leases = try (0..<5).map { _ in try f.secret(token: token) }.sorted { $0.id < $1.id }
  f.sweep()
  let stuck = leases[1].data["name"]?.stringValue ?? ""
  _ = f.vault.state.withLock { $0.refused.insert(stuck) }
  let reason = "failed to revoke entry: resp: (*logical.Response)(nil) err: the database is away"
  #expect(throws: EngineError.invalid("failed to revoke \"\(leases[1].id)\" (2 / 5): \(reason)")) {
    try f.leases.revokePrefix("database", now: f.clock.now)
  }
  #expect(f.vault.secrets.count == 4)
  f.sweep()
  #expect(f.vault.secrets == [stuck])
}

@Test func aMountThatIsGoneIsAFailureThatForceEnds() throws {
  let f = try Fixture()
  let token = try f.token().entry
  let lease = try f.secret(token: token, mount: "gone")
  #expect(throws: EngineError.self) { try f.leases.revoke(lease.id, now: f.clock.now) }
  #expect(throws: EngineError.self) { try f.leases.renew(lease.id, increment: .zero, now: f.clock.now) }
  try f.leases.revokeForce(lease.id, now: f.clock.now)
  #expect(try !f.isThere(lease))
}

@Test func tidyingRepairsWhatStorageLost() throws {
  let f = try Fixture()
  let token = try f.token()
  let other = try f.token()
  let lost = try f.secret(token: token.entry)
  let held = try f.secret(token: other.entry)
  var batch = WriteBatch()
  batch.writes.append(.deletePrefix("sys/lease/due/"))
  batch.writes.append(.deletePrefix("sys/token/id/" + other.entry.key))
  batch.writes.append(.deletePrefix("sys/token/accessor/" + held.holder))
  batch.put("sys/lease/due/00500000/nothing", DueEntry(time: f.clock.now, id: "database/nothing").bytes)
  batch.put("sys/lease/holder/x/nothing", Array("database/nothing".utf8))
  _ = try f.store.commit(batch)
  try f.leases.tidy(now: f.clock.now)
  f.sweep()
  #expect(try f.isThere(lost) && !f.isThere(held) && !f.holdsSecret(held))
  #expect(try f.store.keys("sys/lease/").count == 3)
  f.clock.advance(.hours(1))
  f.sweep()
  #expect(try f.store.keys("sys/lease/").isEmpty && f.vault.secrets.isEmpty)
}
