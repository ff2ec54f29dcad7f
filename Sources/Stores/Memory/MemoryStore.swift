internal import Primitives
package import StorageAPI

/// A store that forgets everything when the process ends: for development and for tests.
package final class MemoryStore: PhysicalStore {
  private struct Contents {
    var values = KeyTable<StoredValue>()
    var index: CommitIndex = 0
    var isClosed = false
  }

  private let contents = Locked(Contents())
  private let limits: StoreLimits

  package init(limits: StoreLimits = StoreLimits()) { self.limits = limits }

  package func get(_ key: String) throws(StoreError) -> StoredValue? {
    let key = Array(key.utf8)
    return try contents.withLock { contents throws(StoreError) in
      try Self.checkOpen(contents)
      return contents.values[key]
    }
  }

  package func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    let values = try contents.withLock { contents throws(StoreError) in
      try Self.checkOpen(contents)
      return contents.values
    }
    return FolderListing.names(below: prefix, after: after, limit: limit) { values.first(from: $0)?.key }
  }

  package func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    try limits.check(batch)
    return try contents.withLock { contents throws(StoreError) in
      try Self.checkOpen(contents)
      for precondition in batch.preconditions {
        switch precondition {
        case .absent(let key):
          guard contents.values[Array(key.utf8)] == nil else { throw .conflict }
        case .unchanged(let key, let since):
          guard contents.values[Array(key.utf8)]?.index == since else { throw .conflict }
        }
      }
      guard !batch.isEmpty else { return contents.index }
      contents.index += 1
      for write in batch.writes {
        switch write {
        case .put(let key, let value):
          contents.values.set(Array(key.utf8), StoredValue(bytes: value, index: contents.index))
        case .delete(let key): contents.values.remove(Array(key.utf8))
        case .deletePrefix(let prefix): contents.values.removeAll(beginningWith: Array(prefix.utf8))
        }
      }
      return contents.index
    }
  }

  package func snapshot() throws(StoreError) -> any StoreSnapshot {
    try contents.withLock { contents throws(StoreError) in
      try Self.checkOpen(contents)
      return MemorySnapshot(values: contents.values, index: contents.index)
    }
  }

  package func replaceAll(_ replacement: [(key: String, value: [UInt8])]) throws(StoreError) -> CommitIndex {
    try limits.check(replacement)
    return try contents.withLock { contents throws(StoreError) in
      try Self.checkOpen(contents)
      contents.index += 1
      contents.values = KeyTable()
      for (key, value) in replacement {
        contents.values.set(Array(key.utf8), StoredValue(bytes: value, index: contents.index))
      }
      return contents.index
    }
  }

  package func close() {
    contents.withLock { contents in
      contents.isClosed = true
      contents.values = KeyTable()
    }
  }

  private static func checkOpen(_ contents: Contents) throws(StoreError) {
    if contents.isClosed { throw .unavailable("the store is closed") }
  }
}

private final class MemorySnapshot: StoreSnapshot {
  private let values: KeyTable<StoredValue>
  let index: CommitIndex

  init(values: KeyTable<StoredValue>, index: CommitIndex) {
    self.values = values
    self.index = index
  }

  func forEach(_ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Void) throws {
    try values.forEach { key, value throws(any Error) in try body(key, value.bytes) }
  }
}
