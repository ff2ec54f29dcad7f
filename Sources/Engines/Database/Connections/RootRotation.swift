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
    guard let (record, stored) = try connection(name) else {
      throw EngineError.list(status: 400, [Self.noConnection(name)])
    }
    if record.rootUsername.isEmpty {
      throw EngineError.list(status: 400, ["unable to rotate root credentials: no username in configuration"])
    }
    guard record.secrets["password"] != nil else {
      throw EngineError.list(status: 400, ["unable to rotate root credentials: no password in configuration"])
    }
    let password = try newPassword(policy: "", connection: record)
    let intent = Folder.rootRotations + name
    guard rotating.withLock({ $0.insert(name).inserted }) else {
      throw EngineError.list(status: 503, ["this connection is being rotated by another request"])
    }
    defer { rotating.withLock { _ = $0.remove(name) } }
    guard try storage.get(intent) == nil else {
      context.requestWork(context.clock.now())
      throw EngineError.list(
        status: 503, ["an earlier rotation of this connection was interrupted and is being finished; try again"])
    }
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
      record.secrets["password"] = password
      transaction.put(Folder.connections + name, record.bytes)
      transaction.delete(Folder.rootRotations + name)
    }
    databases.close(name)
  }

  /// Finds out what became of rotations that were interrupted; returns when to try again.
  func finishRootRotations(now: Timestamp) throws -> Timestamp? {
    var next: Timestamp?
    for name in try storage.list(Folder.rootRotations) {
      let intent = Folder.rootRotations + name
      guard !rotating.withLock({ $0.contains(name) }), let stored = try storage.get(intent) else { continue }
      guard var (record, _) = try connection(name) else {
        try storage.delete(intent)
        continue
      }
      let former = record
      let password = SecretBytes(copying: stored.bytes)
      record.secrets["password"] = password
      if logsIn(record) {
        try store(password, for: name)
      } else if logsIn(former) {
        try storage.delete(intent)
      } else {
        context.log("an interrupted rotation could not be finished; it will be tried again", ["connection": name])
        next = now + Self.pauseAfterFailure
      }
    }
    return next
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
