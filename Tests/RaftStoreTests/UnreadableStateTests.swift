import FiberFixture
import Primitives
import StorageAPI
import Testing

@testable import RaftStore

/// A state that cannot be read while it is held, as LMDB's while its map grows.
private final class HeldState: StateStorage {
  let isHeld = Monitored(false)
  let waiting = Monitored(0)
  private let inner: SimulatedState

  init(_ inner: SimulatedState) { self.inner = inner }

  func beginReading() throws(StoreError) -> (any StateReading)? {
    isHeld.withLock { $0 } ? nil : try inner.beginReading()
  }

  func waitUntilReadable() {
    waiting.update { $0 += 1 }
    _ = isHeld.wait { $0 ? nil : () }
  }

  func position() throws(StoreError) -> LogPosition { try inner.position() }
  func advance(by changes: Changes, to position: LogPosition) throws(StoreError) {
    try inner.advance(by: changes, to: position)
  }
  func replace(by changes: Changes, at position: LogPosition) throws(StoreError) {
    try inner.replace(by: changes, at: position)
  }
  func trim() {}
  func close() { inner.close() }
}

@Suite struct UnreadableStateTests {
  /// Whoever waits for the state does not wait under the lock of what is in memory, which all fibers of his carrier need.
  @Test func readersThatWaitHoldNobodyUp() throws {
    let random = RandomSource.seeded(1)
    let disk = SimulatedDisk(random: random)
    let state = HeldState(SimulatedState(disk: disk))
    let store = try RaftStore(
      RaftStoreSettings(folder: "/data", nodeID: "n1"), files: disk, state: state, segmentBytes: 1024, random: random,
      report: { _, _ in })
    func put(_ key: String, _ bytes: [UInt8]) throws {
      var batch = WriteBatch()
      batch.put(key, bytes)
      _ = try store.commit(batch)
    }
    try put("on/disk", [1])
    try store.flush()
    try put("in/memory", [2])
    state.isHeld.update { $0 = true }
    let carriers = try Carriers(1)
    let found = Monitored<[String]>([])
    carriers.run {
      let bytes = (try? store.get("on/disk"))??.bytes
      found.update { $0.append("get \(bytes ?? [])") }
    }
    carriers.run {
      let names = try? store.list("on/", after: nil, limit: 10)
      found.update { $0.append("list \(names ?? [])") }
    }
    #expect(state.waiting.wait(atMost: .seconds(20)) { $0 == 2 ? true : nil } == true)
    #expect(carriers.value { (try? store.get("in/memory"))??.bytes } == [2])
    #expect(found.withLock { $0 } == [])
    state.isHeld.update { $0 = false }
    #expect(found.wait(atMost: .seconds(20)) { $0.count == 2 ? $0.sorted() : nil } == ["get [1]", "list [\"disk\"]"])
    #expect(store.status.committedIndex == 2 && store.statistics.gets == 2)
    carriers.stop()
    store.close()
  }
}
