import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import Tokens

@Test(arguments: 1...5 as ClosedRange<UInt64>)
func theQueueGivesWhatIsDueInOrder(seed: UInt64) {
  let random = RandomSource.seeded(seed)
  var queue = ExpiryQueue()
  var model: [String: Timestamp] = [:]
  var now = Timestamp(seconds: 0)
  for _ in 0..<3000 {
    let key = "k\(random.below(60))"
    switch random.below(8) {
    case 0..<5:
      let time = now + .seconds(Int64(random.below(50)))
      queue.schedule(key, at: time)
      model[key] = time
    case 5:
      queue.cancel(key)
      model[key] = nil
    default:
      now = now + .seconds(Int64(random.below(5)))
      let limit = Int(random.below(4)) + 1
      let due = queue.takeDue(now, limit: limit)
      let expected = model.values.filter { $0 <= now }.sorted().prefix(limit)
      #expect(due.compactMap { model[$0] } == Array(expected))
      for key in due { model[key] = nil }
    }
    #expect(queue.next() == model.values.min())
    #expect(queue.count == model.count)
  }
}

@Test func endedTokensAreRemovedWhenTheirTimeComes() throws {
  var f = try Fixture()
  let short = try f.make(f.root) { $0.ttl = .seconds(90) }
  let child = try f.make(short.text) { $0.ttl = .hours(5) }
  let renewed = try f.make(f.root) { $0.ttl = .seconds(90) }
  let long = try f.make(f.root) { $0.ttl = .hours(100) }
  var next = try #require(f.tokens.sweep(now: f.clock.now))
  #expect(next <= f.clock.now + .seconds(90))
  f.clock.advance(.seconds(60))
  _ = try f.tokens.renew(renewed.entry, increment: .zero, defaultTTL: .hours(1), maxTTL: .hours(9), now: f.clock.now)
  f.clock.advance(.seconds(30))
  // Dead by the clock, before anybody swept.
  #expect(try !f.isAlive(short.text) && !f.isAlive(child.text))
  _ = f.tokens.sweep(now: f.clock.now)
  #expect(try f.isAlive(renewed.text) && f.isAlive(long.text))
  #expect(try f.tokens.accessors().count == 3)
  f.restart()
  // The clock goes where the store says that something is to be done, until everything has ended.
  for _ in 0..<300 where try f.tokens.accessors().count > 1 {
    next = try #require(f.tokens.sweep(now: f.clock.now))
    #expect(next > f.clock.now)
    f.clock.advance(next - f.clock.now)
  }
  #expect(try f.tokens.accessors().count == 1)
  #expect(f.clock.now < Timestamp(seconds: 1_800_000_000) + .hours(102))
}

@Test func aSweepThatFailsIsDoneAgain() throws {
  let f = try Fixture()
  _ = try f.make(f.root) { $0.ttl = .seconds(5) }
  _ = f.tokens.sweep(now: f.clock.now)
  f.clock.advance(.seconds(6))
  f.store.failAfter(commits: 0)
  let next = try #require(f.tokens.sweep(now: f.clock.now))
  #expect(next == f.clock.now + .seconds(5))
  #expect(try f.tokens.accessors().count == 2)
  f.store.failAfter(commits: nil)
  f.clock.advance(.seconds(5))
  _ = f.tokens.sweep(now: f.clock.now)
  #expect(try f.tokens.accessors().count == 1)
}

@Test func theThreadRevokesAndStops() throws {
  let f = try Fixture()
  let made = try f.make(f.root) { $0.numberOfUses = 1 }
  f.tokens.startExpiry()
  #expect(try f.tokens.spendUse(made.entry) == true)
  f.tokens.revokeLater(made.entry)
  let deadline = WallClock.monotonicNanoseconds() + 10_000_000_000
  while try f.tokens.current(made.entry) != nil, WallClock.monotonicNanoseconds() < deadline {}
  #expect(try f.tokens.current(made.entry) == nil)
  f.tokens.stopExpiry()
  // Without the thread it is done at once.
  let other = try f.make(f.root) { $0.numberOfUses = 1 }
  #expect(try f.tokens.spendUse(other.entry) == true)
  f.tokens.revokeLater(other.entry)
  #expect(try f.tokens.current(other.entry) == nil)
}

@Test func manyTokensDoNotDelayTheStart() throws {
  var f = try Fixture()
  for _ in 0..<3000 { _ = try f.make(f.root) { $0.ttl = .hours(48) } }
  f.restart()
  _ = f.tokens.sweep(now: f.clock.now)
  #expect(f.tokens.expiry.withLock { $0.queue.count } == 0)
  f.clock.advance(.hours(47))
  _ = f.tokens.sweep(now: f.clock.now)
  #expect(f.tokens.expiry.withLock { $0.queue.count } == 3000)
}
