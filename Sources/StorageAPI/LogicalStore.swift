/// The store as those above the barrier see it: the same calls, plaintext values.
package protocol LogicalStore: Sendable {
  func get(_ key: String) throws(StoreError) -> StoredValue?
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String]
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex
}
