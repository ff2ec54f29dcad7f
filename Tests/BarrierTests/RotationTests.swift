import Primitives
import SecretMemory
import StorageAPI
import Testing

@testable import Barrier

private let root = SecretBytes(copying: RandomSource.seeded(1).bytes(32))
private let other = SecretBytes(copying: RandomSource.seeded(3).bytes(32))
private let start = Timestamp(seconds: 1_800_000_000)

private func sealed(_ store: TestStore) -> SealedBarrier {
  SealedBarrier(store: store, clock: WallClock { start }, random: .system)
}

private func opened(_ store: TestStore) throws -> Barrier {
  if try !sealed(store).isInitialized() { try sealed(store).initialize(rootKey: root) }
  return try sealed(store).unseal(rootKey: root)
}

extension Barrier {
  fileprivate func put(_ key: String, _ value: [UInt8]) throws(StoreError) {
    _ = try commit(WriteBatch(writes: [.put(key: key, value: value)]))
  }
}

private func term(of key: String, in store: TestStore) throws -> UInt32? {
  EncryptedRecord.term(of: try #require(store.values[key]).bytes)
}

@Suite struct Rotation {
  @Test func oldValuesStayReadableAndNewOnesTakeTheNewKey() throws {
    let store = TestStore()
    let barrier = try opened(store)
    try barrier.put("a", [1])
    for _ in 0..<3 { try barrier.rotate() }
    try barrier.put("b", [2])
    #expect(try term(of: "a", in: store) == 1)
    #expect(try term(of: "b", in: store) == 4)
    for barrier in [barrier, try opened(store)] {
      #expect(try barrier.get("a")?.bytes == [1])
      #expect(try barrier.get("b")?.bytes == [2])
      #expect(try barrier.keyStatus.term == 4)
    }
  }

  @Test(arguments: [TestStore.Failure.before, .after])
  func aCrashInTheMiddleOfARotationLosesNothing(failure: TestStore.Failure) throws {
    let store = TestStore()
    let barrier = try opened(store)
    try barrier.put("a", [1])
    store.fail(failure)
    #expect(throws: StoreError.self) { try barrier.rotate() }
    // The running process goes on with what it knows, a restarted one with what was stored.
    try barrier.put("b", [2])
    let restarted = try opened(store.copy())
    for barrier in [barrier, restarted] {
      #expect(try barrier.get("a")?.bytes == [1])
      #expect(try barrier.get("b")?.bytes == [2])
    }
    try barrier.rotate()
    try barrier.put("c", [3])
    let again = try opened(store)
    for (key, value) in [("a", [UInt8(1)]), ("b", [2]), ("c", [3])] { #expect(try again.get(key)?.bytes == value) }
    #expect(try again.keyStatus == barrier.keyStatus || again.keyStatus.term == barrier.keyStatus.term)
  }

  @Test(arguments: [TestStore.Failure.before, .after])
  func aNewRootKeyAndItsWrappedFormComeTogether(failure: TestStore.Failure) throws {
    let store = TestStore()
    let barrier = try opened(store)
    try barrier.put("core/seal/root", [1])
    try barrier.put("a", [9])
    let batch = WriteBatch(writes: [.put(key: "core/seal/root", value: [2]), .put(key: "core/shares", value: [7])])
    store.fail(failure)
    #expect(throws: StoreError.self) { try barrier.rotateRootKey(to: other, alongside: batch) }
    // What lies in the clear says which of the two keys opens.
    let stored = try #require(store.values["core/seal/root"]).bytes
    let crashed = try sealed(store.copy()).unseal(rootKey: stored == [1] ? root : other)
    #expect(try crashed.get("a")?.bytes == [9])
    if case .before = failure { try barrier.rotateRootKey(to: other, alongside: batch) }
    #expect(throws: BarrierError.wrongKey) { try sealed(store).unseal(rootKey: root) }
    let reopened = try sealed(store).unseal(rootKey: other)
    #expect(try reopened.get("a")?.bytes == [9])
    #expect(try reopened.get("core/seal/root")?.bytes == [2])
    #expect(try reopened.get("core/shares")?.bytes == [7])
    if case .before = failure {
      try barrier.rotate()
      #expect(try sealed(store).unseal(rootKey: other).keyStatus.term == 2)
    }
  }

  @Test func rotationsOfTwoNodesBothCount() throws {
    let store = TestStore()
    let one = try opened(store)
    let two = try opened(store)
    try two.rotate()
    try two.put("a", [1])
    // Learns of the term when it meets a record of it.
    #expect(try one.get("a")?.bytes == [1])
    #expect(try one.keyStatus.term == 2)
    try two.rotate()
    store.interruptNextCommit { try? two.rotate() }
    try one.rotate()
    #expect(try one.keyStatus.term == 5)
    try one.put("b", [2])
    #expect(try two.get("b")?.bytes == [2])
    #expect(try opened(store).get("b")?.bytes == [2])
  }

  @Test func aPreconditionOfTheCallerIsNotTakenForARival() throws {
    let barrier = try opened(TestStore())
    let batch = WriteBatch(preconditions: [.unchanged(key: "nowhere", since: 1)])
    #expect(throws: StoreError.conflict) { try barrier.rotateRootKey(to: other, alongside: batch) }
  }

  @Test func aKeyIsReplacedWhenItsTimeIsOver() throws {
    let store = TestStore()
    let barrier = try opened(store)
    #expect(try barrier.rotationConfiguration == RotationConfiguration())
    try barrier.maintain(now: start + .hours(100_000))
    #expect(try barrier.keyStatus.term == 1)
    try barrier.setRotationConfiguration(.init(interval: .hours(24)))
    #expect(try opened(store).rotationConfiguration.interval == .hours(24))
    try barrier.maintain(now: start + .hours(23))
    #expect(try barrier.keyStatus.term == 1)
    try barrier.maintain(now: start + .hours(24))
    #expect(try barrier.keyStatus.term == 2)
    try barrier.setRotationConfiguration(.init(enabled: false, interval: .hours(24)))
    try barrier.maintain(now: start + .hours(48))
    #expect(try barrier.keyStatus.term == 2)
  }
}

@Suite struct Counting {
  @Test func theCountSurvivesARestart() throws {
    let store = TestStore()
    let barrier = try opened(store)
    for i in 0..<10 { try barrier.put("k\(i)", [1]) }
    try barrier.maintain(now: start)
    let counted = try barrier.keyStatus.encryptions
    // Ten values, the reservation at the first, and the count itself.
    #expect(counted == 12)
    let commits = store.state.withLock { $0.commits }
    try barrier.maintain(now: start)
    #expect(store.state.withLock { $0.commits } == commits)
    #expect(try opened(store).keyStatus.encryptions == counted)
  }

  @Test func aCrashCanOnlyMakeTheDecidingCountTooLarge() throws {
    let store = TestStore()
    // Each life ends without a word; the reservations make up for it.
    for _ in 0..<3 {
      let barrier = try opened(store)
      for i in 0..<50 { try barrier.put("k\(i)", [1]) }
    }
    let barrier = try opened(store)
    try barrier.setRotationConfiguration(.init(maxOperations: 3 * EncryptionCount.ahead))
    try barrier.maintain(now: start)
    #expect(try barrier.keyStatus.term == 2)
  }

  @Test func aKeyAtItsBoundEncryptsNothingMore() throws {
    let store = TestStore()
    try opened(store).setRotationConfiguration(.init(enabled: false))
    let barrier = try sealed(store).unseal(rootKey: root, bound: 5)
    for i in 0..<20 { try barrier.put("k\(i)", [UInt8(i)]) }
    #expect(try barrier.keyStatus.term > 3)
    let reopened = try opened(store)
    for i in 0..<20 { #expect(try reopened.get("k\(i)")?.bytes == [UInt8(i)]) }
    for key in store.values.keys where key.hasPrefix("k") {
      let number = try term(of: key, in: store)
      let same = try store.values.keys.filter { try $0.hasPrefix("k") && term(of: $0, in: store) == number }
      #expect(same.count <= 5)
    }
    // Reading and deleting go on, even where no new key can be made.
    let stuck = try sealed(store).unseal(rootKey: root, bound: 0)
    store.fail()
    #expect(throws: StoreError.full) { try stuck.put("k0", [1]) }
    #expect(try stuck.get("k0")?.bytes == [0])
    _ = try stuck.commit(WriteBatch(writes: [.delete(key: "k0")]))
  }

  @Test func aReservationThatWasNotStoredIsTriedAgain() throws {
    var count = EncryptionCount()
    #expect(count.encrypt(1) != .encrypt)
    #expect(count.encrypt(1) == .encrypt)
    count.failed()
    guard case .encryptAndStore(let record) = count.encrypt(1) else {
      Issue.record("no reservation")
      return
    }
    #expect(count.encrypt(Int(EncryptionCount.ahead) + 1) != .encrypt)
    let restored = try #require(EncryptionCount(record: record))
    #expect(restored.counted == 5)
    #expect(restored.spent == 5 + EncryptionCount.ahead)
    for count in 0..<32 where count != 16 {
      #expect(EncryptionCount(record: [UInt8](repeating: 0, count: count)) == nil)
    }
    #expect(EncryptionCount(record: [UInt8](repeating: 0xFF, count: 16)) == nil)
    var largest = try #require(
      EncryptionCount(record: [0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0x7F] + [UInt8](repeating: 0xFF, count: 7))
    )
    #expect(largest.encrypt(.max) != .encrypt || largest.spent == .max)
  }

  @Test func manyThreadsLoseNoWriteWhileKeysChange() throws {
    let store = TestStore()
    let barrier = try opened(store)
    let failures = Locked(0)
    runOnThreads(4) { thread in
      for i in 0..<200 {
        do {
          try barrier.put("t\(thread)/\(i)", [UInt8(thread), UInt8(i)])
          if i % 50 == thread { try barrier.rotate() }
          if try barrier.get("t\(thread)/\(i)")?.bytes != [UInt8(thread), UInt8(i)] { failures.withLock { $0 += 1 } }
        } catch {
          failures.withLock { $0 += 1 }
        }
      }
    }
    #expect(failures.withLock { $0 } == 0)
    let reopened = try opened(store)
    #expect(try reopened.keyStatus.term == barrier.keyStatus.term)
    for thread in 0..<4 {
      for i in 0..<200 { #expect(try reopened.get("t\(thread)/\(i)")?.bytes == [UInt8(thread), UInt8(i)]) }
    }
  }
}
