internal import EngineAPI
package import Primitives
internal import StorageAPI
internal import Tokens

extension LeaseStore {
  /// Ends one lease or token; does nothing where there is none with that id.
  /// - Parameter sync: return when its secret has been given back; otherwise that is begun soon.
  /// - Throws: what the engine says, where it could not take the secret back; it is tried again later.
  package func revoke(_ id: String, sync: Bool = true, now: Timestamp) throws {
    if TokenStore.isTokenLease(id) {
      if let entry = try tokens.entry(leaseID: id, now: now) { try tokens.revoke(entry) }
      return
    }
    try markEnding([id], now: now)
    if sync { try finish(id, force: false, now: now) } else { hurry([id], now: now) }
  }

  /// Ends every lease and token below a path, or the one lease that the path is the id of.
  /// - Throws: the first failure of an engine; the rest is then tried in the background.
  package func revokePrefix(_ path: String, sync: Bool = true, now: Timestamp) throws {
    let ids = try beginEnding(path, now: now)
    if !sync { return hurry(ids, now: now) }
    if ids.count > Self.hurriedFrom { hurry(ids, now: now) }
    for (number, id) in ids.enumerated() {
      do { try finish(id, force: false, now: now) } catch {
        hurry(Array(ids[(number + 1)...]), now: now)
        guard let error = error as? EngineError else { throw error }
        let reason = error.messages.joined(separator: "; ")
        throw EngineError.invalid("failed to revoke \"\(id)\" (\(number + 1) / \(ids.count)): \(reason)")
      }
    }
  }

  /// Ends and forgets every lease and token below a path, whether or not engines can take the secrets back.
  package func revokeForce(_ path: String, now: Timestamp) throws {
    for id in try beginEnding(path, now: now) { try finish(id, force: true, now: now) }
  }

  /// Ends what belongs to an answer that was not sent. Never fails: what cannot be done now is done later.
  package func discard(_ id: String, now: Timestamp) {
    do { try revoke(id, sync: false, now: now) } catch {
      surroundings.log("a lease whose secret nobody got could not be ended; it ends by its time", [("lease_id", id)])
    }
  }

  /// The tokens are ended, the leases marked.
  private func beginEnding(_ path: String, now: Timestamp) throws -> [String] {
    let folder = Self.folder(path)
    if folder.isEmpty { throw EngineError.invalid("prefix must be specified") }
    try tokens.revokePrefix(folder)
    let id = String(folder.dropLast())
    if TokenStore.isTokenLease(id), let entry = try tokens.entry(leaseID: id, now: now) { try tokens.revoke(entry) }
    var ids: [String] = try read(id) == nil ? [] : [id]
    try eachLease(below: folder) { ids.append($0) }
    var from = 0
    while from < ids.count {
      let page = Array(ids[from..<min(from + Self.marksPerBatch, ids.count)])
      try markEnding(page, now: now)
      from += page.count
    }
    return ids
  }

  func eachLease(below folder: String, _ body: (String) throws -> Void) throws {
    try eachName(below: LeasePaths.leases + folder) { name in
      if name.utf8.last == UInt8(ascii: "/") {
        try eachLease(below: folder + name, body)
      } else {
        try body(folder + name)
      }
    }
  }

  /// From here on the leases are dead, whatever happens. Those that are ending already stay as they are.
  func markEnding(_ ids: [String], now: Timestamp) throws {
    while true {
      var batch = WriteBatch()
      var marked: [KnownLease] = []
      for id in ids {
        guard let known = try read(id), known.lease.ending == nil else { continue }
        var lease = known.lease
        lease.ending = Lease.Ending(due: now)
        batch.writes += replacement(known.lease, by: lease)
        marked.append(known)
      }
      if marked.isEmpty { return }
      guard try commit(batch, over: marked) else { continue }
      // Whoever marks them goes on to finish them; this is for when that fails or takes long.
      work.update { work in for known in marked { work.remind(known.lease.id, at: now + Self.takenOverAfter) } }
      return
    }
  }

  /// Has workers finish what was marked.
  func hurry(_ ids: [String], now: Timestamp) {
    if ids.isEmpty { return }
    work.update { work in for id in ids { work.remind(id, at: now) } }
  }

  /// Gives the secret of a marked or ended lease back and forgets the lease.
  private func finish(_ id: String, force: Bool, now: Timestamp) throws {
    try alone(with: id) {
      guard let known = try read(id), !known.lease.lives(now) else { return }
      try finishClaimed(known, force: force, now: now)
    }
  }

  func finishClaimed(_ known: KnownLease, force: Bool, now: Timestamp) throws {
    let start = WallClock.monotonicNanoseconds()
    defer { meters.revocation.observe(since: start) }
    do {
      guard let mount = surroundings.mount(known.lease.mountAccessor, known.lease.id) else {
        throw EngineError.invalid("its mount is gone or cannot be served")
      }
      try mount.engine.revoke(known.lease.request)
    } catch {
      meters.failures.increment()
      if !force {
        try keep(known, failure: Self.description(error), mayWorkLater: Self.isUnavailable(error), now: now)
        throw EngineError.invalid("failed to revoke entry: \(Self.response(error))")
      }
      surroundings.log(
        "a lease is forgotten whose secret could not be given back",
        [("lease_id", known.lease.id), ("error", Self.description(error))])
    }
    try forget(known.lease)
    meters.revocations.increment()
  }

  private func forget(_ lease: Lease) throws {
    var batch = WriteBatch()
    batch.writes = removal(lease)
    do { _ = try store.commit(batch) } catch {
      work.update { $0.retry(lease.id, surroundings.clock.now()) }
      throw error
    }
    work.withLock { $0.schedule(lease.id, at: nil) }
    surroundings.forgotten(lease.id)
    meters.leases.add(-1)
    if lease.isIrrevocable { meters.irrevocable.add(-1) }
  }

  /// Writes down that an attempt failed, and when the next one is.
  /// - Parameter mayWorkLater: what has to take the secret back cannot be reached, which says nothing about the lease: it is not
  ///   given up for that.
  private func keep(_ known: KnownLease, failure: String, mayWorkLater: Bool, now: Timestamp) throws {
    var lease = known.lease
    var ending = lease.ending ?? Lease.Ending(due: now)
    let wasIrrevocable = lease.isIrrevocable
    ending.attempts += 1
    ending.failure = String(failure.prefix(1000))
    if mayWorkLater { ending.attempts = min(ending.attempts, RevocationBackoff.attempts - 1) }
    ending.due = RevocationBackoff.pause(after: ending.attempts, random: surroundings.random).map { now + $0 }
    lease.ending = ending
    var batch = WriteBatch()
    batch.writes = replacement(known.lease, by: lease)
    do { guard try commit(batch, over: [known]) else { return } } catch {
      work.update { $0.retry(lease.id, now) }
      throw error
    }
    schedule(lease)
    if lease.isIrrevocable && !wasIrrevocable {
      meters.irrevocable.add(1)
      surroundings.log(
        "a lease could not be revoked and is given up; see sys/leases?type=irrevocable",
        [("lease_id", lease.id), ("error", ending.failure)])
    }
  }

  static let marksPerBatch = 64
  private static let takenOverAfter = TimeSpan.seconds(30)
  /// From so many leases on workers help the request that revokes them.
  private static let hurriedFrom = 16
}
