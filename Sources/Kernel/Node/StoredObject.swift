package import JSONText
internal import Primitives
package import StorageAPI

/// One JSON object in storage with a copy in memory that requests read.
package final class StoredObject: Sendable {
  private let store: any LogicalStore
  private let key: String
  private let cached: Locked<JSONObject>

  package init(_ key: String, in store: any LogicalStore) throws {
    self.store = store
    self.key = key
    let stored = try store.get(key)
    cached = Locked(try stored.flatMap { try JSONParser.parse($0.bytes, limits: .unlimited).objectValue } ?? [:])
  }

  package var value: JSONObject { cached.withLock { $0 } }

  /// Stores the changed object, then shows it to readers. Changes are made one at a time.
  package func change(_ edit: (inout JSONObject) throws -> Void) throws {
    try cached.withLock { (object) throws in
      var next = object
      try edit(&next)
      if next == object { return }
      var batch = WriteBatch()
      batch.put(key, JSONText(next).bytes)
      _ = try store.commit(batch)
      object = next
    }
  }
}
