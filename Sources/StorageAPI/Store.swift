/// The number of the commit that wrote something; grows by at least one with each commit, never goes back.
package typealias CommitIndex = UInt64

/// A stored value and the commit that wrote it.
package struct StoredValue: Sendable, Equatable {
  package var bytes: [UInt8]
  package var index: CommitIndex

  package init(bytes: [UInt8], index: CommitIndex) {
    self.bytes = bytes
    self.index = index
  }
}

/// The writes of one request. Applied whole or not at all, in one local transaction and one log entry.
package struct WriteBatch: Sendable, Equatable {
  package enum Write: Sendable, Equatable {
    case put(key: String, value: [UInt8])
    case delete(key: String)
    /// Deletes every key that begins with the prefix.
    case deletePrefix(String)
  }

  /// What must hold at the moment the batch is applied.
  package enum Precondition: Sendable, Equatable {
    case absent(key: String)
    /// The key holds what the given commit wrote.
    case unchanged(key: String, since: CommitIndex)
  }

  package var writes: [Write]
  package var preconditions: [Precondition]

  package init(writes: [Write] = [], preconditions: [Precondition] = []) {
    self.writes = writes
    self.preconditions = preconditions
  }

  package var isEmpty: Bool { writes.isEmpty }
  package mutating func put(_ key: String, _ value: [UInt8]) { writes.append(.put(key: key, value: value)) }
  package mutating func delete(_ key: String) { writes.append(.delete(key: key)) }
}

/// Why a store did not do what it was asked. Descriptions carry no keys and no values.
package enum StoreError: Error, Sendable, Equatable {
  /// A precondition of the batch did not hold; nothing was written. Read again and retry.
  case conflict
  /// The medium is full; nothing was written. Works again once there is room.
  case full
  /// The store cannot take requests now: it is closing, or this node does not lead.
  case unavailable(String)
  /// What is stored is damaged. The text says what to do.
  case damaged(String)
  /// A key or value is larger than the store takes.
  case tooLarge
}

/// Durable ordered keys and values, ciphertext only: no prefix views, no sealing, no JSON.
///
/// Keys are slash-separated paths of UTF-8 text, at most 4,096 bytes. Calls block until they are done and may be made from any thread.
package protocol PhysicalStore: Sendable {
  func get(_ key: String) throws(StoreError) -> StoredValue?

  /// The names right below `prefix` (which is empty or ends in "/"), in byte order: a key's last part, or a folder's name with "/" at
  /// its end. Begins after the name `after`; at most `limit` names.
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String]

  /// Returns when the batch is durable and visible to every later `get` and `list`.
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex

  /// Everything that is stored now, standing still.
  func snapshot() throws(StoreError) -> any StoreSnapshot

  /// Puts `contents` in the place of everything that is stored, whole or not at all, however much it is.
  func replaceAll(_ contents: [(key: String, value: [UInt8])]) throws(StoreError) -> CommitIndex

  /// Gives back memory that is soon had again where it is needed. Called now and then.
  func trim()

  /// Stops taking requests and releases files; what was committed stays.
  func close()
}

extension PhysicalStore {
  package func trim() {}
  package func snapshot() throws(StoreError) -> any StoreSnapshot {
    throw .unavailable("this storage has no snapshots")
  }
  package func replaceAll(_ contents: [(key: String, value: [UInt8])]) throws(StoreError) -> CommitIndex {
    throw .unavailable("this storage has no snapshots")
  }
}

/// What a store held at one commit. Let go of it soon: the store cannot use again the room of what was deleted since.
package protocol StoreSnapshot: AnyObject, Sendable {
  /// The last commit in it.
  var index: CommitIndex { get }

  /// Visits all keys in byte order; the same each time.
  func forEach(_ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Void) throws
}
