internal import EngineAPI
internal import Primitives
internal import StorageAPI

/// Users that were being made when the server, the database or the way between them failed.
extension DatabaseMount {
  private static let pauseWhileUnavailable = TimeSpan.seconds(15)
  private static let pauseAfterRefusal = TimeSpan.minutes(5)

  /// Deletes the users of creations that nobody is at; returns when to look again.
  func cleanUpCreations(now: Timestamp) throws -> Timestamp? {
    let ids = try storage.list(Folder.creations)
    creations.withLock { $0.keep(Set(ids), now) }
    var times: [Timestamp] = []
    // Where one cannot be reached, the others of it would only cost time.
    var unavailable: Set<String> = []
    for id in ids {
      if let expected = creations.withLock({ $0.expected(id, now) }) {
        times.append(expected)
      } else if let pause = try cleanUp(id, &unavailable) {
        times.append(now + pause)
      }
    }
    return times.min()
  }

  /// - Returns: nil where the user is gone; otherwise when to try again.
  private func cleanUp(_ id: String, _ unavailable: inout Set<String>) throws -> TimeSpan? {
    let key = Folder.creations + id
    guard let stored = try storage.get(key) else { return nil }
    guard var record = CreationRecord(bytes: stored.bytes) else {
      throw StoreError.damaged("a record of a database user cannot be read")
    }
    if unavailable.contains(record.connection) { return Self.pauseWhileUnavailable }
    if !record.isAbandoned {
      // From here on no lease can be made of it.
      record.isAbandoned = true
      var batch = WriteBatch()
      batch.put(key, record.bytes)
      batch.preconditions = [.unchanged(key: key, since: stored.index)]
      do { _ = try storage.commit(batch) } catch {
        if error == .conflict { return nil }
        throw error
      }
    }
    do {
      try database(record.connection).deleteUser(record.username, statements: record.revocationStatements)
    } catch let error as DatabaseError {
      if error.isUnavailable { unavailable.insert(record.connection) }
      context.log(
        "a user of an interrupted creation could not be deleted; it will be tried again",
        ["connection": record.connection, "username": record.username, "error": error.message])
      return error.isUnavailable ? Self.pauseWhileUnavailable : Self.pauseAfterRefusal
    }
    try storage.delete(key)
    creations.withLock { $0.forget(id) }
    return nil
  }
}
