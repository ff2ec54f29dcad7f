package import StorageAPI

/// The keys of one mount: everything below its prefix, and nothing else.
package struct StorageView: Sendable {
  private let store: any LogicalStore
  package let prefix: String

  /// `prefix` is empty or ends in "/".
  package init(_ store: any LogicalStore, prefix: String) {
    self.store = store
    self.prefix = prefix
  }

  package func view(_ folder: String) -> StorageView { StorageView(store, prefix: prefix + folder) }

  package func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(prefix + key) }

  /// The names right below `folder`, folders with "/" at their end.
  package func list(_ folder: String, after: String? = nil, limit: Int = .max) throws(StoreError) -> [String] {
    try store.list(prefix + folder, after: after, limit: limit)
  }

  package func put(_ key: String, _ value: [UInt8]) throws(StoreError) {
    var batch = WriteBatch()
    batch.put(prefix + key, value)
    _ = try store.commit(batch)
  }

  package func delete(_ key: String) throws(StoreError) {
    var batch = WriteBatch()
    batch.delete(prefix + key)
    _ = try store.commit(batch)
  }

  /// Commits a batch whose keys are relative to this view.
  package func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { try store.commit(absolute(batch)) }

  /// The same batch with the keys that the store knows, to be joined with others.
  package func absolute(_ batch: WriteBatch) -> WriteBatch {
    WriteBatch(
      writes: batch.writes.map { write in
        switch write {
        case .put(let key, let value): .put(key: prefix + key, value: value)
        case .delete(let key): .delete(key: prefix + key)
        case .deletePrefix(let folder): .deletePrefix(prefix + folder)
        }
      },
      preconditions: batch.preconditions.map { condition in
        switch condition {
        case .absent(let key): .absent(key: prefix + key)
        case .unchanged(let key, let since): .unchanged(key: prefix + key, since: since)
        }
      })
  }

  /// Runs `body` against what is stored now and commits its writes as one batch, on condition that nothing it read has changed; otherwise runs it
  /// again. `body` must have no effects of its own. After 64 conflicts the last one is thrown.
  package func transaction<R>(_ body: (inout Transaction) throws -> R) throws -> R {
    var attempt = 0
    while true {
      var transaction = Transaction(view: self)
      let result = try body(&transaction)
      if transaction.batch.isEmpty { return result }
      do {
        _ = try commit(transaction.batch)
        return result
      } catch {
        if error != .conflict || attempt == 64 { throw error }
        attempt += 1
      }
    }
  }
}

/// Reads and writes that take effect together or not at all.
package struct Transaction {
  fileprivate let view: StorageView
  fileprivate var batch = WriteBatch()
  private var pending: [String: [UInt8]?] = [:]
  private var known: Set<String> = []

  fileprivate init(view: StorageView) { self.view = view }

  /// What is stored, or what this transaction put there.
  package mutating func get(_ key: String) throws(StoreError) -> [UInt8]? {
    if let value = pending[key] { return value }
    let stored = try view.get(key)
    if known.insert(key).inserted {
      batch.preconditions.append(stored.map { .unchanged(key: key, since: $0.index) } ?? .absent(key: key))
    }
    return stored?.bytes
  }

  package mutating func put(_ key: String, _ value: [UInt8]) {
    pending[key] = .some(value)
    batch.put(key, value)
  }

  package mutating func delete(_ key: String) {
    pending[key] = .some(nil)
    batch.delete(key)
  }

  /// Deletes everything below the folder. Later reads of its keys in this transaction do not see it.
  package mutating func deletePrefix(_ folder: String) { batch.writes.append(.deletePrefix(folder)) }
}
