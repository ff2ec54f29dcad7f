internal import Cryptography
internal import Primitives

/// One stored value: a version byte (1), the term of its key (4 bytes, big-endian), a nonce (12), the ciphertext and
/// its tag (16).
///
/// The head and the key under which the value lies are authenticated, so that a value moved to another place does not
/// open. What this cannot notice is an older value put back in its own place.
///
/// Nonces are 96 random bits. NIST SP 800-38D, section 8.3, allows 2^32 of them under one key: two are then equal with
/// a probability below 2^-32. A counter would allow more, but would have to survive crashes, restored snapshots and
/// copied machines, where a number used twice would give the plaintexts away; random numbers from the kernel cannot go
/// back. The barrier counts encryptions, makes a new key well before 2^32, and encrypts nothing with a key that has
/// reached that bound.
enum EncryptedRecord {
  static func seal(
    _ plaintext: [UInt8], key: String, term: Keyring.Term, random: RandomSource
  ) throws(CryptographyError) -> [UInt8] {
    let nonce = random.bytes(AESGCM.nonceBytes)
    var head: [UInt8] = []
    head.reserveCapacity(headBytes + AESGCM.nonceBytes)
    append(headOf: term.number, to: &head)
    head.append(contentsOf: nonce)
    return try term.cipher.seal(
      plaintext, after: head, nonce: nonce, associatedData: associatedData(term: term.number, key: key))
  }

  /// The number of the term whose key opens the record; nil for what is no record.
  static func term(of record: [UInt8]) -> UInt32? {
    guard record.count >= overhead, record.first == version else { return nil }
    return record[1..<headBytes].reduce(0) { $0 << 8 | UInt32($1) }
  }

  static func open(_ record: [UInt8], key: String, term: Keyring.Term) throws(CryptographyError) -> [UInt8] {
    guard Self.term(of: record) == term.number else { throw .notAuthentic }
    let start = headBytes + AESGCM.nonceBytes
    let associated = associatedData(term: term.number, key: key)
    let opened = record.withUnsafeBytes { record in
      term.cipher.open(
        UnsafeRawBufferPointer(rebasing: record[start...]),
        nonce: UnsafeRawBufferPointer(rebasing: record[headBytes..<start]), associatedData: associated)
    }
    return try opened.get()
  }

  /// Bytes that a record is longer than its value.
  static let overhead = headBytes + AESGCM.nonceBytes + AESGCM.tagBytes

  private static let version: UInt8 = 1
  private static let headBytes = 5

  private static func associatedData(term: UInt32, key: String) -> [UInt8] {
    var data: [UInt8] = []
    data.reserveCapacity(headBytes + key.utf8.count)
    append(headOf: term, to: &data)
    data.append(contentsOf: key.utf8)
    return data
  }

  private static func append(headOf term: UInt32, to data: inout [UInt8]) {
    data.append(version)
    for shift: UInt32 in [24, 16, 8, 0] { data.append(UInt8(truncatingIfNeeded: term >> shift)) }
  }
}
