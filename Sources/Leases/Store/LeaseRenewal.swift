internal import EngineAPI
package import Primitives
internal import StorageAPI
internal import Tokens

extension LeaseStore {
  /// Prolongs a lease by `increment` from now, or as its engine likes where that is zero, within the limits that hold
  /// today.
  package func renew(
    _ id: String, increment: TimeSpan, now: Timestamp
  ) throws -> (lease: Lease, warnings: [String]) {
    if TokenStore.isTokenLease(id), try tokens.entry(leaseID: id, now: now) != nil {
      throw EngineError.invalid("tokens cannot be renewed through this endpoint")
    }
    let start = WallClock.monotonicNanoseconds()
    defer { meters.renewal.observe(since: start) }
    return try alone(with: id) { try renewClaimed(id, increment: increment, now: now) }
  }

  private func renewClaimed(
    _ id: String, increment: TimeSpan, now: Timestamp
  ) throws -> (lease: Lease, warnings: [String]) {
    while true {
      guard let known = try read(id), known.lease.ending == nil else { throw EngineError.invalid("lease not found") }
      if !known.lease.lives(now) { throw EngineError.invalid("lease expired") }
      if !known.lease.renewable { throw EngineError.invalid("lease is not renewable") }
      guard let mount = surroundings.mount(known.lease.mountAccessor, id) else {
        throw EngineError.invalid("failed to renew entry: its mount is gone or cannot be served")
      }
      let granted: LeaseRequest
      do { granted = try mount.engine.renew(known.lease.request, increment) } catch {
        throw EngineError.invalid("failed to renew entry: \(Self.response(error))")
      }
      var limits = LifeSpan.Limits(defaultTTL: mount.settings.defaultTTL, maxTTL: mount.settings.maxTTL)
      limits.methodMaxTTL = granted.maxTTL
      guard let life = LifeSpan.granted(granted.ttl, within: limits, age: now - known.lease.issued) else {
        throw EngineError.invalid("past the max TTL, cannot renew")
      }
      var lease = known.lease
      lease.kind = granted.kind
      lease.data = granted.internalData
      lease.renewable = granted.renewable
      lease.maxTTL = granted.maxTTL
      lease.ttl = life.ttl
      lease.expires = now + life.ttl
      lease.lastRenewal = now
      lease.limitToHolder(from: now)
      var batch = WriteBatch()
      batch.writes = replacement(known.lease, by: lease)
      guard try commit(batch, over: [known]) else { continue }
      schedule(lease)
      return (lease, life.warnings)
    }
  }

  /// Runs `body` while nobody else renews or revokes the lease.
  func alone<R>(with id: String, _ body: () throws -> R) throws -> R {
    _ = work.wait { $0.claim(id) ? true : nil }
    defer { work.update { $0.release(id) } }
    return try body()
  }

  /// An engine's failure in the words that clients know. Only what is meant for them is shown.
  static func response(_ error: any Error) -> String {
    "resp: (*logical.Response)(nil) err: \(description(error))"
  }

  /// Whether an engine says that the same may work later.
  static func isUnavailable(_ error: any Error) -> Bool { (error as? EngineError)?.status == 503 }

  static func description(_ error: any Error) -> String {
    if let error = error as? EngineError { return error.messages.joined(separator: "; ") }
    return "internal error"
  }
}
