internal import CPostgreSQL
internal import Glibc
package import Primitives
package import SecretMemory

/// One session with a server. Every call has a time limit, after which the connection is of no more use.
package final class Connection: @unchecked Sendable {
  // Unchecked because a connection may go from thread to thread; it is used by one at a time.
  private let handle: OpaquePointer

  /// What a query gave: the rows' values as texts, nil for NULL.
  package typealias Rows = [[String?]]

  /// Connects and logs in.
  package init(_ settings: ConnectionSettings, timeout: TimeSpan) throws(PostgreSQLError) {
    let deadline = Deadline(timeout)
    guard let handle = settings.withLists({ PQconnectStartParams($0, $1, 0) }) else {
      throw PostgreSQLError(.connection, "out of memory")
    }
    self.handle = handle
    // What the server says beside its answers may quote statements, and by default goes to standard error.
    PQsetNoticeReceiver(handle, { _, _ in }, nil)
    guard PQstatus(handle) != CONNECTION_BAD else { throw failure(.connection) }
    var waitsFor = PGRES_POLLING_WRITING
    while true {
      switch waitsFor {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_READING: try wait(Int16(POLLIN), deadline)
      case PGRES_POLLING_WRITING: try wait(Int16(POLLOUT), deadline)
      default: throw failure(.connection)
      }
      waitsFor = PQconnectPoll(handle)
    }
  }

  deinit { PQfinish(handle) }

  /// False once the connection broke or ran out of time.
  package private(set) var isUsable = true

  /// True while a transaction is open.
  package var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

  /// True where the server closed the connection while nobody used it.
  package var hasEnded: Bool {
    var entry = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
    // Nothing is expected to come in; what does is the end, or the reason for it.
    return PQstatus(handle) != CONNECTION_OK || poll(&entry, 1, 0) != 0
  }

  /// Runs one or several statements, as they are.
  @discardableResult
  package func execute(_ statements: SecretBytes, timeout: TimeSpan) throws(PostgreSQLError) -> Rows {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: statements.count + 1, alignment: 1)
    defer {
      zero(copy)
      copy.deallocate()
    }
    statements.withBytes { copy.copyMemory(from: $0) }
    copy[statements.count] = 0
    let sent = copy.withMemoryRebound(to: CChar.self) { PQsendQuery(handle, $0.baseAddress) }
    return try results(sent: sent == 1, Deadline(timeout))
  }

  @discardableResult
  package func execute(_ statements: String, timeout: TimeSpan) throws(PostgreSQLError) -> Rows {
    try results(sent: PQsendQuery(handle, statements) == 1, Deadline(timeout))
  }

  /// Runs one statement with texts for `$1`, `$2` and so on.
  @discardableResult
  package func execute(_ statement: String, _ parameters: [String], timeout: TimeSpan) throws(PostgreSQLError) -> Rows {
    let copies = parameters.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let values: [UnsafePointer<CChar>?] = copies.map { UnsafePointer($0) }
    let sent = PQsendQueryParams(handle, statement, Int32(values.count), nil, values, nil, nil, 0)
    return try results(sent: sent == 1, Deadline(timeout))
  }

  /// The form in which the server keeps a password (`SCRAM-SHA-256$…`), so that it never sees the password itself.
  package func scramVerifier(of password: SecretBytes, user: String) throws(PostgreSQLError) -> SecretBytes {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: password.count + 1, alignment: 1)
    defer {
      zero(copy)
      copy.deallocate()
    }
    password.withBytes { copy.copyMemory(from: $0) }
    copy[password.count] = 0
    let made = copy.withMemoryRebound(to: CChar.self) {
      PQencryptPasswordConn(handle, $0.baseAddress, user, "scram-sha-256")
    }
    guard let made else { throw failure(.usage) }
    defer { PQfreemem(made) }
    let bytes = UnsafeMutableRawBufferPointer(start: made, count: strlen(made))
    defer { zero(bytes) }
    return SecretBytes(copying: bytes)
  }

  // MARK: Waiting

  private struct Deadline {
    let end: UInt64
    init(_ span: TimeSpan) { end = WallClock.monotonicNanoseconds() &+ UInt64(max(0, span.nanoseconds)) }
    /// Milliseconds for poll(2), at least one until the time is over.
    var left: Int32 {
      let now = WallClock.monotonicNanoseconds()
      return now >= end ? 0 : Int32(clamping: (end - now) / 1_000_000 + 1)
    }
  }

  private func wait(_ events: Int16, _ deadline: Deadline) throws(PostgreSQLError) {
    while true {
      var entry = pollfd(fd: PQsocket(handle), events: events, revents: 0)
      let left = deadline.left
      let count = left > 0 ? poll(&entry, 1, left) : 0
      if count > 0 { return }
      if count < 0 && errno == EINTR { continue }
      isUsable = false
      throw PostgreSQLError(.timeout, "timeout: the server does not answer")
    }
  }

  private func results(sent: Bool, _ deadline: Deadline) throws(PostgreSQLError) -> Rows {
    guard sent else { throw broken() }
    var rows: Rows = []
    var error: PostgreSQLError?
    while true {
      while PQisBusy(handle) == 1 {
        try wait(Int16(POLLIN), deadline)
        guard PQconsumeInput(handle) == 1 else { throw broken() }
      }
      guard let result = PQgetResult(handle) else { break }
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
      case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: rows += Self.rows(result)
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        isUsable = false
        throw PostgreSQLError(.usage, "COPY is not supported")
      default: error = error ?? Self.error(result)
      }
    }
    if let error {
      if PQstatus(handle) != CONNECTION_OK { throw broken() }
      throw error
    }
    return rows
  }

  private func broken() -> PostgreSQLError {
    isUsable = false
    return failure(.connection)
  }

  // MARK: Results and errors

  private static func rows(_ result: OpaquePointer) -> Rows {
    let columns = PQnfields(result)
    return (0..<PQntuples(result)).map { row in
      (0..<columns).map { column in
        PQgetisnull(result, row, column) == 1 ? nil : PQgetvalue(result, row, column).map { String(cString: $0) }
      }
    }
  }

  private static func error(_ result: OpaquePointer) -> PostgreSQLError {
    func field(_ code: Character) -> String? {
      code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
    }
    // PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY.
    guard let state = field("C") else {
      return PostgreSQLError(.connection, tidied(PQresultErrorMessage(result).map { String(cString: $0) } ?? ""))
    }
    return PostgreSQLError(.server(sqlState: state), field("M") ?? "")
  }

  private func failure(_ kind: PostgreSQLError.Kind) -> PostgreSQLError {
    PostgreSQLError(kind, Self.tidied(PQerrorMessage(handle).map { String(cString: $0) } ?? ""))
  }

  /// One line, and the system's words for errors in lower case, as they are known from other clients.
  private static func tidied(_ message: String) -> String {
    let lines = message.split(whereSeparator: { $0 == "\n" || $0 == "\t" }).joined(separator: " ")
    var out = ""
    var rest = lines[...]
    while let place = rest.firstIndex(of: "C"), !rest.isEmpty {
      out += rest[..<place]
      let found = rest[place...].hasPrefix("Connection ")
      out += found ? "c" : "C"
      rest = rest[rest.index(after: place)...]
    }
    return out + rest
  }
}
