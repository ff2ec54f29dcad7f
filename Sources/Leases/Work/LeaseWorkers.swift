package import Primitives
internal import StorageAPI

extension LeaseStore {
  /// Begins to revoke leases when their time is over, and finishes what an earlier process left undone. Returns at
  /// once; leases that end later than in about an hour are not read. To be called at most once before `stop`.
  package func start() {
    work.update { $0.isStopping = false }
    for _ in 0..<LeaseWork.workers {
      work.update { $0.threads += 1 }
      let thread = BackgroundThread { [self] in
        run()
        work.update { $0.threads -= 1 }
      }
      guard let thread else {
        work.update { $0.threads -= 1 }
        surroundings.log("fewer leases are revoked at once: the system gives no more threads", [])
        break
      }
      thread.detach()
    }
  }

  /// Returns when all workers have ended, but does not wait long for engines that hang.
  package func stop() {
    work.update { $0.isStopping = true }
    _ = work.wait(atMost: .seconds(10)) { $0.threads == 0 ? true : nil }
  }

  private func run() {
    while true {
      let now = surroundings.clock.now()
      let (step, seen) = work.withLock { work in
        let step = work.next(now)
        return (step, work.calls)
      }
      switch step {
      case .stop: return
      case .task(let task): perform(task, now: now)
      case .sleep(let until):
        let pause = max(TimeSpan.zero, until - surroundings.clock.now())
        _ = work.wait(atMost: pause) { $0.isStopping || $0.calls != seen ? true : nil }
      }
    }
  }

  /// Does everything that is due at `now`, in the calling thread; returns when to look again.
  package func sweep(now: Timestamp) -> Timestamp {
    while true {
      switch work.withLock({ $0.next(now) }) {
      case .stop: return now
      case .sleep(let until): return until
      case .task(let task): perform(task, now: now)
      }
    }
  }

  private func perform(_ task: LeaseWork.Task, now: Timestamp) {
    switch task {
    case .revoke(let id): end(id, now: now)
    case .load(let hour): load(through: hour, now: now)
    case .endHeld: endHeld(now: now)
    case .count: count()
    }
  }

  /// Ends a lease, and then those of the same mount that waited for a worker.
  private func end(_ id: String, now: Timestamp) {
    guard let lane = failingLater(id, now, { try read(id).map { lane($0.lease) } }) ?? nil,
      work.withLock({ $0.claim(id, lane: lane, now) })
    else { return }
    var id = id
    while true {
      let now = surroundings.clock.now()
      failingLater(id, now) { try endClaimed(id, now: now) }
      while let task = work.withLock({ $0.upkeep(now) }) { perform(task, now: now) }
      guard let next = work.update({ $0.release(id, lane: lane, now) }) else { return }
      id = next
    }
  }

  private func endClaimed(_ id: String, now: Timestamp) throws {
    // Read again: whoever had the claim before may have changed or ended it.
    guard let known = try read(id) else { return }
    if let due = known.lease.due, due > now {
      schedule(known.lease)
      return
    }
    if known.lease.isIrrevocable { return }
    meters.lateness.observe(milliseconds: Double((now - (known.lease.due ?? now)).nanoseconds) / 1_000_000)
    try finishClaimed(known, force: false, now: now)
  }

  /// What `body` gives; nil where it failed, which is logged. After failures of the storage the lease is looked at again.
  @discardableResult
  private func failingLater<R>(_ id: String, _ now: Timestamp, _ body: () throws -> R) -> R? {
    do { return try body() } catch {
      let failure = Self.description(error)
      surroundings.log("a lease could not be revoked; it will be tried again", [("lease_id", id), ("error", failure)])
      if error is StoreError { work.update { $0.retry(id, now) } }
      return nil
    }
  }

  private func load(through hour: Int64, now: Timestamp) {
    let loaded = work.withLock { $0.beginLoading(through: hour) }
    do {
      try eachName(below: LeasePaths.due) { folder in
        guard let bucket = Int64(folder.dropLast()), bucket > loaded, bucket <= hour else { return }
        try eachName(below: LeasePaths.due + folder) { name in
          guard let stored = try store.get(LeasePaths.due + folder + name), let entry = DueEntry(stored.bytes) else {
            return
          }
          work.withLock { $0.scheduleLoaded(entry.id, at: entry.time) }
        }
      }
      work.update { $0.endLoading(now) }
    } catch {
      surroundings.log("leases whose time is over could not be read and will be later", [("error", "\(error)")])
      work.update { $0.endLoading(backTo: loaded, now) }
    }
  }

  /// Marks the leases of tokens that are gone. The work itself is then due like any other.
  private func endHeld(now: Timestamp) {
    do {
      try eachName(below: LeasePaths.ended) { holder in
        let folder = LeasePaths.holder(holder)
        var after: String?
        while true {
          let names = try store.list(folder, after: after, limit: Self.marksPerBatch)
          var ids: [String] = []
          for name in names {
            if let stored = try store.get(folder + name) { ids.append(String(decoding: stored.bytes, as: UTF8.self)) }
          }
          try markEnding(ids, now: now)
          hurry(ids, now: now)
          guard names.count == Self.marksPerBatch, let last = names.last else { break }
          after = last
        }
        // None can come any more: a lease is only made on condition that its token is there.
        var batch = WriteBatch()
        batch.delete(LeasePaths.ended + holder)
        _ = try store.commit(batch)
      }
      work.update { $0.endedHeld(completely: true, now) }
    } catch {
      surroundings.log("the leases of a revoked token could not be ended and will be later", [("error", "\(error)")])
      work.update { $0.endedHeld(completely: false, now) }
    }
  }

  /// Brings the gauges up to date: how many leases there are, tokens included, and when they end.
  private func count() {
    do {
      var hours = try tokens.countsByHour()
      try eachName(below: LeasePaths.due) { folder in
        guard let hour = Int64(folder.dropLast()) else { return }
        try eachName(below: LeasePaths.due + folder) { _ in hours[hour, default: 0] += 1 }
      }
      let irrevocable = try irrevocableCount()
      meters.irrevocable.set(Double(irrevocable))
      meters.leases.set(Double(hours.values.reduce(irrevocable, +)))
      let first = LeasePaths.hour(surroundings.clock.now())
      for hour in (first - 1)..<(first + Self.gaugedHours) {
        let label = [("expiring", LeasePaths.start(ofHour: hour).rfc3339)]
        if let count = hours[hour], hour >= first {
          surroundings.metrics.gauge(Self.byExpiration, label).set(Double(count))
        } else {
          surroundings.metrics.removeGauge(Self.byExpiration, label)
        }
      }
    } catch { surroundings.log("leases could not be counted", [("error", "\(error)")]) }
  }

  private static let byExpiration = "vault.expire.leases.by_expiration"
  private static let gaugedHours: Int64 = 168
}
