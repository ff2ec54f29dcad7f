import Glibc
import Primitives
import StorageAPI
import Testing

@testable import RaftStore

/// A folder that goes away with its owner.
private final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/raft-store-XXXXXX".utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    guard unlink(path) != 0 else { return }
    for name in (try? LocalFileSystem().names(in: path)) ?? [] { remove(path + "/" + name) }
    rmdir(path)
  }
}

private func silent(_ level: String, _ message: String) {}

@Suite struct RaftStoreTests {
  /// Slices of four bytes make a long key of every other one.
  @Test(arguments: [4, SlicedKeys.largestSlice], [1, 2, 3, 4]) func behavesLikeTheModel(slice: Int, seed: UInt64) throws
  {
    let folder = try TemporaryFolder()
    let random = RandomSource.seeded(seed)
    var workload = Workload(random: random)
    if slice > 4 {
      let long = String(repeating: "long", count: 124)
      workload.parts += [long + "1234", long + "12345", long + "12345678", long + long + "é", String(long.dropLast())]
      workload.depth = 4
    }
    var settings = RaftStoreSettings(folder: folder.path, nodeID: "n1")
    settings.trailingLogs = 20
    // A map that has to grow.
    func open() throws(StoreError) -> RaftStore {
      let state = try LMDBState(
        folder: folder.path + "/state", mapBytes: 64 << 10, sliceBytes: slice, partSize: 1 + Int(random.below(5)))
      return try RaftStore(
        settings, files: LocalFileSystem(), state: state, segmentBytes: 64 << 10, random: random, report: silent)
    }
    var store = try open()
    var model = Model()
    for step in 0..<500 {
      let group = (0...random.below(2)).map { _ in workload.batch(model) }
      #expect(store.commit(group: group) == model.commit(group: group), "step \(step)")
      let subject = workload.key()
      #expect(try store.get(subject) == model.values[Array(subject.utf8)])
      let prefix = random.below(3) == 0 ? "" : workload.key() + "/"
      let after = random.below(2) == 0 ? nil : [workload.key(), workload.key() + "/"][Int(random.below(2))]
      let limit = random.below(5) == 0 ? 2 : 1000
      let listed = try store.list(prefix, after: after, limit: limit)
      #expect(listed.map { Array($0.utf8) } == model.list(prefix, after: after, limit: limit).map { Array($0.utf8) })
      if random.below(10) == 0 { try store.flush() }
      if random.below(20) == 0 { store.trim() }
      if random.below(40) == 0 {
        store.close()
        store = try open()
        #expect(store.status.committedIndex == model.index)
      }
      if random.below(40) == 0 { #expect(try store.walk() == model.values, "step \(step)") }
    }
    try store.flush()
    #expect(try store.walk() == model.values)
    // Layers of long keys go with their last key.
    _ = try store.commit(WriteBatch(writes: [.deletePrefix("")]))
    try store.flush()
    #expect(try store.walk().isEmpty)
    store.close()
  }

  @Test func threadsShareSyncsAndLoseNothing() throws {
    let folder = try TemporaryFolder()
    let settings = RaftStoreSettings(folder: folder.path, nodeID: "n1")
    let store = try RaftStore.open(settings, log: silent)
    let failures = Locked(0)
    let threads = (0..<8).compactMap { number in
      BackgroundThread {
        for step in 0..<100 {
          while true {
            do throws(StoreError) {
              let counter = try store.get("counter")
              var batch = WriteBatch()
              let count = counter.map { UInt64($0.bytes[0]) | UInt64($0.bytes[1]) << 8 } ?? 0
              batch.put("counter", [UInt8(truncatingIfNeeded: count + 1), UInt8(truncatingIfNeeded: (count + 1) >> 8)])
              batch.put("t\(number)/\(step)", [UInt8(number)])
              batch.preconditions = [
                counter.map { .unchanged(key: "counter", since: $0.index) } ?? .absent(key: "counter")
              ]
              let index = try store.commit(batch)
              if try store.get("t\(number)/\(step)")?.index != index { failures.withLock { $0 += 1 } }
              break
            } catch {
              if error != .conflict {
                failures.withLock { $0 += 1 }
                break
              }
            }
          }
        }
      }
    }
    for thread in threads { thread.join() }
    #expect(failures.withLock { $0 } == 0)
    #expect(try store.get("counter")?.bytes == [UInt8(800 & 255), UInt8(800 >> 8)])
    let statistics = store.statistics
    #expect(statistics.commits == 800)
    #expect(store.status.committedIndex == 800)
    store.close()
    let again = try RaftStore.open(settings, log: silent)
    #expect(try again.list("", after: nil, limit: 100).count == 9)
    #expect(try again.list("t3/", after: nil, limit: 1000).count == 100)
    #expect(again.status.term == 2)
    again.close()
  }

  @Test func aSecondProcessIsRefusedWithTheNumberOfTheFirst() throws {
    let folder = try TemporaryFolder()
    let settings = RaftStoreSettings(folder: folder.path, nodeID: "n1")
    let store = try RaftStore.open(settings, log: silent)
    let second = Result { () throws(StoreError) in try RaftStore.open(settings, log: silent) }
    let holder = "in use by process \(getpid())"
    #expect({ if case .failure(.unavailable(let text)) = second { text.contains(holder) } else { false } }())
    store.close()
    #expect(throws: StoreError.unavailable("the store is closed")) { try store.get("k") }
    #expect(throws: StoreError.unavailable("the store is closed")) { try store.commit(WriteBatch()) }
    try RaftStore.open(settings, log: silent).close()
  }

  @Test func refusesWhatIsTooLarge() throws {
    let folder = try TemporaryFolder()
    let store = try RaftStore.open(RaftStoreSettings(folder: folder.path, nodeID: "n1"), log: silent)
    defer { store.close() }
    let longest = String(repeating: "k", count: 4096)
    _ = try store.commit(WriteBatch(writes: [.put(key: longest, value: [UInt8](repeating: 1, count: 1 << 20))]))
    #expect(throws: StoreError.tooLarge) { try store.commit(WriteBatch(writes: [.put(key: longest + "k", value: [])])) }
    #expect(throws: StoreError.tooLarge) {
      try store.commit(WriteBatch(writes: [.put(key: "k", value: [UInt8](repeating: 1, count: (1 << 20) + 1))]))
    }
    try store.flush()
    #expect(try store.get(longest)?.bytes.count == 1 << 20)
  }

