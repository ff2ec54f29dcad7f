internal import PostgreSQL
internal import Primitives

/// What is done to a user whose role names no statements: its rights are taken away, then the user is dropped. Begins in an open
/// transaction and leaves none.
struct StandardRevocation {
  let user: String
  let connection: Connection
  let timeout: TimeSpan

  func run() throws(PostgreSQLError) {
    do throws(PostgreSQLError) {
      if try isThere() { try drop(PostgreSQLPlugin.identifier(user)) }
      try connection.execute("COMMIT", timeout: timeout)
    } catch {
      if connection.isUsable { _ = try? connection.execute("ROLLBACK", timeout: timeout) }
      throw error
    }
  }

  private func isThere() throws(PostgreSQLError) -> Bool {
    try !connection.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1", [user], timeout: timeout).isEmpty
  }

  private func drop(_ name: String) throws(PostgreSQLError) {
    for statement in try revocations(name) { try attempt(statement) }
    if try ownsNothing() { try attempt("DROP OWNED BY \(name)") }
    try connection.execute("DROP ROLE IF EXISTS \(name)", timeout: timeout)
  }

  private func revocations(_ name: String) throws(PostgreSQLError) -> [String] {
    let granted = try connection.execute(
      "SELECT DISTINCT table_schema FROM information_schema.role_column_grants WHERE grantee = $1", [user],
      timeout: timeout)
    var statements: [String] = []
    for schema in granted.compactMap({ $0.first ?? nil }) {
      let schema = PostgreSQLPlugin.identifier(schema)
      statements.append("REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA \(schema) FROM \(name)")
      statements.append("REVOKE USAGE ON SCHEMA \(schema) FROM \(name)")
    }
    statements.append("REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA public FROM \(name)")
    statements.append("REVOKE ALL PRIVILEGES ON ALL SEQUENCES IN SCHEMA public FROM \(name)")
    statements.append("REVOKE USAGE ON SCHEMA public FROM \(name)")
    if let database = try connection.execute("SELECT current_database()", timeout: timeout).first?.first ?? nil {
      statements.append("REVOKE CONNECT ON DATABASE \(PostgreSQLPlugin.identifier(database)) FROM \(name)")
    }
    return statements
  }

  /// Whether the user owns nothing in this database, so that dropping what it owns takes rights away and nothing else.
  private func ownsNothing() throws(PostgreSQLError) -> Bool {
    try connection.execute(
      """
      SELECT 1 FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
      WHERE r.rolname = $1 AND d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.deptype = 'o'
      AND d.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) LIMIT 1
      """, [user], timeout: timeout
    ).isEmpty
  }

  /// Some rights may not be ours to take away; whether it is enough shows when the user is dropped.
  private func attempt(_ statement: String) throws(PostgreSQLError) {
    try connection.execute("SAVEPOINT revocation", timeout: timeout)
    do throws(PostgreSQLError) { try connection.execute(statement, timeout: timeout) } catch {
      if !connection.isUsable || error.isCollision { throw error }
      try connection.execute("ROLLBACK TO SAVEPOINT revocation", timeout: timeout)
    }
    try connection.execute("RELEASE SAVEPOINT revocation", timeout: timeout)
  }
}
