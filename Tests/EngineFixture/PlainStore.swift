package import MemoryStore
package import StorageAPI

/// A store without encryption in front of it.
package struct PlainStore: LogicalStore {
  private let store: MemoryStore

  package init(store: MemoryStore = MemoryStore()) { self.store = store }

  package func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(key) }

  package func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try store.list(prefix, after: after, limit: limit)
  }

  package func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { try store.commit(batch) }
}
