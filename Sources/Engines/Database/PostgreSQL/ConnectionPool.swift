internal import PostgreSQL
internal import Primitives

/// Connections to one server that are used again, and never more at once than are allowed.
final class ConnectionPool: Sendable {
  struct Limits: Sendable, Equatable {
    /// At once, idle or in use.
    var open: Int
    /// Kept for later.
    var idle: Int
    /// After which a connection is not used again; zero for no end.
    var lifetime: TimeSpan
  }

  private struct Idle {
    var connection: Connection
    var made: UInt64
  }

  private struct State {
    var idle: [Idle] = []
    var open = 0
    var waiting = 0
    var isClosed = false
  }

  private static let connectTimeout = TimeSpan.seconds(10)
  private static let longestWait = TimeSpan.seconds(30)
  /// More requests than this do not wait: the server has other things to do with its threads.
  private static let maxWaiting = 96

  private let settings: ConnectionSettings
  private let limits: Limits
  private let state = Monitored(State())

  init(_ settings: ConnectionSettings, _ limits: Limits) {
    self.settings = settings
    self.limits = limits
  }

  /// Lends a connection for the length of the call. One that came from the pool and turns out to be broken at its first use
  /// is replaced: `begin` is run first, and must have no effect by itself.
  func withConnection<R>(
    begin: (Connection) throws(PostgreSQLError) -> Void, _ body: (Connection) throws(PostgreSQLError) -> R
  ) throws(PostgreSQLError) -> R {
    try admit()
    var lent: Idle?
    defer { giveBack(lent) }
    while lent == nil, let idle = takeIdle() {
      lent = idle
      do throws(PostgreSQLError) { try begin(idle.connection) } catch {
        if idle.connection.isUsable { throw error }
        lent = nil
      }
    }
    if let lent { return try body(lent.connection) }
    let fresh = Idle(
      connection: try Connection(settings, timeout: connectTimeout), made: WallClock.monotonicNanoseconds())
    lent = fresh
    try begin(fresh.connection)
    return try body(fresh.connection)
  }

  private var connectTimeout: TimeSpan {
    guard let text = settings["connect_timeout"], let seconds = Int64(text), seconds > 0 else {
      return Self.connectTimeout
    }
    return .seconds(min(seconds, 60))
  }

  /// Counts the caller among those who have a connection, once there is room.
  private func admit() throws(PostgreSQLError) {
    let isCrowded = state.withLock { state in
      if state.open >= limits.open && state.waiting >= Self.maxWaiting { return true }
      state.waiting += 1
      return false
    }
    if isCrowded { throw PostgreSQLError(.timeout, "too many requests wait for a connection to the database") }
    let isIn = state.wait(atMost: Self.longestWait) { state -> Bool? in
      guard state.open < limits.open else { return nil }
      state.open += 1
      return true
    }
    state.withLock { $0.waiting -= 1 }
    if isIn == nil { throw PostgreSQLError(.timeout, "no connection to the database became free in time") }
  }

  private func takeIdle() -> Idle? {
    while true {
      guard let idle = state.withLock({ $0.idle.popLast() }) else { return nil }
      if isFresh(idle), !idle.connection.hasEnded { return idle }
    }
  }

  private func isFresh(_ idle: Idle) -> Bool {
    limits.lifetime <= .zero
      || WallClock.monotonicNanoseconds() &- idle.made < UInt64(max(0, limits.lifetime.nanoseconds))
  }

  private func giveBack(_ lent: Idle?) {
    state.update { state in
      state.open -= 1
      guard let lent, !state.isClosed, lent.connection.isUsable, !lent.connection.isInTransaction, isFresh(lent),
        state.idle.count < limits.idle
      else { return }
      state.idle.append(lent)
    }
  }

  func close() {
    let idle = state.withLock { state in
      defer { state.idle = [] }
      state.isClosed = true
      return state.idle
    }
    // Dropping the last reference says good-bye to the server; not while the lock is held.
    _ = idle.count
  }
}
