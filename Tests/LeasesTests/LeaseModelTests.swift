import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing
import Tokens

@testable import Leases

/// Which tokens and leases there are, kept in the simplest way.
private struct Model {
  struct Token {
    var parent: String?
    var ends: Timestamp
  }
  struct Lease {
    var token: String
    var path: String
    var ends: Timestamp
  }

  var tokens: [String: Token] = [:]
  var leases: [String: Lease] = [:]

  mutating func revokeToken(_ name: String) {
    guard tokens.removeValue(forKey: name) != nil else { return }
    for (id, lease) in leases where lease.token == name { leases[id] = nil }
    for (child, token) in tokens where token.parent == name { revokeToken(child) }
  }

  mutating func pass(_ now: Timestamp) {
    for (name, token) in tokens where token.ends <= now { revokeToken(name) }
    for (id, lease) in leases where lease.ends <= now { leases[id] = nil }
  }
}

/// One history after the other: what is done at random, with crashes in the middle of it, and what a naive model says
/// must then be there.
@Test(arguments: 1...20 as ClosedRange<UInt64>)
func leasesAreAsANaiveModelHasThem(seed: UInt64) throws {
  var f = try Fixture(seed: seed)
  let choices = RandomSource.seeded(seed &+ 10_000)
  func pick<T>(_ things: [T]) -> T? { things.isEmpty ? nil : things[Int(choices.below(UInt64(things.count)))] }
  var model = Model()
  var texts: [String: IssuedToken] = [:]
  var everMade: [String: Lease] = [:]
  let paths = ["database/creds/shop", "database/creds/shop/inner", "database/creds/shops", "database/other"]

  for step in 0..<60 {
    let now = f.clock.now
    let token = pick(model.tokens.keys.sorted())
    let id = pick(model.leases.keys.sorted())
    // Every other history is interrupted now and then: from some commit on nothing is written, and then the process is
    // another one.
    let crashes = seed.isMultiple(of: 2) && choices.below(4) == 0
    if crashes { f.store.failAfter(commits: Int(choices.below(4))) }
    // Sometimes the engine cannot be reached for a while.
    f.vault.state.withLock { $0.refusesAll = choices.below(8) == 0 }

    switch choices.below(12) {
    case 0..<2:
      let ttl = TimeSpan.minutes(Int64(choices.below(200)) + 1)
      let parent = choices.below(2) == 0 ? token : nil
      guard
        let made = try? f.token(
          parent.flatMap { texts[$0]?.text },
          { request in
            request.ttl = ttl
            request.noParent = parent == nil
          })
      else { break }
      texts[made.entry.key] = made
      model.tokens[made.entry.key] = Model.Token(parent: parent, ends: now + ttl)
    case 2..<6:
      guard let token, let entry = texts[token]?.entry, let path = pick(paths) else { break }
      let ttl = TimeSpan.minutes(Int64(choices.below(100)) + 1)
      guard let lease = try? f.secret(path, token: entry, ttl: ttl) else { break }
      everMade[lease.id] = lease
      model.leases[lease.id] = Model.Lease(token: token, path: path, ends: lease.expires)
    case 6:
      guard let id else { break }
      let increment = TimeSpan.minutes(Int64(choices.below(100)) + 1)
      if let renewed = try? f.leases.renew(id, increment: increment, now: now) {
        model.leases[id]?.ends = renewed.lease.expires
      }
    case 7:
      guard let id else { break }
      try? f.leases.revoke(id, sync: choices.below(2) == 0, now: now)
    case 8:
      guard let path = pick(paths + ["database"]) else { break }
      try? f.leases.revokePrefix(path, sync: choices.below(2) == 0, now: now)
    case 9:
      guard let token, let entry = texts[token]?.entry else { break }
      try? f.tokens.revoke(entry)
    case 10: f.clock.advance(.minutes(Int64(choices.below(60))))
    default: f.sweep()
    }

    f.store.failAfter(commits: nil)
    if crashes || choices.below(10) == 0 { f.restart() }
    // What was asked for is done or not done, and never half: whether it is, the leases and tokens themselves say.
    for key in model.tokens.keys.sorted() {
      guard let issued = texts[key], model.tokens[key] != nil else { continue }
      if try f.tokens.lookup(issued.text, now: now) == nil { model.revokeToken(key) }
    }
    for id in model.leases.keys where try f.leases.read(id)?.lease.ending != nil || f.leases.read(id) == nil {
      model.leases[id] = nil
    }
    model.pass(f.clock.now)

    // No secret is ever without a lease that leads to its end.
    let led = Set(try f.store.keys("sys/lease/id/").map { String($0.dropFirst("sys/lease/id/".utf8.count)) })
    for lease in everMade.values where f.holdsSecret(lease) { #expect(led.contains(lease.id), "step \(step)") }
    for id in model.leases.keys {
      #expect(everMade[id].map(f.holdsSecret) == true, "a living lease's secret is gone at step \(step)")
    }
  }

  // Once the engine can be reached and time has been for it, exactly what the model has is left.
  f.vault.state.withLock { $0.refusesAll = false }
  try f.leases.tidy(now: f.clock.now)
  for _ in 0..<12 {
    f.sweep()
    f.clock.advance(.minutes(1))
    model.pass(f.clock.now)
  }
  f.sweep()
  model.pass(f.clock.now)
  let alive = Set(model.leases.keys)
  let left = Set(everMade.keys.filter { id in everMade[id].map(f.holdsSecret) ?? false })
  let records = try ["id/", "due/", "holder/"].map { try f.store.keys("sys/lease/" + $0).count }
  let open = try ["ended/", "irrevocable/"].map { try f.store.keys("sys/lease/" + $0).count }
  #expect(left == alive)
  #expect(records == [alive.count, alive.count, alive.count])
  #expect(open == [0, 0])
}

/// A prefix of many leases and a cascade of tokens, cut off after each commit in turn: everything asked for is dead or
/// alive, and the next process finishes what was begun.
@Test(arguments: 0..<14)
func aCascadeMayBeCutOffAnywhere(commits: Int) throws {
  var f = try Fixture()
  let top = try f.token()
  var leases: [Lease] = []
  for _ in 0..<4 {
    let child = try f.token(top.text)
    for _ in 0..<40 { leases.append(try f.secret(token: child.entry)) }
  }
  let other = try f.token()
  let kept = try f.secret(token: other.entry)
  f.sweep()
  f.store.failAfter(commits: commits)
  try? f.tokens.revoke(top.entry)
  _ = f.leases.sweep(now: f.clock.now)
  f.store.failAfter(commits: nil)
  let isRevoked = try f.tokens.lookup(top.text, now: f.clock.now) == nil
  #expect(isRevoked == (commits > 0))
  f.restart()
  f.sweep()
  f.clock.advance(.seconds(40))
  f.sweep()
  #expect(leases.filter(f.holdsSecret).count == (isRevoked ? 0 : leases.count))
  #expect(try leases.filter { try f.isThere($0) }.count == (isRevoked ? 0 : leases.count))
  #expect(try f.isThere(kept) && f.holdsSecret(kept))
}
