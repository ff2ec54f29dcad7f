internal import Glibc
internal import Primitives

/// The thread that looks after time.
extension Reactor {
  func supervise() {
    let worker = Worker(self)
    var nextSweep = WallClock.monotonicNanoseconds() &+ sweepInterval
    while !isStopped {
      let now = WallClock.monotonicNanoseconds()
      let untilSweep = Int32(clamping: (nextSweep > now ? nextSweep - now : 0) / 1_000_000 + 1)
      var bell = pollfd(fd: supervisorBell.descriptor, events: Int16(POLLIN), revents: 0)
      poll(&bell, 1, untilSweep)
      supervisorBell.silence()
      if WallClock.monotonicNanoseconds() >= nextSweep {
        sweep(worker)
        for carrier in carriers.withLock({ $0 }) { carrier.shrink() }
        nextSweep = WallClock.monotonicNanoseconds() &+ sweepInterval
      }
    }
    liveThreads.update { $0 -= 1 }
  }

  /// A quarter of the shortest limit, so that none is exceeded by much.
  private var sweepInterval: UInt64 {
    let times = listeners.map { $0.settings.timeouts ?? limits.timeouts }
    let shortest = times.flatMap(\.all).map(\.nanoseconds).filter { $0 > 0 }.min() ?? 1_000_000_000
    return UInt64(min(max(shortest / 4, 10_000_000), 1_000_000_000))
  }

  private func sweep(_ worker: Worker) {
    for listener in pausedListeners.withLock({ paused in
      defer { paused = [] }
      return paused
    }) {
      rearm(listener: listener)
    }
    for connection in registry.claimExpired(now: WallClock.monotonicNanoseconds()) {
      finish(connection, connection.expire(worker), worker)
    }
  }

  /// Parks or closes a connection that the supervisor or the stopping thread has claimed.
  func finish(_ connection: Connection, _ outcome: Connection.Outcome, _ worker: Worker) {
    if case .close = outcome {
      close(connection)
    } else if case .handedOver = outcome {
      return
    } else {
      // Whatever else there is to do is for a worker.
      updateInterest(connection)
      for job in connection.takeReadyRequests() { jobs.push(.answer(job)) }
      let token = connection.token
      registry.handBack(token)
      jobs.push(.resume(token: token))
    }
  }
}
