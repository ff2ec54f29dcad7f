internal import Primitives

/// A fiber that serves connections, with what it brings along.
final class Worker: FiberWorker {
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

  /// A connection, a job or a listener is ready.
  func serve(_ event: CarrierEvent) {
    if event.token == Reactor.jobToken {
      switch reactor.jobs.pop() {
      case .resume(let token)?:
        if let connection = reactor.registry.claim(token, events: Reactor.wake) {
          reactor.serve(connection, events: 0, self)
        }
      case .answer(let job)?: reactor.answer(job, self)
      case nil: break
      }
    } else if event.token >> 32 == Reactor.listenerMark {
      reactor.accept(listener: Int(event.token & 0xFFFF_FFFF), self)
    } else if let connection = reactor.registry.claim(event.token, events: event.flags) {
      reactor.serve(connection, events: event.flags, self)
    }
  }
}

extension Reactor {
  /// Starts the threads that carry the workers. False where the system has no room for one.
  func startCarriers() -> Bool {
    let count = max(1, limits.carriers)
    for _ in 0..<count {
      let carrier = Carrier(epoll: epoll, limit: limits.maxWorkers / count, helpers: helpers) { [self] in Worker(self) }
      liveThreads.update { $0 += 1 }
      let hasStarted = ServingThread.start("http-carrier") { [self] in
        carrier.run()
        liveThreads.update { $0 -= 1 }
      }
      guard hasStarted else {
        liveThreads.update { $0 -= 1 }
        return false
      }
      carriers.withLock { $0.append(carrier) }
    }
    return true
  }

  /// Connections have been served, or cut; handlers that still run are left to themselves.
  func stopCarriers() {
    let carriers = carriers.withLock { carriers in
      defer { carriers = [] }
      return carriers
    }
    for carrier in carriers { carrier.stop() }
    helpers.close()
  }

  /// Turns until the connection can be parked, is closed or belongs to another thread.
  func serve(_ first: Connection, events firstEvents: UInt32, _ worker: Worker) {
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

  func answer(_ job: HTTP2Job, _ worker: Worker) {
    job.session.deliver(.response(job.stream, handler.handle(job.request)))
    if let connection = registry.claim(job.token, events: Self.wake) { serve(connection, events: 0, worker) }
  }
}
