import EngineAPI
import JSONText
import MemoryStore
import Primitives
import StorageAPI
import Testing

@testable import Tokens

/// A store in memory that can be told to fail.
final class FailingStore: LogicalStore {
  private let inner = MemoryStore()
  private let commitsLeft = Locked<Int?>(nil)
  let readsFail = Locked(false)
  /// Done once, after the value was read and before it is returned.
  let afterNextRead = Locked<(@Sendable () -> Void)?>(nil)
  let largestBatch = Locked(0)

  /// Every commit after that many fails, until nil is set.
  func failAfter(commits: Int?) { commitsLeft.withLock { $0 = commits } }

  func get(_ key: String) throws(StoreError) -> StoredValue? {
    if readsFail.withLock({ $0 }) { throw .unavailable("test") }
    let value = try inner.get(key)
    let action = afterNextRead.withLock { action in
      defer { action = nil }
      return action
    }
    action?()
    return value
  }

  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try inner.list(prefix, after: after, limit: limit)
  }

  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    let fails = commitsLeft.withLock { left in
      guard let count = left else { return false }
      left = max(0, count - 1)
      return count == 0
    }
    if fails { throw .full }
    largestBatch.withLock { $0 = max($0, batch.writes.count) }
    return try inner.commit(batch)
  }

  /// Every key below the prefix.
  func keys(_ prefix: String) throws -> [String] {
    try inner.list(prefix, after: nil, limit: .max).flatMap { name in
      name.hasSuffix("/") ? try keys(prefix + name) : [prefix + name]
    }
  }
}

/// A clock that stands until it is moved.
final class ManualClock: Sendable {
  private let time = Locked(Timestamp(seconds: 1_800_000_000))
  var now: Timestamp { time.withLock { $0 } }
  func advance(_ span: TimeSpan) { time.withLock { $0 = $0 + span } }
  var wall: WallClock { WallClock { self.now } }
}

struct Fixture {
  let store = FailingStore()
  let clock = ManualClock()
  let random: RandomSource
  var tokens: TokenStore
  let root: String

  init(seed: UInt64 = 1) throws {
    random = .seeded(seed)
    tokens = Self.open(store, clock, random)
    root = try tokens.issueRoot(id: "root", now: clock.now)
  }

  static func open(_ store: FailingStore, _ clock: ManualClock, _ random: RandomSource) -> TokenStore {
    TokenStore(store: store, cubbyholePrefix: "logical/cubby/", clock: clock.wall, random: random, log: { _ in })
  }

  /// The same storage seen by a new process.
  mutating func restart() { tokens = Self.open(store, clock, random) }

  var wrapping: Wrapping {
    Wrapping(store: store, tokens: tokens, cubbyholePrefix: "logical/cubby/", random: random)
  }

  func entry(_ text: String) throws -> TokenEntry? {
    try tokens.identify(text, now: clock.now, remoteAddress: "192.0.2.7")
  }

  func isAlive(_ text: String) throws -> Bool { try entry(text) != nil }

  /// Makes a token as somebody with `sudo` would.
  func make(_ parent: String, _ edit: (inout TokenRequest) -> Void = { _ in }) throws -> IssuedToken {
    var request = TokenRequest(path: "auth/token/create")
    request.policies = ["default"]
    request.ttl = .hours(1)
    edit(&request)
    return try tokens.create(
      request: request, parent: try #require(try entry(parent)), under: Self.circumstances(), now: clock.now)
  }

  static func circumstances(sudo: Bool = true) -> TokenCircumstances {
    TokenCircumstances(
      hasSudo: sudo, defaultTTL: .hours(768), maxTTL: .hours(768),
      policyExists: { ["default", "maker", "shop"].contains($0) })
  }
}
