import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing
import Tokens

@testable import Leases

@Test func aMountThatHangsLeavesWorkersToOthers() {
  var work = LeaseWork()
  let now = Timestamp(seconds: 1_800_000_000)
  while case .task(let task) = work.next(now) {
    if case .load(let hour) = task {
      _ = work.beginLoading(through: hour)
      work.endLoading(now)
    }
    if task == .endHeld { work.endedHeld(completely: true, now) }
  }
  for i in 0..<20 { work.schedule("slow/\(i)", at: now) }
  work.schedule("fast/1", at: now)
  var running: [String] = []
  var turns = 0
  while case .task(.revoke(let id)) = work.next(now) {
    turns += 1
    if work.claim(id, lane: String(id.prefix(4)), now) { running.append(id) }
  }
  #expect(turns == 21)
  #expect(running.filter { $0.hasPrefix("slow") }.count == LeaseWork.laneWidth)
  #expect(running.contains("fast/1"))
  // Each that ends lets another one in, until all were there.
  var done = 0
  while let id = running.popLast() {
    if let next = work.release(id, lane: String(id.prefix(4)), now) { running.append(next) }
    done += 1
    #expect(running.count <= LeaseWork.laneWidth + 1)
  }
  #expect(done == 21)
}

/// Those that wait for a place are not forgotten when others end the leases that would have come next.
@Test func aLaneGoesOnWhateverBecomesOfThoseThatWait() {
  var work = LeaseWork()
  let now = Timestamp(seconds: 1_800_000_000)
  _ = work.beginLoading(through: LeasePaths.hour(now) + 1)
  for i in 0..<10 { _ = work.claim("a/\(i)", lane: "a", now) }
  // The first four run. A request is at the next one, and the one after that is gone.
  let isClaimed = work.claim("a/4")
  #expect(isClaimed)
  work.schedule("a/5", at: nil)
  var ended: [String] = []
  var id: String? = "a/0"
  while let claimed = id {
    ended.append(claimed)
    id = work.release(claimed, lane: "a", now)
  }
  #expect(ended == ["a/0", "a/5", "a/6", "a/7", "a/8", "a/9"])
  work.release("a/4")
  var comesAgain = false
  while case .task(let task) = work.next(now + .seconds(2)) { if task == .revoke("a/4") { comesAgain = true } }
  #expect(comesAgain)
  // Its place is free again, and only that.
  let firstIsIn = work.claim("a/10", lane: "a", now)
  let secondIsIn = work.claim("a/11", lane: "a", now)
  #expect(firstIsIn && !secondIsIn)
}

@Test func aLeaseSomebodyIsAtComesAgain() {
  var work = LeaseWork()
  let now = Timestamp(seconds: 0)
  _ = work.beginLoading(through: 2)
  work.schedule("a/1", at: now)
  let isClaimed = work.claim("a/1")
  #expect(isClaimed)
  var tried = 0
  while case .task(let task) = work.next(now) {
    guard case .revoke(let id) = task else { continue }
    tried += 1
    let isClaimed = work.claim(id, lane: "a", now)
    #expect(!isClaimed)
  }
  #expect(tried == 1)
  work.release("a/1")
  var found = false
  while case .task(let task) = work.next(now + .seconds(2)) { if task == .revoke("a/1") { found = true } }
  #expect(found)
}

@Test func pausesGrowAndEnd() {
  let random = RandomSource.seeded(5)
  var last = TimeSpan.zero
  for attempt in 1..<RevocationBackoff.attempts {
    let pause = RevocationBackoff.pause(after: attempt, random: random) ?? .zero
    #expect(pause >= .seconds(10 << Int64(attempt - 1)) && pause > last)
    #expect(pause < .minutes(5))
    last = pause
  }
  #expect(RevocationBackoff.pause(after: RevocationBackoff.attempts, random: random) == nil)
}

@Test func workersEndLeasesAndStop() throws {
  let f = try Fixture()
  let token = try f.token()
  f.leases.start()
  let leases = try (0..<100).map { _ in try f.secret(token: token.entry) }
  try f.tokens.revoke(token.entry)
  let deadline = WallClock.monotonicNanoseconds() + 20_000_000_000
  while !f.vault.secrets.isEmpty, WallClock.monotonicNanoseconds() < deadline {}
  while try !f.store.keys("sys/lease/").isEmpty, WallClock.monotonicNanoseconds() < deadline {}
  #expect(try leases.allSatisfy { try !f.isThere($0) })
  f.leases.stop()
  #expect(f.leases.work.withLock { $0.threads } == 0)
}

@Test func manyLeasesDoNotDelayTheStart() throws {
  var f = try Fixture()
  let token = try f.token { $0.ttl = .hours(100) }.entry
  f.settings.maxTTL = .hours(100)
  for _ in 0..<2000 { _ = try f.secret(token: token, ttl: .hours(48), maxTTL: .hours(48)) }
  f.restart()
  _ = f.leases.sweep(now: f.clock.now)
  #expect(f.leases.work.withLock { $0.queued } == 0)
  f.clock.advance(.hours(47))
  _ = f.leases.sweep(now: f.clock.now)
  #expect(f.leases.work.withLock { $0.queued } == 2000)
}

@Test func whatIsCountedIsWhatThereIs() throws {
  let f = try Fixture()
  let token = try f.token().entry
  for _ in 0..<3 { _ = try f.secret(token: token, ttl: .minutes(1)) }
  f.sweep()
  // With the token.
  #expect(f.metrics.gauge("vault.expire.num_leases").value == 4)
  f.clock.advance(.minutes(2))
  f.sweep()
  #expect(f.metrics.gauge("vault.expire.num_leases").value == 1)
  #expect(f.metrics.counter("vault.expire.lease_expiration").total == 3)
  #expect(f.metrics.prometheus().contains("vault_expire_leases_by_expiration{expiring="))
}

@Test func aSweepThatFailsIsDoneAgain() throws {
  let f = try Fixture()
  let token = try f.token().entry
  let lease = try f.secret(token: token, ttl: .minutes(1))
  f.sweep()
  f.clock.advance(.minutes(1))
  f.store.failAfter(commits: 0)
  _ = f.leases.sweep(now: f.clock.now)
  // Given back, but not forgotten: the engine is asked again.
  #expect(try !f.holdsSecret(lease) && f.isThere(lease))
  f.store.failAfter(commits: nil)
  f.clock.advance(.seconds(6))
  _ = f.leases.sweep(now: f.clock.now)
  #expect(try !f.isThere(lease) && f.vault.asked == 2)
}
