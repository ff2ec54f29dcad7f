internal import StorageAPI

/// What commits have changed and the state on disk does not show yet.
struct Changes: Sendable {
  /// The values written, nil where a key was deleted. Newer than what `erased` covers.
  private(set) var entries = KeyTable<StoredValue?>()
  /// Prefixes all keys of which are gone, but for those in `entries`. None begins with another.
  private(set) var erased = KeyTable<Erased>()
  /// About what they take in memory.
  private(set) var byteCount = 0
  /// Log entries applied.
  private(set) var entryCount = 0

  struct Erased: Sendable {}

  private static let overhead = 64

  enum Finding {
    case value(StoredValue)
    case deleted
    /// Look further below.
    case untouched
  }

  var isEmpty: Bool { entryCount == 0 }

  func find(_ key: [UInt8]) -> Finding {
    if let entry = entries[key] { return entry.map { .value($0) } ?? .deleted }
    return erasure(of: key) == nil ? .untouched : .deleted
  }

  /// The prefix by which the key is gone from everything below.
  func erasure(of key: [UInt8]) -> [UInt8]? {
    // Between a prefix and what begins with it lies nothing but other keys that begin with it.
    guard let prefix = erased.last(upTo: key)?.key, key.starts(with: prefix) else { return nil }
    return prefix
  }

  mutating func apply(_ writes: [WriteBatch.Write], index: CommitIndex) {
    entryCount += 1
    for write in writes {
      switch write {
      case .put(let key, let value): set(Array(key.utf8), StoredValue(bytes: value, index: index))
      case .delete(let key): set(Array(key.utf8), nil)
      case .deletePrefix(let prefix): erase(Array(prefix.utf8))
      }
    }
  }

  private mutating func set(_ key: [UInt8], _ value: StoredValue?) {
    byteCount += Self.overhead + key.count + (value?.bytes.count ?? 0)
    if let old = entries.set(key, value) { byteCount -= Self.overhead + key.count + (old?.bytes.count ?? 0) }
  }

  private mutating func erase(_ prefix: [UInt8]) {
    var freed = 0
    entries.removeAll(beginningWith: prefix) { key, value in
      freed += Self.overhead + key.count + (value?.bytes.count ?? 0)
    }
    byteCount -= freed
    guard erasure(of: prefix) == nil else { return }
    erased.removeAll(beginningWith: prefix)
    erased.set(prefix, Erased())
    byteCount += Self.overhead + prefix.count
  }
}
