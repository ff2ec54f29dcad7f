internal import Cryptography
internal import Primitives
internal import SecretMemory

/// What a version of a key consists of.
enum KeyMaterial: Sendable, Equatable {
  /// Of ciphers and codes.
  case secret(SecretBytes)
  /// The seed is missing where only the public key was imported.
  case ed25519(seed: SecretBytes?, publicKey: [UInt8])
  /// ECDSA, RSA and ML-DSA: PKCS #8, missing where only the public key was imported, and SubjectPublicKeyInfo.
  case pair(pkcs8: SecretBytes?, subjectPublicKeyInfo: [UInt8])

  init(_ key: AsymmetricKey) throws(CryptographyError) {
    if key.kind == .ed25519 {
      self = .ed25519(seed: key.hasPrivatePart ? try key.rawPrivateKey() : nil, publicKey: try key.rawPublicKey())
    } else {
      self = .pair(
        pkcs8: key.hasPrivatePart ? try key.pkcs8() : nil, subjectPublicKeyInfo: try key.subjectPublicKeyInfo())
    }
  }

  static func generate(_ type: KeyType, size: Int, random: RandomSource) throws(CryptographyError) -> KeyMaterial {
    switch type.family {
    case .cipher(_, let count): .secret(random.secret(count))
    case .hmac: .secret(random.secret(size))
    case .cmac(let count): .secret(random.secret(count))
    case .pair(let kind): try KeyMaterial(AsymmetricKey.generate(kind))
    }
  }

  var hasPrivatePart: Bool {
    switch self {
    case .secret: true
    case .ed25519(let seed, _): seed != nil
    case .pair(let pkcs8, _): pkcs8 != nil
    }
  }

  /// The key pair, or nil for a secret.
  func asymmetricKey() throws(CryptographyError) -> AsymmetricKey? {
    switch self {
    case .secret: return nil
    case .ed25519(let seed?, _): return try AsymmetricKey(ed25519Seed: seed)
    case .ed25519(nil, let publicKey): return try AsymmetricKey(ed25519Public: publicKey)
    case .pair(let pkcs8?, _): return try AsymmetricKey(pkcs8: pkcs8)
    case .pair(nil, let info): return try AsymmetricKey(subjectPublicKeyInfo: info)
    }
  }

  /// The public part as clients see it: base64 for Ed25519, PEM for others; nil for a secret.
  var publicText: String? {
    switch self {
    case .secret: nil
    case .ed25519(_, let publicKey): Base64.encode(publicKey)
    case .pair(_, let info): PEM.encode("PUBLIC KEY", info)
    }
  }
}

extension KeyMaterial {
  /// Seed and public key in a row, the form in which Ed25519 private keys leave and in which they are derived from.
  static func ed25519Whole(seed: SecretBytes, publicKey: [UInt8]) -> SecretBytes {
    SecretBytes(count: seed.count + publicKey.count) { out in
      seed.withBytes { out.copyMemory(from: $0) }
      UnsafeMutableRawBufferPointer(rebasing: out[seed.count...]).copyBytes(from: publicKey)
    }
  }
}

struct KeyVersion: Sendable, Equatable {
  var created: Timestamp
  /// What `hmac` signs with, whatever the key's type (but for type hmac, which has but one secret).
  var hmacKey: SecretBytes
  var material: KeyMaterial
  /// How a convergent version makes its nonces; 0 for a key that is not convergent.
  var convergence: Int64 = 0
  /// In DER, the leaf first.
  var certificates: [[UInt8]] = []

  static let hmacKeyBytes = 32
}

extension RandomSource {
  func secret(_ count: Int) -> SecretBytes { SecretBytes(count: count) { fill($0) } }
}
