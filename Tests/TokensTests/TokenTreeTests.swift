import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import Tokens

/// What tokens are alive, kept in the simplest way.
private struct Model {
  var parents: [String: String?] = [:]

  mutating func revoke(_ name: String) {
    for (child, parent) in parents where parent == name { revoke(child) }
    parents[name] = nil
  }

  mutating func revokeOrphan(_ name: String) {
    for (child, parent) in parents where parent == name { parents[child] = .some(nil) }
    parents[name] = nil
  }
}

@Test(arguments: 1...24 as ClosedRange<UInt64>)
func theTreeIsAsANaiveModelHasIt(seed: UInt64) throws {
  var f = try Fixture(seed: seed)
  let choices = RandomSource.seeded(seed &+ 1000)
  var model = Model(parents: ["root": nil])
  var everMade: [String: TokenEntry] = [:]
  for step in 0..<150 {
    let living = model.parents.keys.filter { $0 != "root" }.sorted()
    func anyone() -> String? { living.isEmpty ? nil : living[Int(choices.below(UInt64(living.count)))] }
    switch choices.below(10) {
    case 0..<6:
      let parent = anyone() ?? "root"
      let isOrphan = choices.below(6) == 0
      // Ids come again, so that old tokens' children meet new tokens of the same id.
      let id = "t\(choices.below(16))"
      if model.parents[id] != nil { continue }
      everMade[id] = try f.make(parent) {
        $0.id = id
        $0.noParent = isOrphan
      }.entry
      model.parents[id] = isOrphan ? .some(nil) : parent
    case 6:
      guard let victim = anyone(), let entry = try f.entry(victim) else { continue }
      try f.tokens.revoke(entry)
      model.revoke(victim)
    case 7:
      guard let victim = anyone(), let entry = try f.entry(victim) else { continue }
      try f.tokens.revokeOrphan(entry)
      model.revokeOrphan(victim)
    default:
      // A revocation that is interrupted counts once its first batch is written.
      guard let victim = anyone(), let entry = try f.entry(victim) else { continue }
      f.store.failAfter(commits: Int(choices.below(3)))
      do { try f.tokens.revoke(entry) } catch {}
      f.store.failAfter(commits: nil)
      f.restart()
      if try f.entry(victim) == nil { model.revoke(victim) }
      if choices.below(2) == 0 { _ = f.tokens.sweep(now: f.clock.now) }
    }
    if step % 10 == 0 { f.restart() }
    for id in everMade.keys {
      let isAlive = try f.isAlive(id)
      #expect(isAlive == (model.parents[id] != nil), "\(id) at step \(step)")
      if isAlive { #expect(try f.entry(id)?.orphan == (model.parents[id] == .some(nil)), "\(id) at step \(step)") }
    }
  }
  // What is dead leaves nothing behind.
  _ = f.tokens.sweep(now: f.clock.now)
  try f.tokens.tidy(now: f.clock.now)
  #expect(try f.store.keys("sys/token/id/").count == model.parents.count)
  #expect(try f.tokens.accessors().count == model.parents.count)
  #expect(try f.store.keys("sys/token/child/").count == model.parents.values.filter { $0 != nil }.count)
  #expect(try f.store.keys("sys/token/expiry/").count == model.parents.count - 1)
  #expect(try f.store.keys("sys/token/path/").count == model.parents.count - 1)
  #expect(try f.store.keys("sys/token/revoke/").isEmpty)
}

@Test func aLargeTreeEndsAtOnceAndInBoundedBatches() throws {
  var f = try Fixture()
  let top = try f.make(f.root) { $0.policies = ["maker"] }
  var all: [String] = []
  for _ in 0..<20 {
    let middle = try f.make(top.text)
    all.append(middle.text)
    for _ in 0..<20 { all.append(try f.make(middle.text).text) }
  }
  // The store fails right after the first batch: everything is dead all the same, now and for the next process.
  f.store.failAfter(commits: 1)
  #expect(throws: StoreError.full) { try f.tokens.revoke(top.entry) }
  #expect(try all.filter { try f.isAlive($0) }.isEmpty)
  f.store.failAfter(commits: nil)
  f.restart()
  #expect(try all.filter { try f.isAlive($0) }.isEmpty)
  #expect(try f.tokens.accessors().count > 400)
  _ = f.tokens.sweep(now: f.clock.now)
  #expect(try f.tokens.accessors().count == 1)
  #expect(f.store.largestBatch.withLock { $0 } <= 32 * 12)
}

@Test func orphansOutliveTheirMaker() throws {
  let f = try Fixture()
  let top = try f.make(f.root)
  var children: [IssuedToken] = []
  for _ in 0..<70 { children.append(try f.make(top.text)) }
  try f.tokens.revokeOrphan(top.entry)
  #expect(try !f.isAlive(top.text))
  for child in children { #expect(try f.entry(child.text)?.orphan == true) }
}

@Test func revocationTakesTheCubbyholeAndWhatOthersAdd() throws {
  let f = try Fixture()
  f.tokens.onRevoked { [.delete(key: "lease/\($0.accessor)")] }
  let made = try f.make(f.root)
  var batch = WriteBatch()
  batch.put("logical/cubby/\(made.entry.cubbyholeID)/a/b", [1])
  batch.put("logical/cubby/\(made.entry.cubbyholeID)x/a", [1])
  batch.put("lease/\(made.entry.accessor)", [1])
  _ = try f.store.commit(batch)
  try f.tokens.revoke(made.entry)
  #expect(try f.store.keys("logical/") == ["logical/cubby/\(made.entry.cubbyholeID)x/a"])
  #expect(try f.store.keys("lease/").isEmpty)
}

@Test func aPrefixEndsAllThatCameFromBelowIt() throws {
  let f = try Fixture()
  func login(_ path: String) throws -> String {
    try f.tokens.issue(
      login: LoginGrant(aliasName: "", displayName: "", policies: []), mountPath: "auth/", mountTokenType: "",
      defaultTTL: .hours(1), maxTTL: .hours(1), now: f.clock.now, path: path
    ).text
  }
  let inside = try (0..<300).map { try login("auth/userpass/login/u\($0 % 3)") }
  let outside = try [login("auth/userpass2/login/u"), login("auth/user/login/u")]
  try f.tokens.revokePrefix("auth/userpass/")
  #expect(try inside.filter { try f.isAlive($0) }.isEmpty)
  #expect(try outside.allSatisfy { try f.isAlive($0) })
}
