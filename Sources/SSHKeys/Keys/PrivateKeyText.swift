package import Cryptography
internal import Primitives
import SecretMemory

/// Private keys as files hold them: `openssh-key-v1` (PROTOCOL.key of OpenSSH) and PEM (RFC 7468) with PKCS #8, PKCS #1
/// or SEC 1 inside. Those with a passphrase are refused.
package enum PrivateKeyText {
  package static let mostBytes = 32 << 10

  package static func read(_ text: String) throws(SSHKeyError) -> AsymmetricKey {
    guard text.utf8.count <= mostBytes else { throw .tooLarge }
    // The older form of an encrypted key has headers, which PEM of today does not.
    if text.contains("Proc-Type:") && text.contains("ENCRYPTED") { throw .encrypted }
    guard let block = PEM.first(in: text) else { throw .malformed }
    let der = SecretBytes(copying: block.bytes)
    let key: AsymmetricKey?
    switch block.label {
    case openSSHLabel: key = try readOpenSSH(block.bytes)
    case "PRIVATE KEY": key = try? AsymmetricKey(pkcs8: der)
    case "RSA PRIVATE KEY": key = try? AsymmetricKey(traditional: der, isRSA: true)
    case "EC PRIVATE KEY": key = try? AsymmetricKey(traditional: der, isRSA: false)
    case "ENCRYPTED PRIVATE KEY": throw .encrypted
    default: throw .malformed
    }
    guard let key else { throw .malformed }
    if case .mlDSA(let parameters) = key.kind { throw .unsupportedType(parameters.rawValue) }
    if case .mlKEM(let parameters) = key.kind { throw .unsupportedType(parameters.rawValue) }
    if case .rsa(let bits) = key.kind, !PublicKey.rsaBits.contains(bits) { throw .unsoundKey }
    return key
  }

  // MARK: openssh-key-v1

  private static let openSSHLabel = "OPENSSH PRIVATE KEY"
  private static let magic = Array("openssh-key-v1\0".utf8)
  /// What the secret part is padded to where nothing encrypts it.
  private static let blockBytes = 8

  /// - Parameter check: any number; readers tell by its two copies whether a passphrase was right.
  package static func openSSH(
    _ key: AsymmetricKey, comment: String, check: UInt32
  ) throws(CryptographyError) -> String {
    let publicKey = try PublicKey(key)
    var secret = WireWriter()
    secret.uint32(check)
    secret.uint32(check)
    try write(key, as: publicKey, to: &secret)
    secret.string(comment)
    var pad: UInt8 = 0
    while (secret.bytes.count) % blockBytes != 0 {
      pad += 1
      secret.raw([pad])
    }
    var file = WireWriter()
    file.raw(magic)
    file.string("none")
    file.string("none")
    file.string("")
    file.uint32(1)
    file.string(publicKey.blob)
    file.string(secret.bytes)
    return PEM.encode(openSSHLabel, file.bytes)
  }

  private static func write(
    _ key: AsymmetricKey, as publicKey: PublicKey, to writer: inout WireWriter
  ) throws(CryptographyError) {
    writer.string(publicKey.algorithm.rawValue)
    switch key.kind {
    case .rsa:
      let numbers = try key.rsaPublic()
      let secret = try key.rsaSecret()
      writer.number(numbers.modulus)
      writer.number(numbers.exponent)
      for part in [secret.exponent, secret.coefficient, secret.p, secret.q] {
        part.withBytes { writer.number($0) }
      }
    case .ecdsa:
      writer.string(publicKey.algorithm.curveName ?? "")
      writer.string(try key.ecdsaPoint())
      try key.ecdsaScalar().withBytes { writer.number($0) }
    case .ed25519:
      let point = try key.rawPublicKey()
      writer.string(point)
      try key.rawPrivateKey().withBytes { writer.string(Array($0) + point) }
    case .mlDSA, .mlKEM: throw .unsuitableKey
    }
  }

  private static func readOpenSSH(_ bytes: [UInt8]) throws(SSHKeyError) -> AsymmetricKey {
    var file = WireReader(bytes)
    guard try file.take(magic.count) == magic else { throw .malformed }
    let cipher = try file.text()
    let derivation = try file.text()
    let derivationOptions = try file.string()
    if cipher != "none" || derivation != "none" { throw .encrypted }
    guard derivationOptions.isEmpty, try file.uint32() == 1 else { throw .malformed }
    let publicKey = try PublicKey(blob: try file.string())
    let secret = try file.string()
    try file.finish()

    guard secret.count % blockBytes == 0 else { throw .malformed }
    var reader = WireReader(secret)
    guard try reader.uint32() == (try reader.uint32()) else { throw .malformed }
    let key = try readSecret(&reader)
    _ = try reader.string()
    let padding = reader.rest()
    guard padding.count < blockBytes, padding.enumerated().allSatisfy({ Int($0.element) == $0.offset + 1 }),
      let own = try? PublicKey(key), own.blob == publicKey.blob
    else { throw .malformed }
    return key
  }

  private static func readSecret(_ reader: inout WireReader) throws(SSHKeyError) -> AsymmetricKey {
    let name = try reader.text()
    guard let algorithm = KeyAlgorithm(rawValue: name), !algorithm.isOnToken else { throw .unsupportedType(name) }
    let key: AsymmetricKey?
    if let curve = algorithm.curve {
      guard try reader.text() == algorithm.curveName else { throw .malformed }
      let point = try reader.string()
      let scalar = SecretBytes(copying: try reader.positiveNumber())
      key = try? AsymmetricKey(curve, point: point, scalar: scalar)
    } else if algorithm == .rsa {
      let modulus = try reader.positiveNumber()
      let exponent = try reader.positiveNumber()
      let d = SecretBytes(copying: try reader.positiveNumber())
      _ = try reader.positiveNumber()
      let p = SecretBytes(copying: try reader.positiveNumber())
      let q = SecretBytes(copying: try reader.positiveNumber())
      guard modulus.count * 8 <= PublicKey.rsaBits.upperBound else { throw .unsoundKey }
      key = try? AsymmetricKey(rsaModulus: modulus, exponent: exponent, secret: (d, p, q))
    } else {
      let point = try reader.string()
      let both = try reader.string()
      guard point.count == 32, both.count == 64, both[32...].elementsEqual(point) else { throw .malformed }
      key = try? AsymmetricKey(ed25519Seed: SecretBytes(copying: both[..<32]))
    }
    guard let key else { throw .unsoundKey }
    return key
  }
}
