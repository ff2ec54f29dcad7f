package import Primitives
internal import StorageAPI

extension LeaseStore {
  /// Tidies in the background; false where that is under way already.
  package func startTidying() -> Bool {
    let begins = isTidying.withLock { isTidying in
      defer { isTidying = true }
      return !isTidying
    }
    if !begins { return false }
    let thread = BackgroundThread { [self] in
      do { try tidy(now: surroundings.clock.now()) } catch {
        surroundings.log("tidying leases ended early", [("error", "\(error)")])
      }
      isTidying.withLock { $0 = false }
    }
    if let thread { thread.detach() } else { isTidying.withLock { $0 = false } }
    return true
  }

  /// Repairs what storage holds of leases: ends those whose token is gone, puts those back into the queue that it lost,
  /// removes what leads nowhere, and tries once more what was given up.
  package func tidy(now: Timestamp) throws {
    var ended = 0
    var repaired = 0
    try eachLease(below: "") { id in
      if work.withLock({ $0.isStopping }) { return }
      guard let known = try read(id) else { return }
      let lease = known.lease
      if lease.ending == nil, !lease.holder.isEmpty, try !tokens.holderExists(lease.holder) {
        try markEnding([id], now: now)
        hurry([id], now: now)
        ended += 1
      } else if lease.isIrrevocable {
        try tryOnceMore(known, now: now)
      } else if let due = lease.due, try store.get(LeasePaths.due(lease.name, at: due)) == nil {
        var batch = WriteBatch()
        batch.writes = schedulingWrites(lease)
        if try commit(batch, over: [known]) { schedule(lease) }
        repaired += 1
      }
    }
    repaired += try removeStray(below: LeasePaths.irrevocable) { String(decoding: $0, as: UTF8.self) }
    try eachName(below: LeasePaths.due) { hour in
      repaired += try removeStray(below: LeasePaths.due + hour) { DueEntry($0)?.id ?? "" }
    }
    try eachName(below: LeasePaths.holders) { holder in
      repaired += try removeStray(below: LeasePaths.holders + holder) { String(decoding: $0, as: UTF8.self) }
    }
    surroundings.log("tidying leases is done", [("ended", "\(ended)"), ("repaired", "\(repaired)")])
  }

  private func tryOnceMore(_ known: KnownLease, now: Timestamp) throws {
    var lease = known.lease
    lease.ending?.due = now
    lease.ending?.attempts = RevocationBackoff.attempts - 1
    var batch = WriteBatch()
    batch.writes = replacement(known.lease, by: lease)
    guard try commit(batch, over: [known]) else { return }
    meters.irrevocable.add(-1)
    hurry([lease.id], now: now)
  }

  /// Removes entries about leases that are not there.
  private func removeStray(below folder: String, _ id: ([UInt8]) -> String) throws -> Int {
    var count = 0
    try eachName(below: folder) { name in
      guard let stored = try store.get(folder + name) else { return }
      let id = id(stored.bytes)
      if try read(id) != nil { return }
      var batch = WriteBatch()
      batch.delete(folder + name)
      batch.preconditions = [.absent(key: LeasePaths.lease(id)), .unchanged(key: folder + name, since: stored.index)]
      do throws(StoreError) {
        _ = try store.commit(batch)
        count += 1
      } catch { if error != .conflict { throw error } }
    }
    return count
  }
}
