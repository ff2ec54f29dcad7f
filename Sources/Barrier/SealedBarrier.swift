internal import Cryptography
package import Primitives
package import SecretMemory
package import StorageAPI

/// The barrier while nobody has given the root key: it can be set up or opened, and nothing else.
package struct SealedBarrier: Sendable {
  /// Keys that begin with this are stored in the clear, since they must be read before the barrier opens: the seal's
  /// configuration and the wrapped root key. Nothing protects them from being changed.
  package static let unsealedPrefix = "core/seal/"

  private let store: any PhysicalStore
  private let clock: WallClock
  private let random: RandomSource

  package init(store: any PhysicalStore, clock: WallClock, random: RandomSource) {
    self.store = store
    self.clock = clock
    self.random = random
  }

  package func isInitialized() throws(StoreError) -> Bool { try store.get(BarrierKey.keyring) != nil }

  /// Makes the first encryption key and stores it under the root key (32 bytes, `.wrongKey` otherwise), all with the
  /// writes of `batch` or not at all; those below `unsealedPrefix` stay in the clear. Throws `.alreadyInitialized` if
  /// there is a keyring.
  package func initialize(rootKey: SecretBytes, alongside batch: WriteBatch = WriteBatch()) throws(BarrierError) {
    let keyring: Keyring
    let sealed: [UInt8]
    do throws(CryptographyError) {
      keyring = try Keyring(now: clock.now(), random: random)
      sealed = try keyring.sealed(with: rootKey, random: random)
    } catch {
      if error == .keyLength { throw .wrongKey }
      throw .store(.unavailable("the cryptographic library failed"))
    }
    do throws(StoreError) {
      var encrypted = WriteBatch(preconditions: batch.preconditions + [.absent(key: BarrierKey.keyring)])
      encrypted.put(BarrierKey.keyring, sealed)
      for write in batch.writes {
        encrypted.writes.append(try BarrierKey.encrypt(write, term: keyring.active, random: random))
      }
      _ = try store.commit(encrypted)
    } catch {
      if error == .conflict { throw .alreadyInitialized }
      throw .store(error)
    }
  }

  /// Opens the keyring. Throws `.wrongKey`, `.notInitialized`, `.damaged` or what the store threw.
  package func unseal(rootKey: SecretBytes) throws(BarrierError) -> Barrier {
    try unseal(rootKey: rootKey, bound: Barrier.standardBound)
  }

  func unseal(rootKey: SecretBytes, bound: Int64) throws(BarrierError) -> Barrier {
    let stored: StoredValue?
    do throws(StoreError) {
      stored = try store.get(BarrierKey.keyring)
    } catch {
      throw .store(error)
    }
    guard let stored else { throw .notInitialized }
    let keyring = try Keyring(sealed: stored.bytes, root: rootKey)
    let open = Barrier.Open(keyring: keyring, keyringIndex: stored.index, rootKey: rootKey, count: EncryptionCount())
    return try Barrier(store: store, clock: clock, random: random, open: open, bound: bound)
  }
}
