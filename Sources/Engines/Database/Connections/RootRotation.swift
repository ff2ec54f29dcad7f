internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// A new password for the user with which the engine itself logs in. It is written down before the database learns of it: whatever
/// the server dies of, one of the two that are known then is the right one.
extension DatabaseMount {
  static let rotationRoutes: [Route<DatabaseMount>] = [
    Route(
      "rotate-root/{name}", fields: [Fields.name.description],
      summary: "Gives the engine's own user a new password that nobody else knows",
      [.update: { mount, call in try mount.rotateRoot(call) }])
  ]

  private static let pauseAfterFailure = TimeSpan.seconds(15)

  private func rotateRoot(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard rotating.withLock({ $0.insert(name).inserted }) else {
      throw EngineError.list(status: 503, ["this connection is being rotated by another request"])
    }
    defer { rotating.withLock { _ = $0.remove(name) } }
    guard try finishRootRotation(name) else {
      throw EngineError.list(status: 503, ["an earlier rotation was interrupted, and the database does not answer yet"])
    }
    guard let (record, stored) = try connection(name) else {
      throw EngineError.list(status: 400, [Self.noConnection(name)])
    }
    if record.rootUsername.isEmpty {
      throw EngineError.list(status: 400, ["unable to rotate root credentials: no username in configuration"])
    }
    guard record.secrets["password"] != nil else {
      throw EngineError.list(status: 400, ["unable to rotate root credentials: no password in configuration"])
    }
    guard record.takesPassword else {
      throw EngineError.list(
        status: 400, ["unable to rotate root credentials: connection_url holds a password instead of {{password}}"])
    }
    let password = try newPassword(policy: "", connection: record)
    let intent = Folder.rootRotations + name
    var begin = WriteBatch()
    begin.put(intent, password.withBytes { Array($0) })
    begin.preconditions = [
      .absent(key: intent), .unchanged(key: Folder.connections + name, since: stored.index),
    ]
    _ = try storage.commit(begin)
    do throws(DatabaseError) {
      let database = try open(record)
      defer { database.close() }
      try database.rotateRoot(to: password, statements: record.rootRotationStatements)
    } catch {
      if error.isOutcomeUnknown { context.requestWork(context.clock.now()) } else { try storage.delete(intent) }
      throw error.prefixed("failed to update user: ").answer
    }
    try store(password, for: name)
    return .none
  }

  /// The new password becomes the connection's, and there is nothing left to finish.
  private func store(_ password: SecretBytes, for name: String) throws {
    try storage.transaction { transaction in
      guard let bytes = try transaction.get(Folder.connections + name), var record = ConnectionRecord(bytes: bytes)
      else { return }
      record.setPassword(password)
      transaction.put(Folder.connections + name, record.bytes)
      transaction.delete(Folder.rootRotations + name)
    }
    databases.close(name)
  }

  /// Finds out what became of rotations that were interrupted; returns when to try again.
  func finishRootRotations(now: Timestamp) throws -> Timestamp? {
    var next: Timestamp?
    for name in try storage.list(Folder.rootRotations) where !rotating.withLock({ $0.contains(name) }) {
      if try finishRootRotation(name) { continue }
      context.log("an interrupted rotation could not be finished; it will be tried again", ["connection": name])
      next = now + Self.pauseAfterFailure
    }
    return next
  }

  /// - Returns: false where neither the old password nor the new one could be tried with success.
  private func finishRootRotation(_ name: String) throws -> Bool {
    let intent = Folder.rootRotations + name
    guard let stored = try storage.get(intent) else { return true }
    guard let (record, _) = try connection(name) else {
      try storage.delete(intent)
      return true
    }
    let password = SecretBytes(copying: stored.bytes)
    var rotated = record
    rotated.setPassword(password)
    if logsIn(rotated) {
      try store(password, for: name)
    } else if logsIn(record) {
      try storage.delete(intent)
    } else {
      return false
    }
    return true
  }

  private func logsIn(_ record: ConnectionRecord) -> Bool {
    do throws(DatabaseError) {
      let database = try open(record)
      defer { database.close() }
      try database.verify()
      return true
    } catch { return false }
  }
}
