internal import Gateway
internal import Glibc
internal import HTTPServer
internal import Kernel
internal import Logging
internal import Metrics
internal import Primitives

/// A running server: node, listeners, signals. Lives until SIGTERM or SIGINT.
struct ServerProcess {
  private static let grace = TimeSpan.seconds(30)

  private let plan: ServerPlan

  init(_ plan: ServerPlan) { self.plan = plan }

  func run(_ say: (String) -> Void) throws {
    // Before any thread begins, so that none of them is interrupted.
    let signals = Signals()
    ProcessMemory.forbidDumps()
    let logFile = try plan.log.file.map { try LogFile(path: $0, rotation: plan.log.rotation, clock: .system) }
    let log = LogSink(format: plan.log.format, level: plan.log.level, output: Self.output(logFile))
    try ProcessMemory.lock(plan.locksMemory, log: log.logger("core"))
    let opened = try plan.openStore(log)
    let metrics = MetricsRegistry(naming: plan.metrics)
    let control = ServerControl(log: log, logFile: logFile, reread: plan.reread)
    let node = try Node(
      Composition(
        engineTypes: Parts.engines, auditDeviceTypes: Parts.auditDevices, seal: plan.seal, store: opened.store,
        storageStatus: opened.status, clock: .system, random: .system, log: log, metrics: metrics,
        reload: { try control.reload($0) }),
      settings: plan.settings)
    let manager = ServiceManager()
    node.watch(manager)
    let httpLog = log.logger("http")
    let server = try HTTPServer(
      listeners: plan.listeners.map(\.http), limits: plan.limits,
      handler: HTTPGateway(node: node, listeners: plan.listeners.map(\.behaviour)),
      log: { level, message in httpLog.log(LogLevel(api: level) ?? .info, message) })
    control.attach(server: server, node: node)
    let pid = try plan.pidFile.map { try PIDFile(path: $0) }

    say("==> Coffer server configuration:\n")
    for (name, value) in plan.summary {
      say("\(String(repeating: " ", count: max(0, 20 - name.count)))\(name): \(value)")
    }
    say("")
    try plan.prepare(node, say)
    try server.start()
    let unsealing = AutomaticUnsealing(node: node)
    unsealing.start()
    let upkeep = ProcessUpkeep(metrics: metrics, server: server, node: node, store: opened.store)
    upkeep.start()
    say("==> Coffer server started! Log data will stream in below:\n")
    manager.ready()

    while true {
      switch signals.next() {
      case .reload:
        manager.reloading()
        do { try control.reload("all") } catch {
          log.logger("core").error("reloading failed; what was there before stays", [("error", "\(error)")])
        }
        manager.ready()
      case .stop:
        say("==> Coffer shutdown triggered")
        manager.stopping()
        unsealing.stop()
        upkeep.stop()
        // Who follows the log would do so until the grace is over.
        log.endListeners()
        server.stop(grace: Self.grace)
        node.seal()
        opened.store.close()
        pid?.remove()
        return
      }
    }
  }

  private static func output(_ file: LogFile?) -> @Sendable ([UInt8]) -> Void {
    let standardError = LogSink.descriptor(STDERR_FILENO)
    guard let file else { return standardError }
    return { line in
      standardError(line)
      file.write(line)
    }
  }
}

/// What can be changed while the server runs.
final class ServerControl: Sendable {
  private let log: LogSink
  private let logFile: LogFile?
  private let reread: (@Sendable () throws -> ServerPlan.Reread)?
  private let attached = Locked<(server: HTTPServer, node: Node)?>(nil)

  init(log: LogSink, logFile: LogFile?, reread: (@Sendable () throws -> ServerPlan.Reread)?) {
    self.log = log
    self.logFile = logFile
    self.reread = reread
  }

  func attach(server: HTTPServer, node: Node) { attached.withLock { $0 = (server, node) } }

  /// - Parameter subsystem: `listener`, `log` or `all`.
  func reload(_ subsystem: String) throws {
    let parts = attached.withLock { $0 }
    // First of all, so that a mistake in the configuration does not keep old files in use.
    if subsystem == "all" { parts?.node.state?.audit.reopen() }
    var reread: ServerPlan.Reread?
    if subsystem == "log" || subsystem == "all" {
      logFile?.reopen()
      reread = try self.reread?()
      if let reread { log.setLevel(reread.level) }
    }
    if subsystem == "listener" || subsystem == "all" { try parts?.server.reloadCertificates() }
    if subsystem == "all", let reread { try parts?.node.declare(auditDevices: reread.auditDevices) }
    log.logger("core").info("reloaded", [("subsystem", subsystem)])
  }
}

/// Asks the seal until it answers, when the seal is one that answers on its own.
final class AutomaticUnsealing: Sendable {
  private static let pause = TimeSpan.seconds(5)

  private let node: Node
  private let stopped = Monitored(false)
  private let thread = Locked<BackgroundThread?>(nil)

  init(node: Node) { self.node = node }

  func start() {
    guard node.composition.seal.isAutomatic else { return }
    // The first try is made at once: a node that can serve does so with its first answer.
    if attempt() { return }
    thread.withLock {
      $0 = BackgroundThread { [self] in
        while stopped.wait(atMost: Self.pause, until: { $0 ? true : nil }) == nil { if attempt() { return } }
      }
    }
  }

  func stop() {
    stopped.update { $0 = true }
    thread.withLock { $0 }?.join()
  }

  /// - Returns: true where there is nothing left to do.
  private func attempt() -> Bool {
    do {
      guard try node.isInitialized else { return true }
      try node.unsealAutomatically()
      return true
    } catch {
      node.log.error("unsealing by the seal failed; trying again", [("error", "\(error)")])
      return false
    }
  }
}
