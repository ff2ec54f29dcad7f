internal import Cryptography
internal import Primitives

/// One stored value: a version byte (1), the term of its key (4 bytes, big-endian), a nonce (12), the ciphertext and its tag (16).
///
/// The head and the key under which the value lies are authenticated, so that a value moved to another place does not open. What
/// this cannot notice is an older value put back in its own place.
///
/// Nonces are 96 random bits. NIST SP 800-38D, section 8.3, allows 2^32 of them under one key: two are then equal with a probability
/// below 2^-32. A counter would allow more, but would have to survive crashes, restored snapshots and copied machines, where a value
/// used twice would give the plaintexts away; random numbers from the kernel cannot go back. The barrier counts encryptions, makes a
/// new key well before 2^32, and encrypts nothing with a key that has reached that bound.
enum EncryptedRecord {
  static func seal(
    _ plaintext: [UInt8], key: String, term: Keyring.Term, random: RandomSource
  ) throws(CryptographyError) -> [UInt8] {
    let nonce = random.bytes(AESGCM.nonceBytes)
    let head = head(term: term.number)
    return try term.cipher.seal(plaintext, after: head + nonce, nonce: nonce, associatedData: head + Array(key.utf8))
  }

  /// The number of the term whose key opens the record; nil for what is no record.
  static func term(of record: [UInt8]) -> UInt32? {
    guard record.count >= overhead, record.first == version else { return nil }
    return record[1..<headBytes].reduce(0) { $0 << 8 | UInt32($1) }
  }

  static func open(_ record: [UInt8], key: String, term: Keyring.Term) throws(CryptographyError) -> [UInt8] {
    guard Self.term(of: record) == term.number else { throw .notAuthentic }
    let start = headBytes + AESGCM.nonceBytes
    return try term.cipher.open(
      record[start...], nonce: Array(record[headBytes..<start]),
      associatedData: head(term: term.number) + Array(key.utf8))
  }

  /// Bytes that a record is longer than its value.
  static let overhead = headBytes + AESGCM.nonceBytes + AESGCM.tagBytes

  private static let version: UInt8 = 1
  private static let headBytes = 5
  private static func head(term: UInt32) -> [UInt8] {
    [version] + withUnsafeBytes(of: term.bigEndian) { Array($0) }
  }
}
