/// Why PostgreSQL did not do what it was asked. Texts come from the server or libpq and hold no passwords, as far as the
/// statement itself held none: the server may quote the statement.
package struct PostgreSQLError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// There is no connection, or it broke; nobody knows what became of the statement.
    case connection
    /// No answer within the time that was given.
    case timeout
    /// The server refused, with its five-character SQLSTATE (PostgreSQL documentation, appendix A).
    case server(sqlState: String)
    /// What was asked makes no sense to libpq.
    case usage
  }

  package let kind: Kind
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var sqlState: String { if case .server(let state) = kind { state } else { "" } }

  package var description: String {
    if case .server(let state) = kind { return "ERROR: \(message) (SQLSTATE \(state))" }
    return message
  }
}
