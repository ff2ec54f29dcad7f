internal import Cryptography
internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// A key as one commit left it, with what its versions were made ready for.
final class LoadedKey: Sendable {
  let name: String
  let record: KeyRecord
  /// The commit that wrote it; 0 for one that was not read from the store.
  let index: CommitIndex

  private struct MACName: Hashable {
    var version: Int64
    var hash: HashFunction
  }
  private struct Prepared {
    var ciphers: [Int64: AuthenticatedCipher] = [:]
    var pairs: [Int64: AsymmetricKey] = [:]
    var macs: [MACName: HMACKey] = [:]
    var cmacs: [Int64: CMACKey] = [:]
  }
  private let prepared = Locked(Prepared())

  init(name: String, record: KeyRecord, index: CommitIndex = 0) {
    self.name = name
    self.record = record
    self.index = index
  }

  var type: KeyType { record.type }

  func version(_ number: Int64) throws(Refusal) -> KeyVersion {
    guard let version = record.versions[number] else { throw Refusal("no such key version") }
    return version
  }

  /// The cipher of a version that is not derived.
  func cipher(_ number: Int64) throws(Refusal) -> AuthenticatedCipher {
    if let cipher = prepared.withLock({ $0.ciphers[number] }) { return cipher }
    guard case .cipher(let algorithm, _) = type.family, case .secret(let key) = try version(number).material else {
      throw Refusal.unreadable
    }
    let cipher: AuthenticatedCipher
    do { cipher = try AuthenticatedCipher(algorithm, key: key) } catch { throw Refusal.unreadable }
    prepared.withLock { $0.ciphers[number] = cipher }
    return cipher
  }

  /// The key pair of a version that is not derived.
  func pair(_ number: Int64) throws(Refusal) -> AsymmetricKey {
    if let pair = prepared.withLock({ $0.pairs[number] }) { return pair }
    let material = try version(number).material
    let pair: AsymmetricKey?
    do { pair = try material.asymmetricKey() } catch { throw Refusal.unreadable }
    guard let pair else { throw Refusal.unreadable }
    prepared.withLock { $0.pairs[number] = pair }
    return pair
  }

  func mac(_ number: Int64, _ hash: HashFunction) throws(Refusal) -> HMACKey {
    let name = MACName(version: number, hash: hash)
    if let mac = prepared.withLock({ $0.macs[name] }) { return mac }
    let version = try version(number)
    let mac: HMACKey
    if type == .hmac, case .secret(let key) = version.material {
      mac = HMACKey(key, hash: hash)
    } else {
      mac = HMACKey(version.hmacKey, hash: hash)
    }
    prepared.withLock { $0.macs[name] = mac }
    return mac
  }

  func cmacKey(_ number: Int64) throws(Refusal) -> CMACKey {
    if let key = prepared.withLock({ $0.cmacs[number] }) { return key }
    guard case .secret(let secret) = try version(number).material, let key = try? CMACKey(secret) else {
      throw Refusal.unreadable
    }
    prepared.withLock { $0.cmacs[number] = key }
    return key
  }

  // MARK: Derived keys

  /// `count` bytes of key for the context.
  func derive(from key: SecretBytes, context: [UInt8], count: Int) throws(Refusal) -> SecretBytes {
    guard !context.isEmpty else { throw Refusal.missingContext }
    switch record.derivation {
    case .hkdf: return HKDF.derive(from: key, salt: [], info: context, count: count)
    case .counterMode:
      let block = HMACKey(key).authenticate([0, 0, 0, 1] + context + [0, 0, 1, 0])
      guard count <= block.count else { throw Refusal.unreadable }
      return SecretBytes(copying: block[..<count])
    }
  }

  /// The Ed25519 pair of the version, for the context where the key is derived.
  func ed25519(_ number: Int64, context: [UInt8]) throws(Refusal) -> AsymmetricKey {
    if !record.isDerived { return try pair(number) }
    guard case .ed25519(let seed, let publicKey) = try version(number).material else { throw Refusal.unreadable }
    guard let seed else { throw Refusal("requested version for signing does not contain a private part") }
    let whole = KeyMaterial.ed25519Whole(seed: seed, publicKey: publicKey)
    let derived = try derive(from: whole, context: context, count: 32)
    do { return try AsymmetricKey(ed25519Seed: derived) } catch { throw Refusal.unreadable }
  }
}

/// Why an operation with a key was not done: what is wrong with one request, or one item of a batch.
struct Refusal: Error, Sendable, Equatable {
  let text: String
  /// Whether a batch in which nothing else fails answers 500, as clients know it.
  var isInternal = false

  init(_ text: String, isInternal: Bool = false) {
    self.text = text
    self.isInternal = isInternal
  }

  static let missingContext = Refusal(
    "missing 'context' for key derivation; the key was created using a derived key, which means additional, "
      + "per-request information must be included in order to perform operations with the key")
  static let unreadable = Refusal("the key version cannot be used", isInternal: true)
}
