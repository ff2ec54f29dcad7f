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
    /// Those who wait, in the order in which they came; only while as many are open as may be.
    var line: [Place] = []
    var isClosed = false
  }

  private static let connectTimeout = TimeSpan.seconds(10)
  private static let longestWait = TimeSpan.seconds(30)
  /// More requests than this do not wait: the server has other things to do with its threads.
  private static let maxWaiting = 96

  private let settings: ConnectionSettings
  private let limits: Limits
  private let state = Locked(State())

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

  /// Counts the caller among those who have a connection, once there is room and nobody came earlier.
  private func admit() throws(PostgreSQLError) {
    let place = try state.withLock { state throws(PostgreSQLError) -> Place? in
      if state.open < limits.open {
        state.open += 1
        return nil
      }
      if state.line.count >= Self.maxWaiting {
        throw PostgreSQLError(.timeout, "too many requests wait for a connection to the database")
      }
      let place = Place()
      state.line.append(place)
      return place
    }
    guard let place, !place.wait(atMost: Self.longestWait) else { return }
    // Whoever is not in the line any more was called at the last moment.
    let isOut = state.withLock { state in
      guard let index = state.line.firstIndex(where: { $0 === place }) else { return false }
      state.line.remove(at: index)
      return true
    }
    if isOut { throw PostgreSQLError(.timeout, "no connection to the database became free in time") }
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
    let next = state.withLock { state -> Place? in
      if let lent, !state.isClosed, lent.connection.isUsable, !lent.connection.isInTransaction, isFresh(lent),
        state.idle.count < limits.idle
      {
        state.idle.append(lent)
      }
      if !state.line.isEmpty { return state.line.removeFirst() }
      state.open -= 1
      return nil
    }
    // Who is called is counted in place of the caller.
    next?.call()
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
