internal import Cryptography
internal import Primitives
internal import SecretMemory

/// The encryption keys of every term that may still have records in the store, and when the next one is due.
///
/// Stored as: a version byte (1), a check value of the root key (16 bytes), and the keyring sealed with the root key.
/// The check value, derived from the key and telling nothing about it, tells a wrong key from a damaged keyring. Sealed
/// is: the number of terms (4 bytes), for each its number (4), installation time (8, nanoseconds) and key (32); then
/// whether rotation is on (1), after how many operations (8) and nanoseconds (8). Numbers are big-endian.
struct Keyring: Sendable {
  final class Term: Sendable {
    let number: UInt32
    let installTime: Timestamp
    let key: SecretBytes
    let cipher: AESGCM

    init(number: UInt32, installTime: Timestamp, key: SecretBytes) throws(CryptographyError) {
      self.number = number
      self.installTime = installTime
      self.key = key
      cipher = try AESGCM(key: key)
    }
  }

  private(set) var terms: [UInt32: Term]
  private(set) var active: Term
  var rotation: RotationConfiguration

  static let keyBytes = 32

  /// A keyring with its first key.
  init(now: Timestamp, random: RandomSource) throws(CryptographyError) {
    active = try Term(number: 1, installTime: now, key: SecretBytes(count: Self.keyBytes, fill: random.fill))
    terms = [1: active]
    rotation = RotationConfiguration()
  }

  func term(_ number: UInt32) -> Term? { number == active.number ? active : terms[number] }

  /// The same with a new key that encrypts from now on.
  func rotated(now: Timestamp, random: RandomSource) throws(CryptographyError) -> Keyring {
    // Four thousand million rotations are not reached, and if they were the old key is better than none.
    guard active.number < .max else { throw .library }
    var next = self
    let key = SecretBytes(count: Self.keyBytes, fill: random.fill)
    next.active = try Term(number: active.number + 1, installTime: now, key: key)
    next.terms[next.active.number] = next.active
    return next
  }

  // MARK: Stored form

  func sealed(with root: SecretBytes, random: RandomSource) throws(CryptographyError) -> [UInt8] {
    [Self.version] + Self.check(of: root) + (try WrappingKey(root).wrap(encoded, purpose: Self.purpose, random: random))
  }

  init(sealed: [UInt8], root: SecretBytes) throws(BarrierError) {
    guard sealed.first == Self.version, sealed.count > 1 + Self.checkBytes else {
      throw .damaged("the keyring in the store is damaged or of a later version: restore a snapshot")
    }
    guard let wrapping = try? WrappingKey(root) else { throw .wrongKey }
    let check = Self.check(of: root)
    let fits = sealed.withUnsafeBytes { sealed in
      check.withUnsafeBytes { check in
        constantTimeEqual(UnsafeRawBufferPointer(rebasing: sealed[1...Self.checkBytes]), check)
      }
    }
    guard fits else { throw .wrongKey }
    guard let encoded = try? wrapping.unwrap(Array(sealed[(1 + Self.checkBytes)...]), purpose: Self.purpose),
      let keyring = encoded.withBytes({ Keyring(encoded: $0) })
    else { throw .damaged("the keyring in the store is damaged: restore a snapshot") }
    self = keyring
  }

  private var encoded: SecretBytes {
    let terms = terms.values.sorted { $0.number < $1.number }
    return SecretBytes(count: 4 + terms.count * Self.termBytes + 17) { out in
      var at = 0
      func put(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes in
          for byte in bytes {
            out[at] = byte
            at += 1
          }
        }
      }
      put(UInt32(truncatingIfNeeded: terms.count))
      for term in terms {
        put(term.number)
        put(term.installTime.nanoseconds)
        term.key.withBytes { key in
          for byte in key {
            out[at] = byte
            at += 1
          }
        }
      }
      put(UInt8(rotation.enabled ? 1 : 0))
      put(rotation.maxOperations)
      put(rotation.interval.nanoseconds)
    }
  }

  private init?(encoded bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 4 else { return nil }
    let count = Int(bytes.loadUnaligned(as: UInt32.self).bigEndian)
    guard count > 0, bytes.count == 4 + count * Self.termBytes + 17 else { return nil }
    var terms: [UInt32: Term] = [:]
    var last: Term?
    for i in 0..<count {
      let at = 4 + i * Self.termBytes
      let number = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self).bigEndian
      let time = bytes.loadUnaligned(fromByteOffset: at + 4, as: Int64.self).bigEndian
      let key = SecretBytes(copying: bytes[(at + 12)..<(at + Self.termBytes)])
      guard number > last?.number ?? 0,
        let term = try? Term(number: number, installTime: Timestamp(nanoseconds: time), key: key)
      else { return nil }
      terms[number] = term
      last = term
    }
    guard let last else { return nil }
    let at = 4 + count * Self.termBytes
    self.terms = terms
    active = last
    rotation = RotationConfiguration(
      enabled: bytes[at] != 0,
      maxOperations: bytes.loadUnaligned(fromByteOffset: at + 1, as: Int64.self).bigEndian,
      interval: TimeSpan(nanoseconds: bytes.loadUnaligned(fromByteOffset: at + 9, as: Int64.self).bigEndian))
  }

  private static func check(of root: SecretBytes) -> [UInt8] {
    HKDF.derive(from: root, info: "barrier keyring check", count: checkBytes).withBytes { Array($0) }
  }

  private static let version: UInt8 = 1
  private static let purpose = "barrier keyring"
  private static let checkBytes = 16
  private static let termBytes = 4 + 8 + keyBytes
}
