internal import EngineAPI
internal import PostgreSQL
internal import Primitives
internal import SecretMemory

/// `postgresql-database-plugin`: users are roles of a PostgreSQL cluster.
struct PostgreSQLPlugin: DatabasePlugin {
  static let type = DatabasePluginType(
    name: "postgresql-database-plugin", credentialTypes: [.password, .clientCertificate]
  ) {
    (surroundings) throws(DatabaseError) in try PostgreSQLPlugin(surroundings)
  }

  private static let statementTimeout = TimeSpan.seconds(60)
  /// How often a transaction is run that collides with others.
  private static let attempts = 6

  private let details: PostgreSQLDetails
  private let naming: PostgreSQLUsername
  private let random: RandomSource
  private let pool: ConnectionPool
  private let turns = TransactionTurns()

  init(_ surroundings: PluginSurroundings) throws(DatabaseError) {
    details = try PostgreSQLDetails(surroundings)
    naming = try PostgreSQLUsername(template: details.usernameTemplate, random: surroundings.random)
    random = surroundings.random
    pool = ConnectionPool(details.settings, details.limits)
  }

  func verify() throws(DatabaseError) {
    do throws(PostgreSQLError) {
      try pool.withConnection(begin: { (connection) throws(PostgreSQLError) in
        try connection.execute("SELECT 1", timeout: Self.statementTimeout)
      }) { _ in }
    } catch { throw DatabaseError(error.description, isUnavailable: Self.isUnavailable(error)) }
  }

  func username(for subject: UsernameSubject, template: String?) throws(DatabaseError) -> String {
    guard let template else { return try naming.username(for: subject) }
    return try PostgreSQLUsername(template: template, random: random).username(for: subject)
  }

  func createUser(_ user: NewUser) throws(DatabaseError) {
    do throws(DatabaseError) {
      try run(
        user.statements, name: user.name, credential: user.credential, expiration: user.expiration)
    } catch {
      let statements = StatementText.statements(user.rollbackStatements)
      // The transaction is undone; this is for what statements did beside it.
      if !statements.isEmpty, !error.isOutcomeUnknown { try? run(user.rollbackStatements, name: user.name) }
      throw error
    }
  }

  func updateUser(_ name: String, _ change: UserChange, statements: [String]) throws(DatabaseError) {
    let isStandard = StatementText.statements(statements).isEmpty
    switch change {
    case .credential(let credential):
      let standard = "ALTER ROLE \(Self.identifier(name)) WITH PASSWORD '{{password}}'"
      try run(isStandard ? [standard] : statements, name: name, credential: credential)
    case .expiration(let time):
      let standard = "ALTER ROLE \(Self.identifier(name)) VALID UNTIL '{{expiration}}'"
      try run(isStandard ? [standard] : statements, name: name, expiration: time)
    }
  }

  func deleteUser(_ name: String, statements: [String]) throws(DatabaseError) {
    if !StatementText.statements(statements).isEmpty { return try run(statements, name: name) }
    // Each changes who may connect to the database: two of them always collide.
    try session(alone: true) { (connection) throws(PostgreSQLError) in
      try StandardRevocation(user: name, connection: connection, timeout: Self.statementTimeout).run()
    }
  }

  func rotateRoot(to password: SecretBytes, statements: [String]) throws(DatabaseError) {
    try updateUser(details.username, .credential(.password(password)), statements: statements)
  }

  func close() { pool.close() }

  // MARK: Statements

  /// Runs the statements in one transaction.
  private func run(
    _ sent: [String], name: String, credential: UserCredential? = nil, expiration: Timestamp? = nil
  ) throws(DatabaseError) {
    let statements = StatementText.statements(sent)
    var values = StatementText.Values(name: name, password: nil, expiration: expiration)
    switch credential {
    case .password(let password): values.password = password
    case nil: break
    case .certificate:
      // It would be left as it is, and be the password of all of them.
      if statements.contains(where: { $0.contains("{{password}}") }) {
        throw DatabaseError("users with client certificates have no {{password}}", isRefusal: true)
      }
    case .publicKey: throw DatabaseError("PostgreSQL knows its users by passwords and certificates")
    }
    try session { (connection) throws(PostgreSQLError) in
      var filled = values
      if details.hashesPasswords, let password = values.password {
        filled.password = try connection.scramVerifier(of: password, user: name)
      }
      do throws(PostgreSQLError) {
        for statement in statements {
          try connection.execute(StatementText.fill(statement, filled), timeout: Self.statementTimeout)
        }
        try connection.execute("COMMIT", timeout: Self.statementTimeout)
      } catch {
        if connection.isUsable { _ = try? connection.execute("ROLLBACK", timeout: Self.statementTimeout) }
        throw error
      }
    }
  }

  /// Lends a connection on which a transaction has begun; once more where it collided with others. `body` ends the transaction.
  /// - Parameter alone: nobody else is in a transaction of this connection meanwhile, not even at the first attempt.
  private func session(
    alone: Bool = false, _ body: (Connection) throws(PostgreSQLError) -> Void
  ) throws(DatabaseError) {
    var hasBegun = false
    var attempt = 1
    while true {
      do throws(PostgreSQLError) {
        try pool.withConnection(begin: { (connection) throws(PostgreSQLError) in
          try connection.execute("BEGIN", timeout: Self.statementTimeout)
        }) { (connection) throws(PostgreSQLError) in
          try turns.run(alone: alone || attempt > 1) { () throws(PostgreSQLError) in
            hasBegun = true
            try body(connection)
          }
        }
        return
      } catch {
        if error.isCollision && attempt < Self.attempts {
          attempt += 1
          continue
        }
        let isUnavailable = Self.isUnavailable(error)
        let message = hasBegun && !isUnavailable ? "failed to execute query: \(error)" : "\(error)"
        throw DatabaseError(
          message, isUnavailable: isUnavailable, isOutcomeUnknown: hasBegun && isUnavailable,
          isRefusal: hasBegun && !isUnavailable && !error.isCollision)
      }
    }
  }

  /// Whether the same may work later: there is no connection, or the server starts, stops or has too many of them.
  private static func isUnavailable(_ error: PostgreSQLError) -> Bool {
    switch error.kind {
    case .connection, .timeout: true
    // Classes 08, 53 and 57 of the appendix on error codes: connections, resources, the operator.
    case .server(let state): state.hasPrefix("08") || state.hasPrefix("53") || state.hasPrefix("57P")
    case .usage: false
    }
  }

  /// A name as SQL has it.
  static func identifier(_ name: String) -> String {
    var out = "\""
    // By scalars: a quote with an accent upon it is still a quote to PostgreSQL.
    for scalar in name.unicodeScalars {
      out.unicodeScalars.append(contentsOf: scalar == "\"" ? [scalar, scalar] : [scalar])
    }
    return out + "\""
  }
}

extension PostgreSQLError {
  /// Whether the same may work a moment later, when others who change the same have ended: serialisation failures, deadlocks, and
  /// rows of the catalogue, for which there is no code of their own.
  var isCollision: Bool {
    ["40001", "40P01"].contains(sqlState) || sqlState == "XX000" && message.hasPrefix("tuple concurrently ")
  }
}