  @Test func listsAHundredThousandFolders() throws {
    let folder = try TemporaryFolder()
    let settings = RaftStoreSettings(folder: folder.path, nodeID: "n1")
    var store = try RaftStore.open(settings, log: silent)
    for block in 0..<100 {
      var batch = WriteBatch()
      for name in 0..<1000 { batch.put("folder/\(1_000_000 + block * 1000 + name)/leaf", [1]) }
      _ = try store.commit(batch)
    }
    for reopened in [false, true] {
      if reopened {
        store.close()
        store = try RaftStore.open(settings, log: silent)
      }
      var names: [String] = []
      while true {
        let page = try store.list("folder/", after: names.last, limit: 9000)
        if page.isEmpty { break }
        names += page
      }
      #expect(names.count == 100_000)
      #expect(names.last == "1099999/")
      #expect(try store.list("", after: nil, limit: 10) == ["folder/"])
    }
    store.close()
  }

  @Test func snapshotsStandStillAndReplaceEverything() throws {
    let folder = try TemporaryFolder()
    let store = try RaftStore.open(RaftStoreSettings(folder: folder.path, nodeID: "n1"), log: silent)
    defer { store.close() }
    for number in 0..<50 {
      _ = try store.commit(WriteBatch(writes: [.put(key: "k/\(number)", value: [UInt8(number)])]))
      if number == 25 { try store.flush() }
    }
    var taken: [(key: String, value: [UInt8])] = []
    do {
      let snapshot = try store.snapshot()
      _ = try store.commit(WriteBatch(writes: [.deletePrefix("k/"), .put(key: "other", value: [1])]))
      try store.flush()
      try snapshot.forEach { key, value in taken.append((String(decoding: key, as: UTF8.self), value)) }
      #expect(taken.count == 50 && snapshot.index == 50)
    }
    let index = try store.replaceAll(taken)
    #expect(index == store.status.committedIndex)
    #expect(try store.get("other") == nil)
    #expect(try store.get("k/7") == StoredValue(bytes: [7], index: index))
    #expect(try store.list("k/", after: nil, limit: .max).count == 50)
    #expect(try store.commit(WriteBatch(writes: [.put(key: "later", value: [])])) == index + 1)
  }
}
