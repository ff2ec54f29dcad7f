internal import CSystem
internal import Glibc
internal import Primitives

/// What a thread that serves connections brings along.
final class WorkerContext {
  let reactor: Reactor
  let input: UnsafeMutableRawBufferPointer
  /// Answers on their way out; empty between turns.
  var output: [UInt8] = []
  var date: DateLine

  init(_ reactor: Reactor) {
    self.reactor = reactor
    input = .allocate(byteCount: 64 << 10, alignment: 16)
    output.reserveCapacity(32 << 10)
    date = DateLine(clock: reactor.clock)
  }

  deinit { input.deallocate() }
}

extension Reactor {
  /// Takes ready connections and jobs until the server stops, or until nothing has come for long and there are others.
  func work() {
    let worker = WorkerContext(self)
    var event = epoll_event()
    while true {
      let count = epoll_wait(epoll, &event, 1, Self.workerPatience)
      if count < 0, errno == EINTR { continue }
      if count == 0 {
        if registry.workerMayLeave(min: limits.minWorkers) { break }
        continue
      }
      let token = event.data.u64
      if count < 0 || token == Self.stopToken {
        _ = registry.workerMayLeave(min: 0)
        break
      }
      if registry.workerBusy() { supervisorBell.ring() }
      if token == Self.jobToken {
        switch jobs.pop() {
        case .resume(let token)?:
          if let connection = registry.claim(token, events: Self.wake) { serve(connection, events: 0, worker) }
        case .answer(let job)?: answer(job, worker)
        case nil: break
        }
      } else if token >> 32 == Self.listenerMark {
        accept(listener: Int(token & 0xFFFF_FFFF), worker)
      } else if let connection = registry.claim(token, events: event.events) {
        serve(connection, events: event.events, worker)
      }
      if registry.workerIdle() { break }
    }
    liveThreads.update { $0 -= 1 }
  }

  func startWorker() -> Bool {
    registry.workerStarted()
    liveThreads.update { $0 += 1 }
    if ServingThread.start("http-worker", { [self] in work() }) { return true }
    _ = registry.workerMayLeave(min: 0)
    liveThreads.update { $0 -= 1 }
    return false
  }

  /// Turns until the connection can be parked, is closed or belongs to another thread.
  func serve(_ first: Connection, events firstEvents: UInt32, _ worker: WorkerContext) {
    var connection = first
    var outcome = connection.turn(events: firstEvents, worker)
    var rounds = 0
    var isRefused = false
    while true {
      switch outcome {
      case .handedOver: return
      case .close:
        close(connection)
        return
      case .wait, .yield: break
      }
      updateInterest(connection)
      var ready = connection.takeReadyRequests()
      let parking = connection.parking(now: WallClock.monotonicNanoseconds())
      let token = connection.token
      let counts = connection.takeCounts()
      switch registry.release(token, parking, served: counts.served, failed: counts.failed) {
      case .parked:
        if case .yield = outcome { jobs.push(.resume(token: token)) }
        rounds += 1
        // The last request is answered here, where it is warm, unless this connection has had its share.
        guard rounds < 64, let own = ready.popLast() else {
          for job in ready { jobs.push(.answer(job)) }
          return
        }
        for job in ready { jobs.push(.answer(job)) }
        own.session.deliver(.response(own.stream, handler.handle(own.request)))
        guard let again = registry.claim(token, events: Self.wake) else { return }
        connection = again
        outcome = connection.turn(events: 0, worker)
      case .events(let events):
        for job in ready { jobs.push(.answer(job)) }
        outcome = connection.turn(events: events, worker)
      case .stopping:
        for job in ready { jobs.push(.answer(job)) }
        outcome = connection.turn(events: 0, worker)
      case .overBudget:
        for job in ready { jobs.push(.answer(job)) }
        // What it holds is not a request that could be refused but answers that nobody fetches.
        outcome = isRefused ? .close : connection.refuse(.overloaded, worker)
        isRefused = true
      }
    }
  }

  private func answer(_ job: HTTP2Job, _ worker: WorkerContext) {
    job.session.deliver(.response(job.stream, handler.handle(job.request)))
    if let connection = registry.claim(job.token, events: Self.wake) { serve(connection, events: 0, worker) }
  }
}
