package import Primitives
internal import StorageAPI

/// What the thread that ends tokens is about to do.
struct ExpiryState: Sendable {
  var queue = ExpiryQueue()
  /// Tokens that end up to and with this hour are in the queue; later ones are in storage only.
  var loadedThrough: Int64 = -1
  var isRunning = false
  var isStopping = false
  /// Interrupted revocations may be waiting in storage.
  var hasLeftovers = true
  var isTidying = false
  /// Grows when the thread has to look sooner than it meant to.
  var calls: UInt64 = 0
}

extension TokenStore {
  /// Begins to revoke tokens when their time is over, and finishes what an earlier process left undone. Tokens that
  /// end later than in about an hour
  /// are not read. To be called at most once before `stopExpiry`.
  package func startExpiry() {
    expiry.update {
      $0 = ExpiryState()
      $0.isRunning = true
    }
    let thread = BackgroundThread { [self] in
      var seen: UInt64 = 0
      while true {
        seen = expiry.withLock { $0.calls }
        let next = sweep(now: clock.now())
        let pause = next.map { max(TimeSpan.zero, $0 - clock.now()) }
        let goesOn = expiry.wait(atMost: pause) { state -> Bool? in
          state.isStopping ? false : state.calls != seen ? true : nil
        }
        if goesOn == false { return }
      }
    }
    if thread == nil {
      expiry.update { $0.isRunning = false }
      log("tokens are not revoked when their time is over: the system gives no thread")
    }
    self.thread.withLock { $0 = thread }
  }

  /// Returns when the thread has ended; a revocation that is under way may be finished by the next start.
  package func stopExpiry() {
    expiry.update { $0.isStopping = true }
    let thread = self.thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    thread?.join()
    expiry.update { $0.isRunning = false }
  }

  /// Revokes everything whose time is over at `now`; returns when to look again.
  package func sweep(now: Timestamp) -> Timestamp? {
    do {
      if expiry.withLock({ $0.hasLeftovers }) {
        expiry.withLock { $0.hasLeftovers = false }
        do { try finishRevocations() } catch {
          expiry.withLock { $0.hasLeftovers = true }
          throw error
        }
      }
      try loadBuckets(through: TokenPaths.bucket(now) + 1)
    } catch {
      log("tokens whose time is over could not be read and will be later: \(error)")
      return now + Self.retryAfter
    }
    while !expiry.withLock({ $0.isStopping }) {
      let due = expiry.withLock { $0.queue.takeDue(now, limit: 16) }
      if due.isEmpty { break }
      for key in due { end(key, now: now) }
    }
    let (next, loaded) = expiry.withLock { ($0.queue.next(), $0.loadedThrough) }
    // The last hour that is loaded is the one in which the next is.
    let reload = TokenPaths.bucketStart(loaded)
    return min(next ?? reload, reload)
  }

  /// Has the token revoked soon by the thread, after the request that used it up; at once where the thread does not
  /// run.
  package func revokeLater(_ entry: TokenEntry) {
    if entry.type == .batch { return }
    let isRunning = expiry.update { state in
      if !state.isRunning { return false }
      // Before all times: due at once, whatever the clock says.
      state.queue.schedule(entry.key, at: Self.atOnce)
      state.calls &+= 1
      return true
    }
    if !isRunning { end(entry.key, now: clock.now()) }
  }

  /// To be called after the commit that gave a token its end.
  func scheduleExpiry(_ entry: TokenEntry) {
    guard let time = entry.expireTime else { return }
    let isSooner = expiry.withLock { state in
      if TokenPaths.bucket(time) > state.loadedThrough || state.queue.time(of: entry.key) == Self.atOnce {
        return false
      }
      let next = state.queue.next()
      state.queue.schedule(entry.key, at: time)
      return next.map { time < $0 } ?? true
    }
    if isSooner { expiry.update { $0.calls &+= 1 } }
  }

  private func end(_ key: String, now: Timestamp) {
    do {
      guard let known = try read(key) else { return }
      if known.entry.numberOfUses >= 0, let time = known.entry.expireTime, now < time {
        scheduleExpiry(known.entry)
        return
      }
      if known.entry.numberOfUses >= 0 && known.entry.expireTime == nil { return }
      try revoke(key: key)
    } catch {
      log("a token could not be revoked and will be later: \(error)")
      expiry.withLock { $0.queue.schedule(key, at: now + Self.retryAfter) }
    }
  }

  private func loadBuckets(through last: Int64) throws {
    let loaded = expiry.withLock { state in
      let before = state.loadedThrough
      // Said before reading: whoever writes a token from now on schedules it, too.
      state.loadedThrough = max(before, last)
      return before
    }
    if loaded >= last { return }
    do {
      try eachName(below: TokenPaths.expiry) { folder in
        guard let bucket = Int64(folder.dropLast()), bucket > loaded, bucket <= last else { return }
        try eachName(below: TokenPaths.expiry + folder) { key in
          guard let stored = try store.get(TokenPaths.expiry + folder + key),
            let time = Int64(String(decoding: stored.bytes, as: UTF8.self))
          else { return }
          expiry.withLock { state in
            if state.queue.time(of: key) == nil { state.queue.schedule(key, at: Timestamp(nanoseconds: time)) }
          }
        }
      }
    } catch {
      expiry.withLock { $0.loadedThrough = loaded }
      throw error
    }
  }

  private static let atOnce = Timestamp(nanoseconds: .min)
  private static let retryAfter = TimeSpan.seconds(5)
}
