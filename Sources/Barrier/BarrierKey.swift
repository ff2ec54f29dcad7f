internal import Cryptography
internal import Primitives
internal import StorageAPI

/// The places that the barrier keeps for itself, and what becomes of a write by the place that it goes to.
enum BarrierKey {
  static let keyring = "core/keyring"
  static let counts = "core/keyring-counts/"

  /// A term's own place, so that a late write for one term cannot cover the count of the next.
  static func count(ofTerm term: UInt32) -> String { counts + String(term) }

  /// Only the barrier reads and writes here.
  static func isOwn(_ key: String) -> Bool {
    key.utf8.starts(with: keyring.utf8)
      && (key.utf8.count == keyring.utf8.count || key.utf8.starts(with: counts.utf8))
  }

  static func isClear(_ key: String) -> Bool { key.utf8.starts(with: SealedBarrier.unsealedPrefix.utf8) }

  static func encrypts(_ write: WriteBatch.Write) -> Bool {
    if case .put(let key, _) = write { !isClear(key) } else { false }
  }

  /// The write as it goes to the store. Refuses to touch what is the barrier's own.
  static func encrypt(
    _ write: WriteBatch.Write, term: Keyring.Term, random: RandomSource
  ) throws(StoreError) -> WriteBatch.Write {
    switch write {
    case .put(let key, let value):
      guard !isOwn(key) else { throw own }
      if isClear(key) { return write }
      return .put(key: key, value: try record(value, key: key, term: term, random: random))
    case .delete(let key):
      guard !isOwn(key) else { throw own }
      return write
    case .deletePrefix(let prefix):
      // A prefix of the keyring's place is the start of the counts' too.
      guard !keyring.utf8.starts(with: prefix.utf8), !isOwn(prefix), !counts.utf8.starts(with: prefix.utf8) else {
        throw own
      }
      return write
    }
  }

  static func record(
    _ value: [UInt8], key: String, term: Keyring.Term, random: RandomSource
  ) throws(StoreError) -> [UInt8] {
    do throws(CryptographyError) {
      return try EncryptedRecord.seal(value, key: key, term: term, random: random)
    } catch {
      throw error == .messageLength ? .tooLarge : .unavailable("the cryptographic library failed to encrypt")
    }
  }

  private static let own = StoreError.unavailable("the keyring can only be changed by the barrier")
}
