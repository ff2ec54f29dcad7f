package import Cryptography
internal import Primitives

/// Digital signatures of JSON Web Signature by their `alg` (RFC 7518, section 3.1; RFC 8037, section 3.1).
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
  case rs256 = "RS256"
  case rs384 = "RS384"
  case rs512 = "RS512"
  case es256 = "ES256"
  case es384 = "ES384"
  case es512 = "ES512"
  case edDSA = "EdDSA"

  /// The hash of the signature; of EdDSA with Ed25519 the one that the scheme uses inside.
  package var hash: HashFunction {
    switch self {
    case .rs256, .es256: .sha256
    case .rs384, .es384: .sha384
    case .rs512, .es512, .edDSA: .sha512
    }
  }

  private var curve: AsymmetricKey.Curve? {
    switch self {
    case .es256: .p256
    case .es384: .p384
    case .es512: .p521
    case .rs256, .rs384, .rs512, .edDSA: nil
    }
  }

  /// The shortest that RFC 7518 allows.
  private static let rsaBits = 2048

  package func generateKey() throws(CryptographyError) -> AsymmetricKey {
    if let curve { return try .generate(.ecdsa(curve)) }
    return try .generate(self == .edDSA ? .ed25519 : .rsa(bits: Self.rsaBits))
  }

  /// The signature in the form that belongs between the dots: for ECDSA both numbers side by side.
  package func sign(_ message: [UInt8], with key: AsymmetricKey) throws(CryptographyError) -> [UInt8] {
    if self == .edDSA { return try key.sign(message, .ed25519) }
    let digest = hash.digest(of: message)
    guard let curve else { return try key.sign(digest, .pkcs1(hash)) }
    guard key.kind == .ecdsa(curve) else { throw .unsuitableKey }
    let der = try key.sign(digest, .ecdsa)
    guard let signature = (try? ECDSASignature.sideBySide(der: der, curve: curve)) ?? nil else { throw .library }
    return signature
  }

  /// False for anything but a signature of this algorithm; for a key of another kind too.
  package func verify(_ signature: [UInt8], of message: [UInt8], with key: AsymmetricKey) -> Bool {
    if self == .edDSA { return (try? key.verify(signature, of: message, .ed25519)) ?? false }
    let digest = hash.digest(of: message)
    guard let curve else { return (try? key.verify(signature, of: digest, .pkcs1(hash))) ?? false }
    guard key.kind == .ecdsa(curve), signature.count == 2 * curve.fieldBytes,
      let der = ECDSASignature.der(sideBySide: signature)
    else { return false }
    return (try? key.verify(der, of: digest, .ecdsa)) ?? false
  }
}
