internal import CSystem
internal import Glibc
internal import Primitives

/// The thread that looks after time and the number of workers.
extension Reactor {
  func supervise() {
    let worker = WorkerContext(self)
    var pressure = PressureGauge()
    var nextSweep = WallClock.monotonicNanoseconds() &+ sweepInterval
    while !isStopped {
      let now = WallClock.monotonicNanoseconds()
      let untilSweep = Int32(clamping: (nextSweep > now ? nextSweep - now : 0) / 1_000_000 + 1)
      var bell = pollfd(fd: supervisorBell.descriptor, events: Int16(POLLIN), revents: 0)
      poll(&bell, 1, min(untilSweep, pressure.isWatching ? pressure.interval : .max))
      supervisorBell.silence()
      watchPressure(&pressure)
      if WallClock.monotonicNanoseconds() >= nextSweep {
        sweep(worker)
        // Those that came while others waited for a disk would only be in each other's way when nobody does.
        if !pressure.wasShort { registry.retireHalf() }
        pressure.wasShort = false
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

  private func sweep(_ worker: WorkerContext) {
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
  func finish(_ connection: Connection, _ outcome: Connection.Outcome, _ worker: WorkerContext) {
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

  // MARK: Workers

  /// How the need for more workers is watched: closely at first, then less, when they turn out to compute and not to wait.
  struct PressureGauge {
    var isWatching = false
    /// In milliseconds.
    var interval: Int32 = 1
    let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    /// Threads that compute, as the last looks saw them, the newest of which weighs a quarter: those that wait for each
    /// other's locks for microseconds must not look like such that wait for a disk.
    private var running = 0.0
    /// Since the last sweep requests waited for workers that waited.
    var wasShort = false

    mutating func begin() {
      isWatching = true
      running = Double(processors)
    }

    /// True where processors are idle while requests wait.
    mutating func note(running now: Int) -> Bool {
      running += (Double(now) - running) / 4
      interval = now >= processors ? min(16, interval * 2) : 1
      return running < 0.6 * Double(processors)
    }

    /// The new workers have yet to show what they do.
    mutating func workersAdded() {
      wasShort = true
      running = Double(processors)
      interval = 1
    }
  }

  private func watchPressure(_ gauge: inout PressureGauge) {
    let (saturated, workers) = registry.staysSaturated()
    guard saturated else {
      gauge.isWatching = false
      gauge.interval = 1
      return
    }
    if !gauge.isWatching {
      gauge.begin()
      return
    }
    guard hasReadyWork, gauge.note(running: runningThreads(atMost: gauge.processors)) else { return }
    gauge.workersAdded()
    for _ in 0..<max(0, min(max(1, workers / 2), limits.maxWorkers - workers)) {
      guard startWorker() else {
        log("warn", "cannot start another worker: \(lastError())")
        return
      }
    }
  }

  /// An epoll instance can itself be polled.
  private var hasReadyWork: Bool {
    var ready = pollfd(fd: epoll, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 0) == 1
  }

  /// Threads of this process that compute or could, this one aside (proc(5)); more workers would only be in their way.
  private func runningThreads(atMost limit: Int) -> Int {
    guard let directory = opendir("/proc/self/task") else { return 0 }
    defer { closedir(directory) }
    let own = Int(coffer_thread_id())
    var running = 0
    while running < limit, let entry = readdir(directory) {
      let thread = withUnsafeBytes(of: &entry.pointee.d_name) { name in
        Int(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
      }
      guard let thread, thread != own else { continue }
      if isRunning(thread) { running += 1 }
    }
    return running
  }

  private func isRunning(_ thread: Int) -> Bool {
    let descriptor = open("/proc/self/task/\(thread)/stat", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { Glibc.close(descriptor) }
    var text = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &text, text.count)
    guard count > 0, let end = text.lastIndex(of: UInt8(ascii: ")")), end + 2 < count else { return false }
    return text[end + 2] == UInt8(ascii: "R")
  }
}
