package import Cryptography

/// How signatures are made and written (RFC 4253, section 6.6; RFC 8332; RFC 5656, section 3.1; RFC 8709).
package enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
  /// RSA with SHA-1, which OpenSSH of today refuses.
  case rsaSHA1 = "ssh-rsa"
  case rsaSHA256 = "rsa-sha2-256"
  case rsaSHA512 = "rsa-sha2-512"
  case ecdsa256 = "ecdsa-sha2-nistp256"
  case ecdsa384 = "ecdsa-sha2-nistp384"
  case ecdsa521 = "ecdsa-sha2-nistp521"
  case ed25519 = "ssh-ed25519"

  package var isRSA: Bool { self == .rsaSHA1 || self == .rsaSHA256 || self == .rsaSHA512 }

  /// The one that keys of a kind have, or the one they are best used with; nil for kinds that SSH does not have.
  package init?(of kind: AsymmetricKey.Kind) {
    switch kind {
    case .rsa: self = .rsaSHA256
    case .ecdsa(.p256): self = .ecdsa256
    case .ecdsa(.p384): self = .ecdsa384
    case .ecdsa(.p521): self = .ecdsa521
    case .ed25519: self = .ed25519
    case .mlDSA, .mlKEM: return nil
    }
  }

  private var hash: HashFunction {
    switch self {
    case .rsaSHA1: .sha1
    case .rsaSHA256, .ecdsa256: .sha256
    case .ecdsa384: .sha384
    case .rsaSHA512, .ecdsa521, .ed25519: .sha512
    }
  }

  private func fits(_ kind: AsymmetricKey.Kind) -> Bool {
    if case .rsa = kind { return isRSA }
    return self == SignatureAlgorithm(of: kind)
  }

  /// The signature without the algorithm's name.
  /// - Throws: `.unsuitableKey` for a key of another kind.
  func sign(_ message: [UInt8], by key: AsymmetricKey) throws(CryptographyError) -> [UInt8] {
    guard fits(key.kind) else { throw .unsuitableKey }
    switch key.kind {
    case .ed25519: return try key.sign(message, .ed25519)
    case .rsa: return try key.sign(hash.digest(of: message), .pkcs1(hash))
    case .ecdsa(let curve):
      let der = try key.sign(hash.digest(of: message), .ecdsa)
      guard let numbers = try? ECDSASignature.sideBySide(der: der, curve: curve) else { throw .library }
      var writer = WireWriter()
      writer.number(numbers[..<curve.fieldBytes])
      writer.number(numbers[curve.fieldBytes...])
      return writer.bytes
    case .mlDSA, .mlKEM: throw .unsuitableKey
    }
  }

  /// False for any bytes that are not the key's signature.
  func verify(_ signature: [UInt8], of message: [UInt8], by publicKey: PublicKey) throws -> Bool {
    let key = try publicKey.verificationKey()
    guard fits(key.kind) else { return false }
    switch key.kind {
    case .ed25519: return try key.verify(signature, of: message, .ed25519)
    case .rsa: return try key.verify(signature, of: hash.digest(of: message), .pkcs1(hash))
    case .ecdsa(let curve):
      guard let numbers = try? Self.numbers(signature, width: curve.fieldBytes),
        let der = ECDSASignature.der(sideBySide: numbers)
      else { return false }
      return try key.verify(der, of: hash.digest(of: message), .ecdsa)
    case .mlDSA, .mlKEM: return false
    }
  }

  /// Both numbers at full width.
  private static func numbers(_ signature: [UInt8], width: Int) throws(SSHKeyError) -> [UInt8] {
    var reader = WireReader(signature)
    var out: [UInt8] = []
    for _ in 0..<2 {
      let number = try reader.positiveNumber()
      guard number.count <= width else { throw .malformed }
      out += [UInt8](repeating: 0, count: width - number.count) + number
    }
    try reader.finish()
    return out
  }
}

/// The key of an authority and how it signs.
package struct CertificateSigner: Sendable {
  package let key: AsymmetricKey
  package let publicKey: PublicKey
  package let algorithm: SignatureAlgorithm

  /// - Parameter algorithm: nil for the one that suits the key.
  /// - Throws: `.unsuitableKey` where key and algorithm do not go together, or without a private part.
  package init(_ key: AsymmetricKey, algorithm: SignatureAlgorithm? = nil) throws(CryptographyError) {
    guard let own = SignatureAlgorithm(of: key.kind), key.hasPrivatePart,
      algorithm == nil || algorithm == own || (own.isRSA && algorithm?.isRSA == true)
    else {
      throw .unsuitableKey
    }
    self.key = key
    self.algorithm = algorithm ?? own
    publicKey = try PublicKey(key)
  }

  /// The signature with the algorithm's name in front.
  func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
    var writer = WireWriter()
    writer.string(algorithm.rawValue)
    writer.string(try algorithm.sign(message, by: key))
    return writer.bytes
  }
}
