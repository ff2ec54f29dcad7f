import MemoryStore
import Primitives
import StorageAPI
import Testing

/// The contract of a store, done the slow and obvious way.
private struct Model {
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

  func list(_ prefix: String, after: String?, limit: Int) -> [String] {
    let prefix = Array(prefix.utf8)
    var names: Set<[UInt8]> = []
    for key in values.keys where key.starts(with: prefix) && key.count > prefix.count {
      let rest = key[prefix.count...]
      names.insert(Array(rest.firstIndex(of: UInt8(ascii: "/")).map { rest[...$0] } ?? rest))
    }
    let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
    let start = Array((after ?? "").utf8)
    return sorted.filter { start.lexicographicallyPrecedes($0) }.prefix(limit).map {
      String(decoding: $0, as: UTF8.self)
    }
  }
}

@Test(arguments: 0..<20) func behavesLikeTheModel(seed: UInt64) throws {
  let random = RandomSource.seeded(seed)
  let store = MemoryStore()
  var model = Model()
  let parts = ["a", "b", "a!", "a0", "é", "e\u{301}", "zz", ""]
  func key() -> String {
    (0...random.below(4)).map { _ in parts[Int(random.below(UInt64(parts.count)))] }.joined(separator: "/")
  }
  for step in 0..<600 {
    var batch = WriteBatch()
    for _ in 0...random.below(3) {
      switch random.below(12) {
      case 0: batch.writes.append(.deletePrefix(key() + "/"))
      case 1...3: batch.delete(key())
      default: batch.put(key(), random.bytes(Int(random.below(9))))
      }
    }
    switch random.below(6) {
    case 0: batch.preconditions = [.absent(key: key())]
    case 1:
      let subject = key()
      let since = model.values[Array(subject.utf8)]?.index ?? 0
      batch.preconditions = [.unchanged(key: subject, since: since &- random.below(2))]
    default: break
    }
    let expected = Result { () throws(StoreError) in try model.commit(batch) }
    let got = Result { () throws(StoreError) in try store.commit(batch) }
    #expect(got == expected, "step \(step)")
    let subject = key()
    #expect(try store.get(subject) == model.values[Array(subject.utf8)])
    let prefix = random.below(3) == 0 ? "" : key() + "/"
    let after = random.below(2) == 0 ? nil : [key(), key() + "/"][Int(random.below(2))]
    let limit = Int(random.below(5)) == 0 ? 2 : 1000
    let listed = try store.list(prefix, after: after, limit: limit)
    #expect(listed.map { Array($0.utf8) } == model.list(prefix, after: after, limit: limit).map { Array($0.utf8) })
  }
}

@Test func listsAHundredThousandFoldersByPages() throws {
  let store = MemoryStore()
  for folder in 0..<100_000 {
    var batch = WriteBatch()
    for leaf in 0..<2 { batch.put("folder/\(1_000_000 + folder)/\(leaf)", []) }
    _ = try store.commit(batch)
  }
  var names: [String] = []
  while true {
    let page = try store.list("folder/", after: names.last, limit: 7000)
    if page.isEmpty { break }
    names += page
  }
  #expect(names.count == 100_000)
  #expect(names.first == "1000000/")
  #expect(names.last == "1099999/")
  #expect(try store.list("", after: nil, limit: 10) == ["folder/"])
}

@Test func refusesWhatIsTooLargeAndWhatComesAfterClose() throws {
  let store = MemoryStore()
  let longest = String(repeating: "k", count: 4096)
  _ = try store.commit(WriteBatch(writes: [.put(key: longest, value: [UInt8](repeating: 1, count: 8 << 20))]))
  #expect(throws: StoreError.tooLarge) {
    try store.commit(WriteBatch(writes: [.put(key: longest + "k", value: [])]))
  }
  #expect(throws: StoreError.tooLarge) {
    try store.commit(WriteBatch(writes: [.put(key: "k", value: [UInt8](repeating: 1, count: (8 << 20) + 1))]))
  }
  store.close()
  #expect(throws: StoreError.unavailable("the store is closed")) { try store.get("k") }
}
