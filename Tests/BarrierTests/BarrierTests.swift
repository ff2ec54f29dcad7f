import Primitives
import SecretMemory
import StorageAPI
import Testing

@testable import Barrier

private let root = SecretBytes(copying: RandomSource.seeded(1).bytes(32))
private let start = Timestamp(seconds: 1_800_000_000)

private func sealed(_ store: TestStore, seed: UInt64 = 2) -> SealedBarrier {
  SealedBarrier(store: store, clock: WallClock { start }, random: .seeded(seed))
}

private func opened(_ store: TestStore = TestStore(), seed: UInt64 = 2) throws -> Barrier {
  let sealed = sealed(store, seed: seed)
  if try !sealed.isInitialized() { try sealed.initialize(rootKey: root) }
  return try sealed.unseal(rootKey: root)
}

extension Barrier {
  @discardableResult
  fileprivate func put(_ key: String, _ value: [UInt8]) throws(StoreError) -> CommitIndex {
    try commit(WriteBatch(writes: [.put(key: key, value: value)]))
  }
}

private func isDamaged(_ body: () throws -> Void) -> Bool {
  do {
    try body()
    return false
  } catch {
    if case .damaged(let text)? = error as? StoreError { return !text.isEmpty }
    return false
  }
}

@Suite struct Opening {
  @Test func aStoreIsInitialisedOnceAndOpensWithItsKey() throws {
    let store = TestStore()
    let barrier = sealed(store)
    #expect(try !barrier.isInitialized())
    #expect(throws: BarrierError.notInitialized) { try barrier.unseal(rootKey: root) }
    try barrier.initialize(rootKey: root)
    #expect(try barrier.isInitialized())
    #expect(throws: BarrierError.alreadyInitialized) { try barrier.initialize(rootKey: root) }
    #expect(try barrier.unseal(rootKey: root).keyStatus == KeyStatus(term: 1, installTime: start, encryptions: 0))
  }

  @Test func anotherKeyIsTold() throws {
    let store = TestStore()
    _ = try opened(store)
    for count in [0, 16, 31, 32, 33] {
      let other = SecretBytes(copying: [UInt8](repeating: 7, count: count))
      #expect(throws: BarrierError.wrongKey) { try sealed(store).unseal(rootKey: other) }
    }
    let short = SecretBytes(copying: [1, 2, 3])
    #expect(throws: BarrierError.wrongKey) { try sealed(TestStore()).initialize(rootKey: short) }
  }

  @Test func initialisationComesWholeWithItsCompanionsOrNotAtAll() throws {
    let companions = WriteBatch(writes: [
      .put(key: "core/seal/root", value: [1]), .put(key: "core/mounts", value: [2]),
    ])
    let store = TestStore()
    store.fail()
    #expect(throws: BarrierError.store(.full)) { try sealed(store).initialize(rootKey: root, alongside: companions) }
    #expect(store.values.isEmpty)
    try sealed(store).initialize(rootKey: root, alongside: companions)
    #expect(store.values["core/seal/root"]?.bytes == [1])
    #expect(store.values["core/mounts"]?.bytes != [2])
    #expect(try opened(store).get("core/mounts")?.bytes == [2])
  }

  @Test func aDamagedKeyringNeverOpensAndNeverTraps() throws {
    let store = TestStore()
    try opened(store).rotate()
    let keyring = try #require(store.values["core/keyring"]).bytes
    var damaged = 0
    for bit in 0..<keyring.count * 8 {
      var changed = keyring
      changed[bit / 8] ^= 1 << (bit % 8)
      store.set("core/keyring", changed)
      do throws(BarrierError) {
        _ = try sealed(store).unseal(rootKey: root)
        Issue.record("opened with bit \(bit) changed")
      } catch {
        if error != .wrongKey { damaged += 1 }
      }
    }
    // Only the 16 bytes of the check value can look like another key.
    #expect(damaged == (keyring.count - 16) * 8)
    for count in 0..<keyring.count {
      store.set("core/keyring", Array(keyring[..<count]))
      #expect(throws: BarrierError.self) { try sealed(store).unseal(rootKey: root) }
    }
  }

