internal import StorageAPI

/// What a mount's engine writes to. It is shut for good before the mount's keys are deleted, so that whoever is still
/// at work in the engine leaves none behind.
struct MountStore: LogicalStore {
  let store: any LogicalStore
  let writes: Gate

  func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(key) }

  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try store.list(prefix, after: after, limit: limit)
  }

  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    guard writes.enter() else { throw .unavailable("the mount is gone") }
    defer { writes.leave() }
    return try store.commit(batch)
  }
}
