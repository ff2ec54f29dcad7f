internal import EngineAPI
internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// Why a rotation did not come to its end.
struct RotationFailure: Error {
  var error: DatabaseError
  /// Whether the new password is still written down: then the rotation is repeated until it is known to be done.
  var isToBeFinished: Bool
}

/// Giving the user of a static role a new password. Whoever calls has the role's turn.
extension DatabaseMount {
  /// Rotates, or finishes a rotation that was interrupted, and then knows when the next one is.
  /// - Parameter new: the role that is being made; it is stored where the rotation succeeds.
  /// - Throws: `RotationFailure` where the database did not do it, `EngineError` where it was not asked.
  func rotate(_ name: String, making new: StaticRoleRecord? = nil) throws {
    let key = Folder.staticRotations + name
    let pending = try storage.get(key).map { try Self.intent(name, $0.bytes) }
    guard let role = try new ?? staticRole(name) ?? pending?.role else { return }
    let connection = try connectionForRotation(of: name, role)
    let isRepetition =
      pending.map { $0.role.username == role.username && $0.role.connection == role.connection } ?? false
    let intent: RotationIntent
    if let pending, isRepetition {
      intent = RotationIntent(password: pending.password, role: role)
    } else {
      guard case .password(let policy) = role.credential else {
        throw EngineError.invalid("unsupported credential_type: \"\(role.credential.type.rawValue)\"")
      }
      intent = RotationIntent(password: try newPassword(policy: policy, connection: connection), role: role)
    }
    var batch = WriteBatch()
    batch.put(key, intent.bytes)
    // A role that is made must not be there yet, under either kind of role.
    if new != nil {
      batch.preconditions = [.absent(key: Folder.staticRoles + name), .absent(key: Folder.roles + name)]
    }
    _ = try storage.commit(batch)

    do throws(DatabaseError) { try change(intent, connection: connection) } catch {
      // An earlier try that broke off may have worked; then only a database that is asked the same again and refuses tells that it did not.
      let isDropped = error.isRefusal || (!isRepetition && !error.isOutcomeUnknown)
      if isDropped { try storage.delete(key) }
      throw RotationFailure(error: error, isToBeFinished: !isDropped)
    }
    try finish(name, intent, isNew: new != nil || pending != nil)
  }

  /// Has the database change the password.
  private func change(_ intent: RotationIntent, connection: ConnectionRecord) throws(DatabaseError) {
    let role = intent.role
    let change = UserChange.credential(.password(intent.password))
    guard role.isSelfManaged else {
      let database: any DatabasePlugin
      // One that cannot be opened was not asked.
      do { database = try self.database(role.connection) } catch {
        let reason = (error as? DatabaseError)?.message ?? "the connection \(role.connection) cannot be read"
        throw DatabaseError(reason)
      }
      return try database.updateUser(role.username, change, statements: role.rotationStatements)
    }
    // The user's own login: with the old password, or with the new one where an earlier try got that far.
    var failure: DatabaseError?
    for password in [role.password, intent.password].compactMap(\.self) {
      var own = connection
      own.details["username"] = .string(role.username)
      own.setPassword(password)
      do throws(DatabaseError) {
        let database = try open(own)
        defer { database.close() }
        return try database.updateUser(role.username, change, statements: role.rotationStatements)
      } catch {
        if error.isOutcomeUnknown { throw error }
        failure = failure ?? error
      }
    }
    guard let failure else { return }
    // A login that fails where the engine's own does not is no fault of the database.
    let isThere = failure.isUnavailable && (try? database(role.connection).verify()) != nil
    throw isThere ? DatabaseError(failure.message) : failure
  }

  /// The new password becomes the role's.
  private func finish(_ name: String, _ intent: RotationIntent, isNew: Bool) throws {
    let due = try storage.transaction { transaction -> Timestamp? in
      transaction.delete(Folder.staticRotations + name)
      let stored = try transaction.get(Folder.staticRoles + name).map { try Self.staticRole(name, $0) }
      guard var role = stored ?? (isNew ? intent.role : nil) else { return nil }
      role.rotated(to: intent.password, at: context.clock.now())
      transaction.put(Folder.staticRoles + name, role.bytes)
      return role.due
    }
    guard let due else { return }
    rotations.queue.withLock { $0.schedule(name, at: due) }
    context.requestWork(due)
  }

  /// The role's connection, where the role may use it for what it wants.
  func connectionForRotation(of name: String, _ role: StaticRoleRecord) throws -> ConnectionRecord {
    guard let (connection, _) = try connection(role.connection) else {
      throw EngineError.list(status: 400, [Self.noConnection(role.connection)])
    }
    guard connection.allows(role: name) else {
      throw EngineError.list(status: 400, ["\"\(name)\" is not an allowed role"])
    }
    return connection
  }

  private static func intent(_ name: String, _ bytes: [UInt8]) throws -> RotationIntent {
    guard let intent = RotationIntent(bytes: bytes) else {
      throw StoreError.damaged("a rotation of the static database role \(name) cannot be read; restore a snapshot")
    }
    return intent
  }
}
