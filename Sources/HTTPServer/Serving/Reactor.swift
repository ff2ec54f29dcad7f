internal import CSystem
internal import Glibc
internal import Primitives
internal import Synchronization

/// Everything that the server's threads share: one epoll instance, the connections, the listeners and the jobs.
final class Reactor: @unchecked Sendable {
  // Unchecked for the descriptor alone, which does not change; all else is Sendable.

  static let listenerMark: UInt64 = 0xFFFF_FFFF
  static let jobToken: UInt64 = 0xFFFF_FFFE << 32
  /// Noted like the kernel's events for a connection that should look at its own affairs.
  static let wake: UInt32 = 1 << 27

  final class Listener: Sendable {
    let settings: ListenerSettings
    let socket: ListeningSocket
    let tls: Locked<TLSContext?>

    init(_ settings: ListenerSettings) throws(HTTPServerError) {
      let context = try settings.tls.map { tls throws(HTTPServerError) in try TLSContext(tls) }
      self.settings = settings
      tls = Locked(context)
      socket = try ListeningSocket.open(settings.address)
    }
  }

  let epoll: Int32
  let listeners: [Listener]
  let limits: ServerLimits
  let handler: any HTTPHandler
  let clock: WallClock
  let log: HTTPServerLog?
  let registry: Registry
  let jobs: JobQueue
  let supervisorBell: Bell
  /// Carriers, the supervisor and streams.
  let liveThreads = Monitored(0)
  let carriers = Locked<[Carrier]>([])
  let helpers = HelperThreads { ServingThread.start("http-helper", $0) }
  private let stopping = Atomic(false)
  private let stopped = Atomic(false)
  /// Listeners that ran out of descriptors and are left alone for a moment.
  let pausedListeners = Locked<[Int]>([])

  init(
    listeners: [Listener], limits: ServerLimits, handler: any HTTPHandler, log: HTTPServerLog?, clock: WallClock
  ) throws(HTTPServerError) {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0, let jobs = JobQueue(), let supervisorBell = Bell() else {
      throw HTTPServerError("no descriptors for the server: \(lastError())")
    }
    self.listeners = listeners
    self.limits = limits
    self.handler = handler
    self.log = log
    self.clock = clock
    self.jobs = jobs
    self.supervisorBell = supervisorBell
    registry = Registry(limits: limits)
    watch(jobs.descriptor, EPOLLIN.rawValue, token: Self.jobToken)
  }

  deinit { if epoll >= 0 { Glibc.close(epoll) } }

  var isStopping: Bool { stopping.load(ordering: .acquiring) }

  func markStopping() { stopping.store(true, ordering: .releasing) }

  /// Nothing is left to look after.
  var isStopped: Bool { stopped.load(ordering: .acquiring) }

  func markStopped() { stopped.store(true, ordering: .releasing) }

  func log(_ level: String, _ message: @autoclosure () -> String) {
    if let log { log(level, message()) }
  }

  // MARK: The kernel's interest

  private static let always = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue

  @discardableResult
  private func watch(_ descriptor: Int32, _ events: UInt32, token: UInt64) -> Bool {
    var event = epoll_event(events: events, data: epoll_data_t(u64: token))
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
  }

  /// Asks to be told of room to send only while some is wanted: unix sockets tell of it after every read of the peer.
  func updateInterest(_ connection: Connection) {
    let wanted = connection.wantsRoom
    guard wanted != connection.isToldOfRoom else { return }
    connection.isToldOfRoom = wanted
    let events = Self.always | (wanted ? EPOLLOUT.rawValue : 0)
    var event = epoll_event(events: events, data: epoll_data_t(u64: connection.token))
    epoll_ctl(epoll, EPOLL_CTL_MOD, connection.descriptor, &event)
  }

  // MARK: Listeners

  func watchListeners() {
    for index in listeners.indices {
      let token = Self.listenerMark << 32 | UInt64(index)
      watch(listeners[index].socket.descriptor, EPOLLIN.rawValue | EPOLLONESHOT.rawValue, token: token)
    }
  }

  func rearm(listener index: Int) {
    guard !isStopping else { return }
    let token = Self.listenerMark << 32 | UInt64(index)
    var event = epoll_event(events: EPOLLIN.rawValue | EPOLLONESHOT.rawValue, data: epoll_data_t(u64: token))
    epoll_ctl(epoll, EPOLL_CTL_MOD, listeners[index].socket.descriptor, &event)
  }

  /// Accepts one connection, lets other workers accept the next and serves the one.
  func accept(listener index: Int, _ worker: Worker) {
    guard listeners.indices.contains(index), !isStopping else { return }
    let listener = listeners[index]
    var address = sockaddr_storage()
    var descriptor: Int32 = -1
    guard coffer_accept(listener.socket.descriptor, &address, &descriptor) >= 0 else {
      let code = errno
      if [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(code) {
        log("error", "cannot accept connections for a moment: \(errorText(code))")
        pausedListeners.withLock { $0.append(index) }
        supervisorBell.ring()
      } else {
        rearm(listener: index)
      }
      return
    }
    rearm(listener: index)
    switch registry.admit(limit: limits.maxConnections) {
    case .welcome: break
    case .inPlaceOf(let idle): close(idle)
    case .full:
      Glibc.close(descriptor)
      return
    }
    let context = listener.tls.withLock { $0 }
    let tls = context?.connection(over: descriptor)
    if context != nil, tls == nil {
      Glibc.close(descriptor)
      return
    }
    let transport = Transport(descriptor: descriptor, tls: tls)
    let connection = registry.add(descriptor: descriptor) { token in
      Connection(
        token: token, transport: transport, listener: index, settings: listener.settings, peer: PeerAddress(address),
        reactor: self)
    }
    guard let connection else { return }
    guard watch(descriptor, Self.always, token: connection.token) else {
      close(connection)
      return
    }
    serve(connection, events: 0, worker)
  }

  /// For the thread that owns the connection.
  func close(_ connection: Connection) {
    let counts = connection.takeCounts()
    registry.remove(connection.token, served: counts.served, failed: counts.failed)
    connection.close()
  }
}

/// Wakes whoever polls its descriptor.
final class Bell: Sendable {
  let descriptor: Int32

  init?() {
    descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    if descriptor < 0 { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func ring() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  func silence() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}
