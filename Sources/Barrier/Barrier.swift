internal import Cryptography
package import Primitives
package import SecretMemory
package import StorageAPI

/// The store as those above see it while the barrier is open: values go in and come out in the clear, and lie in the
/// store encrypted with AES-256-GCM (`EncryptedRecord`) under keys that the root key protects (`Keyring`). Names of
/// keys are not encrypted.
///
/// May be called from any thread. After `seal` every call throws `.unavailable("Vault is sealed")`.
package struct Barrier: LogicalStore {
  struct Open: Sendable {
    var keyring: Keyring
    /// The commit that wrote the keyring, so that two writers of it cannot both win.
    var keyringIndex: CommitIndex
    var rootKey: SecretBytes
    /// Of the active term.
    var count: EncryptionCount
  }

  private let store: any PhysicalStore
  private let clock: WallClock
  private let random: RandomSource
  private let open: Locked<Open?>
  private let bound: Int64

  /// NIST SP 800-38D, section 8.3, for random nonces.
  static let standardBound: Int64 = 1 << 32

  init(
    store: any PhysicalStore, clock: WallClock, random: RandomSource, open: Open, bound: Int64
  ) throws(BarrierError) {
    self.store = store
    self.clock = clock
    self.random = random
    self.bound = bound
    var open = open
    do throws(StoreError) {
      open.count = try Self.count(of: open.keyring.active, in: store)
    } catch {
      throw .store(error)
    }
    self.open = Locked(open)
  }

  // MARK: Values

  package func get(_ key: String) throws(StoreError) -> StoredValue? {
    guard let stored = try store.get(key), !BarrierKey.isOwn(key) else {
      try checkOpen()
      return nil
    }
    if BarrierKey.isClear(key) {
      try checkOpen()
      return stored
    }
    guard let number = EncryptedRecord.term(of: stored.bytes) else {
      try checkOpen()
      throw Self.damaged
    }
    let term = try term(number)
    do throws(CryptographyError) {
      let plaintext = try EncryptedRecord.open(stored.bytes, key: key, term: term)
      return StoredValue(bytes: plaintext, index: stored.index)
    } catch {
      throw Self.damaged
    }
  }

  /// The names in the store; below "core/" also those of the barrier's own records, which `get` does not show.
  package func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try checkOpen()
    return try store.list(prefix, after: after, limit: limit)
  }

  package func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    let records = batch.writes.reduce(0) { BarrierKey.encrypts($1) ? $0 + 1 : $0 }
    let (term, step) = try begin(records)
    var encrypted = WriteBatch(preconditions: batch.preconditions)
    encrypted.writes.reserveCapacity(batch.writes.count + 1)
    do throws(StoreError) {
      for write in batch.writes {
        encrypted.writes.append(try BarrierKey.encrypt(write, term: term, random: random))
      }
      if case .encryptAndStore(let record) = step {
        let key = BarrierKey.count(ofTerm: term.number)
        encrypted.put(key, try BarrierKey.record(record, key: key, term: term, random: random))
      }
      return try store.commit(encrypted)
    } catch {
      if step != .encrypt { countWasNotStored(ofTerm: term.number) }
      throw error
    }
  }

  // MARK: Keys

  package var keyStatus: KeyStatus {
    get throws(StoreError) {
      let open = try current()
      return KeyStatus(
        term: Int(open.keyring.active.number), installTime: open.keyring.active.installTime,
        encryptions: open.count.counted)
    }
  }

  package var rotationConfiguration: RotationConfiguration {
    get throws(StoreError) { try current().keyring.rotation }
  }

  package func setRotationConfiguration(_ configuration: RotationConfiguration) throws(StoreError) {
    try changeKeyring { open in open.keyring.rotation = configuration }
  }

  /// Makes a new key that encrypts from now on. What is stored stays readable and is not written again.
  package func rotate() throws(StoreError) {
    try changeKeyring { open throws(CryptographyError) in
      open.keyring = try open.keyring.rotated(now: clock.now(), random: random)
      open.count = EncryptionCount()
    }
  }

  /// What the keyring is sealed with now: for proofs that only its holder can make, and to open the barrier again.
  package var currentRootKey: SecretBytes {
    get throws(StoreError) { try current().rootKey }
  }

  /// Seals the keyring with another root key (32 bytes), together with the writes of `batch` or not at all: that is
  /// where the new key as the seal wraps it belongs.
  package func rotateRootKey(to key: SecretBytes, alongside batch: WriteBatch = WriteBatch()) throws(StoreError) {
    try changeKeyring(alongside: batch) { open in open.rootKey = key }
  }

  /// To be called now and then, and before `seal`: makes a new key if one is due and stores the count of encryptions.
  package func maintain(now: Timestamp) throws(StoreError) {
    let open = try current()
    let rotation = open.keyring.rotation
    let old = rotation.interval > .zero && now - open.keyring.active.installTime >= rotation.interval
    if rotation.enabled && (open.count.spent >= rotation.maxOperations || old) { return try rotate() }
    let due = try withOpen { open in open.count.exact().map { (term: open.keyring.active, record: $0) } }
    guard let due else { return }
    do throws(StoreError) {
      let key = BarrierKey.count(ofTerm: due.term.number)
      var batch = WriteBatch()
      batch.put(key, try BarrierKey.record(due.record, key: key, term: due.term, random: random))
      _ = try store.commit(batch)
    } catch {
      countWasNotStored(ofTerm: due.term.number)
      throw error
    }
  }

  /// Forgets every key. Calls under way end as they would have.
  package func seal() { open.withLock { $0 = nil } }

  // MARK: Inside

  private static let sealed = StoreError.unavailable("Vault is sealed")
  private static let damaged = StoreError.damaged(
    "a stored value is damaged, or was put in the place of another: restore it from a snapshot")

  private func checkOpen() throws(StoreError) {
    if open.withLock({ $0 == nil }) { throw Self.sealed }
  }

  private func current() throws(StoreError) -> Open { try withOpen { $0 } }

  private func withOpen<R>(_ body: (inout Open) -> R) throws(StoreError) -> R {
    let result: R? = open.withLock { open in
      // Taken out and put back, for a change to a copy would copy the table of keys.
      guard var taken = open.take() else { return nil }
      defer { open = taken }
      return body(&taken)
    }
    guard let result else { throw Self.sealed }
    return result
  }

  /// Counts the records and gives the key for them; makes a new key first where the active one has reached its bound.
  private func begin(_ records: Int) throws(StoreError) -> (Keyring.Term, EncryptionCount.Step) {
    for _ in 0..<2 {
      let begun: (Keyring.Term, EncryptionCount.Step)? = try withOpen { open in
        if records > 0 && open.count.spent >= bound { return nil }
        return (open.keyring.active, records > 0 ? open.count.encrypt(records) : .encrypt)
      }
      if let begun { return begun }
      try rotate()
    }
    throw .unavailable("the encryption key has reached its bound: rotate it")
  }

  private func countWasNotStored(ofTerm number: UInt32) {
    open.withLock { open in
      if open?.keyring.active.number == number { open?.count.failed() }
    }
  }

  /// The term of that number; looks into the store where it is not known, since another node may have rotated.
  private func term(_ number: UInt32) throws(StoreError) -> Keyring.Term {
    // Without taking anything out, since every read comes this way.
    let known = open.withLock { open in open.map { $0.keyring.term(number) } }
    guard let known else { throw Self.sealed }
    if let known { return known }
    try reload()
    guard let term = try withOpen({ $0.keyring.terms[number] }) else { throw Self.damaged }
    return term
  }

  /// Takes the keyring from the store if it is another than ours.
  private func reload() throws(StoreError) {
    guard let stored = try store.get(BarrierKey.keyring) else {
      throw .damaged("the keyring is gone from the store: restore a snapshot")
    }
    let known = try current()
    guard stored.index != known.keyringIndex else { return }
    let keyring: Keyring
    do throws(BarrierError) {
      keyring = try Keyring(sealed: stored.bytes, root: known.rootKey)
    } catch {
      if case .damaged(let text) = error { throw .damaged(text) }
      throw .unavailable("the root key was changed: seal and unseal again")
    }
    let count = try Self.count(of: keyring.active, in: store)
    try withOpen { open in
      guard open.keyringIndex < stored.index else { return }
      if open.keyring.active.number != keyring.active.number { open.count = count }
      open.keyring = keyring
      open.keyringIndex = stored.index
    }
  }

  /// Changes a copy, stores it, and takes it only then. Begins again where another came first.
  private func changeKeyring(
    alongside batch: WriteBatch = WriteBatch(), _ change: (inout Open) throws(CryptographyError) -> Void
  ) throws(StoreError) {
    for _ in 0..<4 {
      let before = try current()
      var after = before
      let sealed: [UInt8]
      do throws(CryptographyError) {
        try change(&after)
        sealed = try after.keyring.sealed(with: after.rootKey, random: random)
      } catch {
        throw .unavailable(
          error == .keyLength ? "the root key must be 32 bytes long" : "the cryptographic library failed")
      }
      var encrypted = WriteBatch(preconditions: batch.preconditions)
      encrypted.preconditions.append(.unchanged(key: BarrierKey.keyring, since: before.keyringIndex))
      encrypted.put(BarrierKey.keyring, sealed)
      if after.keyring.active.number != before.keyring.active.number {
        encrypted.delete(BarrierKey.count(ofTerm: before.keyring.active.number))
      }
      for write in batch.writes {
        if BarrierKey.encrypts(write) {
          // A reservation that is due is left to the next commit.
          try withOpen { open in if open.count.encrypt(1) != .encrypt { open.count.failed() } }
        }
        encrypted.writes.append(try BarrierKey.encrypt(write, term: before.keyring.active, random: random))
      }
      do throws(StoreError) {
        after.keyringIndex = try store.commit(encrypted)
      } catch {
        guard error == .conflict else { throw error }
        try reload()
        // Not the keyring, then: one of the caller's own preconditions.
        if try current().keyringIndex == before.keyringIndex { throw .conflict }
        continue
      }
      return try withOpen { open in
        // Another thread's change may have come after ours, and been taken before.
        guard open.keyringIndex < after.keyringIndex else { return }
        // The count went on meanwhile, unless it is a new key's.
        if after.keyring.active.number == open.keyring.active.number { after.count = open.count }
        open = after
      }
    }
    throw .conflict
  }

  private static func count(
    of term: Keyring.Term, in store: any PhysicalStore
  ) throws(StoreError) -> EncryptionCount {
    let key = BarrierKey.count(ofTerm: term.number)
    guard let stored = try store.get(key) else { return EncryptionCount() }
    guard let record = try? EncryptedRecord.open(stored.bytes, key: key, term: term),
      let count = EncryptionCount(record: record)
    else { throw .damaged("the count of encryptions in the store is damaged: restore a snapshot") }
    return count
  }
}
