package import EngineAPI
package import Metrics
package import Primitives
package import StorageAPI
package import Tokens

/// The mount that a lease is of.
package struct LeasedMount: Sendable {
  /// Such as `database/`.
  package var path: String
  package var engine: MountedEngine
  package var settings: MountSettings

  package init(path: String, engine: MountedEngine, settings: MountSettings) {
    self.path = path
    self.engine = engine
    self.settings = settings
  }
}

/// What leases need of the node.
package struct LeaseSurroundings: Sendable {
  package var store: any LogicalStore
  package var tokens: TokenStore
  package var clock: WallClock
  package var random: RandomSource
  package var metrics: MetricsRegistry
  /// The mount with that accessor, which had that path when the lease was made; nil where it is gone or its engine is
  /// not in this program.
  package var mount: @Sendable (_ accessor: String, _ leaseID: String) -> LeasedMount?
  package var log: @Sendable (_ message: String, _ details: [(String, String)]) -> Void

  package init(
    store: any LogicalStore, tokens: TokenStore, clock: WallClock, random: RandomSource, metrics: MetricsRegistry,
    mount: @escaping @Sendable (_ accessor: String, _ leaseID: String) -> LeasedMount?,
    log: @escaping @Sendable (_ message: String, _ details: [(String, String)]) -> Void
  ) {
    self.store = store
    self.tokens = tokens
    self.clock = clock
    self.random = random
    self.metrics = metrics
    self.mount = mount
    self.log = log
  }
}

/// A lease as it is stored, and by which commit.
struct KnownLease: Sendable {
  var lease: Lease
  var index: CommitIndex
}

