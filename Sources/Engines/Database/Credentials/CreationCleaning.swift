internal import EngineAPI
internal import Primitives
internal import StorageAPI

/// Users that were being made when the server, the database or the way between them failed.
extension DatabaseMount {
  private static let pauseAfterFailure = TimeSpan.seconds(15)

  /// Deletes the users of creations that nobody is at; returns when to look again.
  func cleanUpCreations(now: Timestamp) throws -> Timestamp? {
    let ids = try storage.list(Folder.creations)
    creations.withLock { $0.keep(Set(ids), now) }
    var next: Timestamp?
    // Where one cannot be reached, the others of it would only cost time.
    var unavailable: Set<String> = []
    for id in ids {
      if let expected = creations.withLock({ $0.expected(id, now) }) {
        next = min(next ?? expected, expected)
        continue
      }
      if try !cleanUp(id, now: now, &unavailable) {
        let later = now + Self.pauseAfterFailure
        next = min(next ?? later, later)
      }
    }
    return next
  }

  /// - Returns: false where the user may still be there.
  private func cleanUp(_ id: String, now: Timestamp, _ unavailable: inout Set<String>) throws -> Bool {
    let key = Folder.creations + id
    guard let stored = try storage.get(key) else { return true }
    guard var record = CreationRecord(bytes: stored.bytes) else {
      throw StoreError.damaged("a record of a database user cannot be read")
    }
    if unavailable.contains(record.connection) { return false }
    if !record.isAbandoned {
      // From here on no lease can be made of it.
      record.isAbandoned = true
      var batch = WriteBatch()
      batch.put(key, record.bytes)
      batch.preconditions = [.unchanged(key: key, since: stored.index)]
      do { _ = try storage.commit(batch) } catch {
        if error == .conflict { return true }
        throw error
      }
    }
    do {
      try database(record.connection).deleteUser(record.username, statements: record.revocationStatements)
    } catch let error as DatabaseError {
      // Without its connection the user cannot be reached; the connection may come back.
      unavailable.insert(record.connection)
      context.log(
        "a user of an interrupted creation could not be deleted; it will be tried again",
        ["connection": record.connection, "username": record.username, "error": error.message])
      return false
    }
    try storage.delete(key)
    creations.withLock { $0.forget(id) }
    return true
  }
}
