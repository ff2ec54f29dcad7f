internal import Glibc
package import Primitives

/// Serves HTTP/1.1 and HTTP/2, with and without TLS, from fibers over one epoll instance.
package final class HTTPServer: Sendable {
  private enum Phase {
    case ready
    case running
    case stopped
  }

  private let reactor: Reactor
  private let phase = Locked(Phase.ready)

  /// Opens the listeners and reads the certificates; clients are served from `start()` on.
  package init(
    listeners: [ListenerSettings], limits: ServerLimits = ServerLimits(), handler: any HTTPHandler,
    log: HTTPServerLog? = nil, clock: WallClock = .system
  ) throws(HTTPServerError) {
    var opened: [Reactor.Listener] = []
    do throws(HTTPServerError) {
      for settings in listeners { opened.append(try Reactor.Listener(settings)) }
      reactor = try Reactor(listeners: opened, limits: limits, handler: handler, log: log, clock: clock)
    } catch {
      for listener in opened {
        listener.socket.stopListening()
        listener.socket.close()
      }
      throw error
    }
  }

  deinit { stop(grace: .zero) }

  /// The TCP port of each listener, nil for a unix socket.
  package var boundPorts: [Int?] { reactor.listeners.map(\.socket.port) }

  package var statistics: ServerStatistics {
    var statistics = reactor.registry.snapshot
    for carrier in reactor.carriers.withLock({ $0 }) {
      let counts = carrier.counts
      statistics.workers += counts.fibers
      statistics.busyWorkers += counts.busy
    }
    return statistics
  }

  /// Starts the threads and takes the first clients. Does nothing the second time.
  package func start() throws(HTTPServerError) {
    let isFirst = phase.withLock { phase in
      guard phase == .ready else { return false }
      phase = .running
      return true
    }
    guard isFirst else { return }
    raiseDescriptorLimit()
    let reactor = reactor
    reactor.liveThreads.update { $0 += 1 }
    guard ServingThread.start("http-supervisor", { reactor.supervise() }) else {
      reactor.liveThreads.update { $0 -= 1 }
      throw HTTPServerError("cannot start a thread: \(lastError())")
    }
    guard reactor.startCarriers() else { throw HTTPServerError("cannot start a thread: \(lastError())") }
    reactor.watchListeners()
  }

  /// Reads certificates, keys and client CAs again for connections to come. On an error no listener changes.
  package func reloadCertificates() throws(HTTPServerError) {
    var contexts: [(Reactor.Listener, TLSContext)] = []
    for listener in reactor.listeners {
      if let tls = listener.settings.tls { contexts.append((listener, try TLSContext(tls))) }
    }
    for (listener, context) in contexts { listener.tls.withLock { $0 = context } }
  }

  /// Stops accepting, closes idle connections, lets requests under way finish for at most `grace`, then cuts off the rest.
  /// Handlers that still run a second later are left to themselves. Does nothing the second time.
  package func stop(grace: TimeSpan) {
    let before = phase.withLock { phase in
      defer { phase = .stopped }
      return phase
    }
    if before == .stopped { return }
    reactor.markStopping()
    for listener in reactor.listeners { listener.socket.stopListening() }
    defer { for listener in reactor.listeners { listener.socket.close() } }
    guard before == .running else { return }
    reactor.registry.stop()
    let worker = Worker(reactor)
    for connection in reactor.registry.claimAll() {
      reactor.finish(connection, connection.turn(events: 0, worker), worker)
    }
    if !reactor.registry.waitUntilEmpty(atMost: grace) {
      reactor.registry.cutAll()
      _ = reactor.registry.waitUntilEmpty(atMost: .seconds(1))
    }
    reactor.markStopped()
    reactor.supervisorBell.ring()
    reactor.stopCarriers()
    _ = reactor.liveThreads.wait(atMost: .seconds(1)) { $0 == 0 ? true : nil }
  }

  /// Each connection is a descriptor, and the usual soft limit is kept low only for programs that use select(2).
  private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
      return
    }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
