internal import Glibc
package import Primitives
internal import Synchronization

/// Where the server log goes, with a level for each named logger, and listeners that follow it for a while.
package final class LogSink: Sendable {
  package typealias Output = @Sendable ([UInt8]) -> Void

  /// One name's place in the sink: what is below `threshold` is wanted by nobody.
  final class Source: Sendable {
    let name: String
    let threshold: Atomic<UInt8>

    init(name: String, threshold: UInt8) {
      self.name = name
      self.threshold = Atomic(threshold)
    }
  }

  private struct Listener {
    let level: LogLevel
    let format: LogFormat
    let output: Output
    let ended: @Sendable () -> Void
  }

  private struct State {
    var format: LogFormat
    var level: LogLevel
    var output: Output
    var own: [String: LogLevel] = [:]
    var sources: [String: Source] = [:]
    var listeners: [UInt64: Listener] = [:]
    var nextListener: UInt64 = 1
    var mayBeFollowed = true

    func level(of name: String) -> LogLevel { own[name] ?? level }

    func threshold(of name: String) -> UInt8 {
      listeners.values.reduce(level(of: name).rank) { min($0, $1.level.rank) }
    }

    func applyThresholds() {
      for (name, source) in sources { source.threshold.store(threshold(of: name), ordering: .relaxed) }
    }
  }

  private let clock: WallClock
  private let state: Locked<State>

  /// `output` gets whole lines, from any thread, several at a time.
  package init(
    format: LogFormat = .standard, level: LogLevel = .info, clock: WallClock = .system,
    output: @escaping @Sendable ([UInt8]) -> Void = LogSink.descriptor(2)
  ) {
    self.clock = clock
    state = Locked(State(format: format, level: level, output: output))
  }

  /// A sink that keeps nothing.
  package static var silent: LogSink { LogSink(level: .error, output: { _ in }) }

  /// Writes to a descriptor that stays open, a line a call; what cannot be written is lost.
  package static func descriptor(_ descriptor: Int32) -> @Sendable ([UInt8]) -> Void {
    { line in
      var written = 0
      while written < line.count {
        let n = line.withUnsafeBytes {
          Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, line.count - written)
        }
        if n > 0 { written += n } else if n == 0 || errno != EINTR { return }
      }
    }
  }

  /// Loggers of one name share their level.
  package func logger(_ name: String) -> Logger {
    let source = state.withLock { state in
      if let known = state.sources[name] { return known }
      let source = Source(name: name, threshold: state.threshold(of: name))
      state.sources[name] = source
      return source
    }
    return Logger(sink: self, source: source)
  }

  /// The level of every logger, those with a level of their own included.
  package func setLevel(_ level: LogLevel) {
    state.withLock { state in
      state.level = level
      state.own = [:]
      state.applyThresholds()
    }
  }

  /// False where nobody logs under that name.
  @discardableResult
  package func setLevel(_ level: LogLevel, for name: String) -> Bool {
    state.withLock { state in
      guard state.sources[name] != nil else { return false }
      state.own[name] = level
      state.applyThresholds()
      return true
    }
  }

  /// Every logger goes back to the common level.
  package func resetLevels() {
    state.withLock { state in
      state.own = [:]
      state.applyThresholds()
    }
  }

  /// False where nobody logs under that name.
  @discardableResult
  package func resetLevel(for name: String) -> Bool {
    state.withLock { state in
      guard state.sources[name] != nil else { return false }
      state.own[name] = nil
      state.applyThresholds()
      return true
    }
  }

  /// The level in force of each name in use.
  package var levels: [String: LogLevel] {
    state.withLock { state in
      let current = state
      return Dictionary(uniqueKeysWithValues: current.sources.keys.map { ($0, current.level(of: $0)) })
    }
  }

  /// Lines go to the new place from now on, as after the log file was rotated.
  package func replaceOutput(_ output: @escaping @Sendable ([UInt8]) -> Void) {
    state.withLock { $0.output = output }
  }

  package func setFormat(_ format: LogFormat) { state.withLock { $0.format = format } }

  /// Follows the log from `level` up, whatever the loggers' own levels are, until it is removed. Neither `output` nor
  /// `ended`, which is called when nothing more will come, may block.
  package func addListener(
    level: LogLevel, format: LogFormat, ended: @escaping @Sendable () -> Void = {},
    _ output: @escaping @Sendable ([UInt8]) -> Void
  ) -> UInt64 {
    let (id, mayFollow) = state.withLock { state in
      let id = state.nextListener
      state.nextListener &+= 1
      if state.mayBeFollowed {
        state.listeners[id] = Listener(level: level, format: format, output: output, ended: ended)
        state.applyThresholds()
      }
      return (id, state.mayBeFollowed)
    }
    if !mayFollow { ended() }
    return id
  }

  /// The server is about to end: the log goes on, but nobody follows it any longer.
  package func endListeners() {
    let listeners = state.withLock { state in
      defer {
        state.mayBeFollowed = false
        state.listeners = [:]
        state.applyThresholds()
      }
      return state.listeners.values
    }
    for listener in listeners { listener.ended() }
  }

  package var listenerCount: Int { state.withLock { $0.listeners.count } }

  package func removeListener(_ id: UInt64) {
    state.withLock { state in
      state.listeners[id] = nil
      state.applyThresholds()
    }
  }

  func write(_ source: Source, _ level: LogLevel, _ message: String, _ details: [(String, String)]) {
    let line = LogLine(time: clock.now(), level: level, name: source.name, message: message, details: details)
    var targets: [(LogFormat, Output)] = []
    state.withLock { state in
      if level >= state.level(of: source.name) { targets.append((state.format, state.output)) }
      for listener in state.listeners.values where level >= listener.level {
        targets.append((listener.format, listener.output))
      }
    }
    for (format, output) in targets { output(line.bytes(format)) }
  }
}
