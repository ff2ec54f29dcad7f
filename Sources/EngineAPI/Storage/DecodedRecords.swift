internal import Primitives
internal import StorageAPI

/// Stored records that are read again and again, decoded once. A record is the same for as long as the commit that wrote it is.
///
/// For records without secrets only, since they stay in memory.
package final class DecodedRecords<Record: Sendable>: Sendable {
  private static var most: Int { 1024 }
  private let known = Locked<[String: (index: CommitIndex, record: Record)]>([:])

  package init() {}

  /// Nil where nothing is stored under the key.
  package func record(_ key: String, in storage: StorageView, decode: ([UInt8]) throws -> Record) throws -> Record? {
    guard let stored = try storage.get(key) else {
      known.withLock { $0[key] = nil }
      return nil
    }
    if let known = known.withLock({ $0[key] }), known.index == stored.index { return known.record }
    let record = try decode(stored.bytes)
    known.withLock { known in
      if known.count >= Self.most { known = [:] }
      known[key] = (stored.index, record)
    }
    return record
  }
}