  @Test func aSealedBarrierAnswersNothing() throws {
    let store = TestStore()
    let barrier = try opened(store)
    try barrier.put("a", [1])
    try barrier.put("core/seal/config", [1])
    barrier.seal()
    let refusal = StoreError.unavailable("Vault is sealed")
    #expect(throws: refusal) { try barrier.get("a") }
    #expect(throws: refusal) { try barrier.get("absent") }
    #expect(throws: refusal) { try barrier.get("core/seal/config") }
    #expect(throws: refusal) { try barrier.list("", after: nil, limit: 10) }
    #expect(throws: refusal) { try barrier.put("a", [2]) }
    #expect(throws: refusal) { try barrier.commit(WriteBatch()) }
    #expect(throws: refusal) { try barrier.keyStatus }
    #expect(throws: refusal) { try barrier.rotationConfiguration }
    #expect(throws: refusal) { try barrier.rotate() }
    #expect(throws: refusal) { try barrier.rotateRootKey(to: root) }
    #expect(throws: refusal) { try barrier.maintain(now: start) }
    #expect(try opened(store).get("a")?.bytes == [1])
  }
}

@Suite struct Values {
  @Test func storedBytesShowNothingAndComeBack() throws {
    let store = TestStore()
    let barrier = try opened(store)
    let value = Array("correct horse battery staple".utf8)
    let index = try barrier.put("secret/a", value)
    #expect(try barrier.get("secret/a") == StoredValue(bytes: value, index: index))
    #expect(try barrier.get("secret/b") == nil)
    let first = try #require(store.values["secret/a"]).bytes
    #expect(first.count == value.count + 33)
    #expect(!first.indices.contains { first[$0...].starts(with: Array("horse".utf8)) })
    try barrier.put("secret/a", value)
    #expect(store.values["secret/a"]?.bytes != first)
    #expect(try opened(store, seed: 9).get("secret/a")?.bytes == value)
  }

  @Test func theSealsOwnKeysStayClear() throws {
    let store = TestStore()
    let barrier = try opened(store)
    try barrier.put("core/seal/config", [1, 2])
    #expect(store.values["core/seal/config"]?.bytes == [1, 2])
    #expect(try barrier.get("core/seal/config")?.bytes == [1, 2])
    // A neighbour by spelling only.
    try barrier.put("core/seal", [3])
    try barrier.put("core/seal\u{301}/", [3])
    #expect(store.values["core/seal"]?.bytes != [3])
    #expect(store.values["core/seal\u{301}/"]?.bytes != [3])
  }

  @Test func movedValuesAreNoticed() throws {
    let store = TestStore()
    let barrier = try opened(store)
    try barrier.put("secret/a", [1])
    try barrier.put("secret/b", [2])
    let a = store.values["secret/a"]?.bytes
    store.set("secret/a", store.values["secret/b"]?.bytes)
    store.set("secret/b", a)
    #expect(isDamaged { _ = try barrier.get("secret/a") })
    #expect(isDamaged { _ = try barrier.get("secret/b") })
  }

  @Test func everyChangedBitAndEveryCutIsNoticed() throws {
    let store = TestStore()
    let barrier = try opened(store)
    try barrier.put("a", Array("value".utf8))
    let record = try #require(store.values["a"]).bytes
    for bit in 0..<record.count * 8 {
      var changed = record
      changed[bit / 8] ^= 1 << (bit % 8)
      store.set("a", changed)
      #expect(isDamaged { _ = try barrier.get("a") })
    }
    for count in 0..<record.count {
      store.set("a", Array(record[..<count]))
      #expect(isDamaged { _ = try barrier.get("a") })
    }
    let random = RandomSource.seeded(5)
    for count in 0..<200 {
      store.set("a", [1, 0, 0, 0, 1] + random.bytes(count))
      #expect(isDamaged { _ = try barrier.get("a") })
    }
  }

