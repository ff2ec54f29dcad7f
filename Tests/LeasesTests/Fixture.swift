import EngineAPI
import JSONText
import MemoryStore
import Metrics
import Primitives
import StorageAPI
import Testing
import Tokens

@testable import Leases

/// A store in memory that can be told to fail.
final class FailingStore: LogicalStore {
  private let inner = MemoryStore()
  private let commitsLeft = Locked<Int?>(nil)
  let commits = Locked(0)

  /// Every commit after that many fails, until nil is set.
  func failAfter(commits: Int?) { commitsLeft.withLock { $0 = commits } }

  func get(_ key: String) throws(StoreError) -> StoredValue? { try inner.get(key) }
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
    commits.withLock { $0 += 1 }
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

/// Where an engine's secrets are, which it gives back when it is asked, unless it is told to refuse.
final class Vault: Sendable {
  struct State {
    var secrets: Set<String> = []
    var refused: Set<String> = []
    var refusesAll = false
    /// It cannot be reached, which engines say with 503.
    var isAway = false
    var asked = 0
    /// What a renewal is answered with; nil for the increment.
    var ttl: TimeSpan?
    var maxTTL = TimeSpan.hours(10)
  }
  let state = Locked(State())
  var secrets: Set<String> { state.withLock { $0.secrets } }
  var asked: Int { state.withLock { $0.asked } }
}

struct LeasingEngine: Engine {
  let vault: Vault
  static let routes: [Route<LeasingEngine>] = []

  func revoke(_ lease: LeaseRequest) throws {
    try vault.state.withLock { state in
      let name = lease.internalData["name"]?.stringValue ?? ""
      state.asked += 1
      if state.isAway { throw EngineError(status: 503, messages: ["no connection"]) }
      if state.refusesAll || state.refused.contains(name) { throw EngineError.invalid("the database is away") }
      state.secrets.remove(name)
    }
  }

  func renew(_ lease: LeaseRequest, increment: TimeSpan) throws -> LeaseRequest {
    var lease = lease
    (lease.ttl, lease.maxTTL) = vault.state.withLock { ($0.ttl ?? increment, $0.maxTTL) }
    return lease
  }
}

struct Fixture {
  let store = FailingStore()
  let clock = ManualClock()
  let vault = Vault()
  let metrics = MetricsRegistry()
  let random: RandomSource
  var tokens: TokenStore
  var leases: LeaseStore
  let root: String
  var settings = MountSettings(defaultTTL: .hours(1), maxTTL: .hours(20), options: [:])

  init(seed: UInt64 = 1) throws {
    random = .seeded(seed)
    (tokens, leases) = Self.open(store, clock, vault, metrics, random, settings)
    root = try tokens.issueRoot(id: "root", now: clock.now)
  }

  private static func open(
    _ store: FailingStore, _ clock: ManualClock, _ vault: Vault, _ metrics: MetricsRegistry, _ random: RandomSource,
    _ settings: MountSettings
  ) -> (TokenStore, LeaseStore) {
    let tokens = TokenStore(
      store: store, cubbyholePrefix: "logical/cubby/", clock: clock.wall, random: random, log: { _ in })
    let leases = LeaseStore(
      LeaseSurroundings(
        store: store, tokens: tokens, clock: clock.wall, random: random, metrics: metrics,
        mount: { accessor, _ in
          accessor == "gone"
            ? nil
            : LeasedMount(
              path: accessor + "/", engine: MountedEngine(LeasingEngine(vault: vault)), settings: settings)
        }, log: { _, _ in }))
    return (tokens, leases)
  }

  /// The same storage seen by a new process.
  mutating func restart() { (tokens, leases) = Self.open(store, clock, vault, metrics, random, settings) }

  func token(_ parent: String? = nil, _ edit: (inout TokenRequest) -> Void = { _ in }) throws -> IssuedToken {
    var request = TokenRequest(path: "auth/token/create")
    request.policies = ["default"]
    request.ttl = .hours(5)
    edit(&request)
    let maker = try #require(try tokens.lookup(parent ?? root, now: clock.now))
    return try tokens.create(
      request: request, parent: maker,
      under: TokenCircumstances(
        hasSudo: true, defaultTTL: .hours(768), maxTTL: .hours(768), policyExists: { _ in true }),
      now: clock.now)
  }

  /// What a request does that makes a secret.
  func secret(
    _ path: String = "database/creds/shop", token: TokenEntry?, ttl: TimeSpan = .hours(1), maxTTL: TimeSpan = .zero,
    mount: String = "database"
  ) throws -> Lease {
    let name = random.base62(12)
    _ = vault.state.withLock { $0.secrets.insert(name) }
    let request = LeaseRequest(
      kind: "creds", internalData: ["name": .string(name)], ttl: ttl, maxTTL: maxTTL, renewable: true)
    do {
      return try leases.register(
        request, path: path, mountAccessor: mount, settings: settings, token: token, now: clock.now
      ).lease
    } catch {
      _ = vault.state.withLock { $0.secrets.remove(name) }
      throw error
    }
  }

  func isThere(_ lease: Lease) throws -> Bool { try leases.face(lease.id, now: clock.now) != nil }
  func holdsSecret(_ lease: Lease) -> Bool { vault.secrets.contains(lease.data["name"]?.stringValue ?? "") }

  func sweep() {
    _ = tokens.sweep(now: clock.now)
    _ = leases.sweep(now: clock.now)
  }
}
