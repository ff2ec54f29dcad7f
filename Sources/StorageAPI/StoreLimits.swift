/// The sizes that a store takes.
package struct StoreLimits: Sendable {
  package var keyBytes = 4096
  package var valueBytes = 8 << 20
  /// All keys and values of a batch together.
  package var batchBytes = 64 << 20

  package init() {}

  /// Throws `tooLarge` where a key, a value or the batch is larger.
  package func check(_ batch: WriteBatch) throws(StoreError) {
    var total = 0
    for write in batch.writes {
      switch write {
      case .put(let key, let value):
        guard key.utf8.count <= keyBytes, value.count <= valueBytes else { throw .tooLarge }
        total += key.utf8.count + value.count
      case .delete(let key), .deletePrefix(let key):
        guard key.utf8.count <= keyBytes else { throw .tooLarge }
        total += key.utf8.count
      }
      guard total <= batchBytes else { throw .tooLarge }
    }
    for precondition in batch.preconditions {
      switch precondition {
      case .absent(let key), .unchanged(let key, _):
        guard key.utf8.count <= keyBytes else { throw .tooLarge }
      }
    }
  }

  /// The same for what replaces everything, which may be larger than a batch.
  package func check(_ contents: [(key: String, value: [UInt8])]) throws(StoreError) {
    for (key, value) in contents {
      guard key.utf8.count <= keyBytes, value.count <= valueBytes else { throw .tooLarge }
    }
  }
}