  @Test func preconditionsAndDeletionsReachTheStore() throws {
    let barrier = try opened()
    let first = try barrier.put("f/a", [1])
    try barrier.put("f/b", [2])
    func write(_ precondition: WriteBatch.Precondition) throws {
      _ = try barrier.commit(WriteBatch(writes: [.put(key: "f/a", value: [3])], preconditions: [precondition]))
    }
    #expect(throws: StoreError.conflict) { try write(.absent(key: "f/a")) }
    #expect(throws: StoreError.conflict) { try write(.unchanged(key: "f/b", since: first)) }
    try write(.unchanged(key: "f/a", since: first))
    #expect(try barrier.get("f/a")?.bytes == [3])
    #expect(try barrier.list("f/", after: "a", limit: 10) == ["b"])
    _ = try barrier.commit(WriteBatch(writes: [.delete(key: "f/a")]))
    #expect(try barrier.get("f/a") == nil)
    _ = try barrier.commit(WriteBatch(writes: [.deletePrefix("f/")]))
    #expect(try barrier.list("", after: nil, limit: 10) == ["core/"])
  }

  @Test func theKeyringIsOutOfReach() throws {
    let store = TestStore()
    let barrier = try opened(store)
    try barrier.put("a", [1])
    let writes: [WriteBatch.Write] = [
      .put(key: "core/keyring", value: []), .delete(key: "core/keyring"), .deletePrefix(""), .deletePrefix("core/"),
      .deletePrefix("core/keyring"), .deletePrefix("core/keyring-"), .deletePrefix("core/keyring-counts/1"),
      .put(key: "core/keyring-counts/1", value: []),
    ]
    let before = store.values
    for write in writes {
      #expect(throws: StoreError.self) { try barrier.commit(WriteBatch(writes: [write])) }
    }
    #expect(store.values == before)
    #expect(try barrier.get("core/keyring") == nil)
    #expect(try barrier.get("core/keyring-counts/1") == nil)
    _ = try barrier.commit(WriteBatch(writes: [.deletePrefix("core/keys/"), .put(key: "core/keyrings", value: [1])]))
  }

  /// What any sequence of calls leaves behind is what a dictionary would hold, whatever happens to the keys meanwhile.
  @Test(arguments: 0..<20) func aBarrierIsADictionary(seed: UInt64) throws {
    let random = RandomSource.seeded(1000 + seed)
    let store = TestStore()
    var barrier = try opened(store, seed: seed)
    var model: [String: [UInt8]] = [:]
    func key() -> String { ["x/", "y/z/", "core/seal/", ""][Int(random.below(4))] + "k\(random.below(6))" }
    for _ in 0..<200 {
      switch random.below(12) {
      case 0..<6:
        var batch = WriteBatch()
        var after = model
        for _ in 0...random.below(4) {
          let key = key()
          if random.below(4) == 0 {
            batch.delete(key)
            after[key] = nil
          } else {
            let value = random.bytes(Int(random.below(100)))
            batch.put(key, value)
            after[key] = value
          }
        }
        if random.below(5) == 0 {
          store.fail()
          #expect(throws: StoreError.full) { try barrier.commit(batch) }
        } else {
          _ = try barrier.commit(batch)
          model = after
        }
      case 6:
        _ = try barrier.commit(WriteBatch(writes: [.deletePrefix("y/")]))
        model = model.filter { !$0.key.hasPrefix("y/") }
      case 7: try barrier.rotate()
      case 8: barrier = try opened(store, seed: seed + 500 + random.below(1000))
      case 9: try barrier.maintain(now: start)
      default:
        let key = key()
        #expect(try barrier.get(key)?.bytes == model[key])
      }
    }
    let reopened = try opened(store, seed: 77)
    for (key, value) in model { #expect(try reopened.get(key)?.bytes == value) }
    let names = Set(model.keys.filter { $0.hasPrefix("x/") }.map { String($0.dropFirst(2)) })
    #expect(try reopened.list("x/", after: nil, limit: 100) == names.sorted())
  }
}
