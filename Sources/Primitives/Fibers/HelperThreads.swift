/// Threads for what fibers must not do themselves, as many as are needed at a time.
package final class HelperThreads: Sendable {
  private final class Helper: Sendable {
    private let job = Monitored<(@Sendable () -> Void)?>(nil)

    func give(_ work: @escaping @Sendable () -> Void) { job.update { $0 = work } }

    /// Nil where there is nothing to do by then.
    func take(atMost patience: TimeSpan? = nil) -> (@Sendable () -> Void)? {
      job.wait(atMost: patience) { job in
        defer { job = nil }
        return job
      }
    }
  }

  private struct Pool {
    /// The last to have become free is the first to be used again.
    var free: [Helper] = []
    var isClosed = false
  }

  /// A thread that had nothing to do for so long ends.
  private static let patience = TimeSpan.seconds(10)

  private let pool = Locked(Pool())
  private let startThread: @Sendable (@escaping @Sendable () -> Void) -> Bool

  /// - Parameter startThread: false where the system has no room for another thread.
  package init(startThread: @escaping @Sendable (@escaping @Sendable () -> Void) -> Bool) {
    self.startThread = startThread
  }

  /// False where there is no thread to be had.
  func run(_ job: @escaping @Sendable () -> Void) -> Bool {
    if let helper = pool.withLock({ $0.free.popLast() }) {
      helper.give(job)
      return true
    }
    let helper = Helper()
    return startThread { [self] in
      job()
      work(helper)
    }
  }

  /// Threads without work end now, the others after it.
  package func close() {
    let free = pool.withLock { pool in
      pool.isClosed = true
      defer { pool.free = [] }
      return pool.free
    }
    for helper in free { helper.give {} }
  }

  private func work(_ helper: Helper) {
    while true {
      let stays = pool.withLock { pool in
        if !pool.isClosed { pool.free.append(helper) }
        return !pool.isClosed
      }
      guard stays else { return }
      var job = helper.take(atMost: Self.patience)
      if job == nil {
        let isOut = pool.withLock { pool in
          guard let place = pool.free.firstIndex(where: { $0 === helper }) else { return false }
          pool.free.remove(at: place)
          return true
        }
        if isOut { return }
        // Somebody has just given it work.
        job = helper.take()
      }
      job?()
    }
  }
}