/// All leases: secrets that engines gave out and must get back, and tokens, where clients see them as leases.
///
/// A lease that is to end is first marked so, durably, and dead from then on. Only then its engine is asked to take the
/// secret back, and only after that the lease is forgotten: whatever is interrupted is taken up again, by the next
/// process if need be, so that engines may be asked more than once and no secret is left behind.
package final class LeaseStore: Sendable {
  let store: any LogicalStore
  let tokens: TokenStore
  let surroundings: LeaseSurroundings
  let work = Monitored(LeaseWork())
  let meters: LeaseMeters
  let isTidying = Locked(false)

  package init(_ surroundings: LeaseSurroundings) {
    self.surroundings = surroundings
    store = surroundings.store
    tokens = surroundings.tokens
    meters = LeaseMeters(surroundings.metrics)
    let tokens = tokens
    // Weakly, because the tokens outlive nothing that holds them.
    tokens.onRevoked(
      { [weak tokens] entry in
        guard entry.holdsLeases, let holder = try? tokens?.holderID(accessor: entry.accessor) else { return [] }
        return [.put(key: LeasePaths.ended + holder, value: LeasePaths.mark)]
      },
      committed: { [weak self] entry in
        if entry.holdsLeases { self?.work.update { $0.expectHeld() } }
      })
  }

  // MARK: Making

  /// Makes a lease of what an engine gave out.
  /// - Parameters:
  ///   - path: of the request, such as `database/creds/shop`.
  ///   - token: with which it was asked for.
  ///   - endsAtOnce: the lease is only made to be revoked, which the caller asks for next.
  /// - Throws: where the lease could not be kept: the secret must then be given back at once.
  package func register(
    _ request: LeaseRequest, path: String, mountAccessor: String, settings: MountSettings, token: TokenEntry?,
    endsAtOnce: Bool = false, now: Timestamp
  ) throws -> (lease: Lease, warnings: [String]) {
    let start = WallClock.monotonicNanoseconds()
    var limits = LifeSpan.Limits(defaultTTL: settings.defaultTTL, maxTTL: settings.maxTTL)
    limits.methodMaxTTL = request.maxTTL
    guard let life = LifeSpan.granted(request.ttl, within: limits, age: .zero) else {
      throw EngineError.invalid("no time to live is left")
    }
    let holder = try token.flatMap { try tokens.holder(of: $0) }
    var folder = path[...]
    while folder.last == "/" { folder.removeLast() }
    var lease = Lease(
      id: folder + "/" + surroundings.random.base62(24), mountAccessor: mountAccessor, kind: request.kind,
      data: request.internalData, issued: now, expires: now + life.ttl, ttl: life.ttl, maxTTL: request.maxTTL,
      renewable: request.renewable, holder: holder?.id ?? "",
      holderEnd: token?.type == .batch ? token?.expireTime : nil)
    lease.limitToHolder(from: now)
    if endsAtOnce { lease.ending = Lease.Ending(due: now) }

    var batch = request.settling
    batch.put(LeasePaths.lease(lease.id), LeaseRecord.encode(lease))
    batch.writes += schedulingWrites(lease)
    if holder != nil { batch.put(LeasePaths.holder(lease.holder) + lease.name, Array(lease.id.utf8)) }
    if let holder {
      guard try tokens.commit(batch, heldBy: holder) else {
        throw EngineError.list(status: 403, ["permission denied", "invalid token"])
      }
    } else {
      _ = try store.commit(batch)
    }
    schedule(lease)
    meters.leases.add(1)
    meters.registration.observe(since: start)
    return (lease, life.warnings)
  }

  // MARK: Looking up

  /// The lease or token with that id; nil where there is none.
  package func face(_ id: String, now: Timestamp) throws -> LeaseFace? {
    if TokenStore.isTokenLease(id) {
      guard let entry = try tokens.entry(leaseID: id, now: now), let expires = entry.expireTime else { return nil }
      return LeaseFace(
        id: id, issued: entry.issueTime, expires: expires, lastRenewal: entry.lastRenewal, renewable: entry.renewable)
    }
    guard let lease = try read(id)?.lease else { return nil }
    return LeaseFace(
      id: id, issued: lease.issued, expires: lease.expires, lastRenewal: lease.lastRenewal,
      renewable: lease.renewable && lease.ending == nil)
  }

  /// The names right below a path in the tree of all leases, tokens included: folders with "/" at their end, sorted.
  package func names(below path: String) throws -> [String] {
    let folder = Self.folder(path)
    let own = try store.list(LeasePaths.leases + folder, after: nil, limit: .max)
    let names = Set(own).union(try tokens.leaseNames(below: folder))
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// A lease that waits for an operator, and why.
  package struct Irrevocable: Sendable {
    package var id: String
    package var failure: String
    package var mountPath: String
  }

  /// The leases that could not be revoked, in no order; at most `limit`.
  package func irrevocable(limit: Int = .max) throws -> [Irrevocable] {
    var found: [Irrevocable] = []
    for name in try store.list(LeasePaths.irrevocable, after: nil, limit: limit) {
      guard let stored = try store.get(LeasePaths.irrevocable + name) else { continue }
      let id = String(decoding: stored.bytes, as: UTF8.self)
      guard let lease = try read(id)?.lease else { continue }
      found.append(Irrevocable(id: id, failure: lease.ending?.failure ?? "", mountPath: lane(lease)))
    }
    return found
  }

  package func irrevocableCount() throws -> Int {
    try store.list(LeasePaths.irrevocable, after: nil, limit: .max).count
  }

  // MARK: Reading and writing

  func read(_ id: String) throws -> KnownLease? {
    guard !id.isEmpty, let stored = try store.get(LeasePaths.lease(id)) else { return nil }
    guard let lease = LeaseRecord.decode(stored.bytes, id: id) else {
      throw StoreError.damaged("a lease's record cannot be read")
    }
    return KnownLease(lease: lease, index: stored.index)
  }

  /// Commits on condition that the leases are as they were read; false where they are not, and nothing was written.
  func commit(_ batch: WriteBatch, over leases: [KnownLease]) throws -> Bool {
    var batch = batch
    for known in leases {
      batch.preconditions.append(.unchanged(key: LeasePaths.lease(known.lease.id), since: known.index))
    }
    do {
      _ = try store.commit(batch)
      return true
    } catch {
      if error == .conflict { return false }
      throw error
    }
  }

  /// The writes that put a changed lease in the place of the old one.
  func replacement(_ old: Lease, by new: Lease) -> [WriteBatch.Write] {
    [.put(key: LeasePaths.lease(new.id), value: LeaseRecord.encode(new))] + unschedulingWrites(old)
      + schedulingWrites(new)
  }

  /// The writes that leave nothing of a lease.
  func removal(_ lease: Lease) -> [WriteBatch.Write] {
    var writes: [WriteBatch.Write] = [.delete(key: LeasePaths.lease(lease.id))]
    if !lease.holder.isEmpty { writes.append(.delete(key: LeasePaths.holder(lease.holder) + lease.name)) }
    return writes + unschedulingWrites(lease)
  }

  func schedulingWrites(_ lease: Lease) -> [WriteBatch.Write] {
    guard let due = lease.due else {
      return [.put(key: LeasePaths.irrevocable + lease.name, value: Array(lease.id.utf8))]
    }
    return [.put(key: LeasePaths.due(lease.name, at: due), value: DueEntry(time: due, id: lease.id).bytes)]
  }

  private func unschedulingWrites(_ lease: Lease) -> [WriteBatch.Write] {
    guard let due = lease.due else { return [.delete(key: LeasePaths.irrevocable + lease.name)] }
    return [.delete(key: LeasePaths.due(lease.name, at: due))]
  }

  /// To be called after the commit that gave the lease its time.
  func schedule(_ lease: Lease) {
    let calls = work.withLock { work in
      let before = work.calls
      work.schedule(lease.id, at: lease.due)
      return work.calls != before
    }
    if calls { work.update { _ in } }
  }

  /// The path of the lease's mount, or where that is gone the beginning of its own.
  func lane(_ lease: Lease) -> String {
    surroundings.mount(lease.mountAccessor, lease.id)?.path ?? String(lease.id.prefix { $0 != "/" }) + "/"
  }

  static func folder(_ path: String) -> String {
    var path = path[...]
    while path.first == "/" { path.removeFirst() }
    while path.last == "/" { path.removeLast() }
    return path.isEmpty ? "" : path + "/"
  }

  /// Calls `body` for every name right below the folder, reading few at a time.
  func eachName(below folder: String, _ body: (String) throws -> Void) throws {
    var after: String?
    while true {
      let names = try store.list(folder, after: after, limit: Self.pageSize)
      for name in names { try body(name) }
      guard names.count == Self.pageSize, let last = names.last else { return }
      after = last
    }
  }

  static let pageSize = 256
}

extension Lease {
  mutating func limitToHolder(from now: Timestamp) {
    guard let holderEnd, holderEnd < expires else { return }
    expires = holderEnd
    ttl = expires - now
  }
}

/// What is counted and measured of leases.
struct LeaseMeters: Sendable {
  let leases: Gauge
  let irrevocable: Gauge
  let revocations: Counter
  let failures: Counter
  let registration: Summary
  let renewal: Summary
  let revocation: Summary
  /// How late leases are revoked whose time is over.
  let lateness: Summary

  init(_ metrics: MetricsRegistry) {
    leases = metrics.gauge("vault.expire.num_leases")
    irrevocable = metrics.gauge("vault.expire.num_irrevocable_leases")
    revocations = metrics.counter("vault.expire.lease_expiration")
    failures = metrics.counter("vault.expire.lease_expiration.error")
    registration = metrics.summary("vault.expire.register")
    renewal = metrics.summary("vault.expire.renew")
    revocation = metrics.summary("vault.expire.revoke")
    lateness = metrics.summary("vault.expire.lease_expiration.time_in_queue")
  }
}
