import Primitives
import StorageAPI

/// The contract of a store, done the slow and obvious way.
struct Model: Equatable {
  var values: [[UInt8]: StoredValue] = [:]
  var index: CommitIndex = 0

  mutating func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    for precondition in batch.preconditions {
      switch precondition {
      case .absent(let key): if values[Array(key.utf8)] != nil { throw .conflict }
      case .unchanged(let key, let since): if values[Array(key.utf8)]?.index != since { throw .conflict }
      }
    }
    if batch.isEmpty { return index }
    index += 1
    for write in batch.writes {
      switch write {
      case .put(let key, let value): values[Array(key.utf8)] = StoredValue(bytes: value, index: index)
      case .delete(let key): values[Array(key.utf8)] = nil
      case .deletePrefix(let prefix): values = values.filter { !$0.key.starts(with: Array(prefix.utf8)) }
      }
    }
    return index
  }

  mutating func commit(group: [WriteBatch]) -> [Result<CommitIndex, StoreError>] {
    group.map { batch in
      do throws(StoreError) { return .success(try commit(batch)) } catch { return .failure(error) }
    }
  }

  func list(_ prefix: String, after: String?, limit: Int) -> [String] {
    let prefix = Array(prefix.utf8)
    var names: Set<[UInt8]> = []
    for key in values.keys where key.starts(with: prefix) && key.count > prefix.count {
      let rest = key[prefix.count...]
      names.insert(Array(rest.firstIndex(of: UInt8(ascii: "/")).map { rest[...$0] } ?? rest))
    }
    let start = Array((after ?? "").utf8)
    return names.sorted { $0.lexicographicallyPrecedes($1) }.filter { start.lexicographicallyPrecedes($0) }
      .prefix(limit).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// Draws batches over a small set of keys, so that they meet.
struct Workload {
  let random: RandomSource
  var parts = ["a", "b", "a!", "a0", "é", "e\u{301}", "zz", ""]
  var depth: UInt64 = 3
  var valueBytes: UInt64 = 40

  func key() -> String {
    (0...random.below(depth)).map { _ in parts[Int(random.below(UInt64(parts.count)))] }.joined(separator: "/")
  }

  func batch(_ model: Model) -> WriteBatch {
    var batch = WriteBatch()
    for _ in 0...random.below(3) {
      switch random.below(14) {
      case 0: batch.writes.append(.deletePrefix(key() + (random.below(2) == 0 ? "/" : "")))
      case 1...3: batch.delete(key())
      default: batch.put(key(), random.bytes(Int(random.below(valueBytes))))
      }
    }
    if random.below(20) == 0 { batch.writes = [] }
    switch random.below(6) {
    case 0: batch.preconditions = [.absent(key: key())]
    case 1:
      let subject = key()
      let since = model.values[Array(subject.utf8)]?.index ?? 0
      batch.preconditions = [.unchanged(key: subject, since: since &- random.below(2))]
    default: break
    }
    return batch
  }
}

extension PhysicalStore {
  /// Everything below a folder, found by listing.
  func walk(_ folder: String = "") throws(StoreError) -> [[UInt8]: StoredValue] {
    var found: [[UInt8]: StoredValue] = [:]
    for name in try list(folder, after: nil, limit: .max) {
      if name.utf8.last == UInt8(ascii: "/") {
        found.merge(try walk(folder + name)) { first, _ in first }
        // A key may end in "/" too; a listing shows it as the folder.
      }
      if let value = try get(folder + name) { found[Array((folder + name).utf8)] = value }
    }
    if folder.isEmpty, let value = try get("") { found[[]] = value }
    return found
  }
}
