internal import Cryptography
internal import Primitives

/// A certificate of OpenSSH's kind (PROTOCOL.certkeys), version 01: which key, for whom, from when to when, what it allows.
package struct Certificate: Sendable, Equatable {
  package enum Kind: UInt32, Sendable { case user = 1, host = 2 }

  package var key: PublicKey
  package var kind: Kind
  package var serial: UInt64
  package var keyID: String
  /// User or host names; none at all means any name to some programs, and nobody to others.
  package var principals: [String]
  /// Seconds since the Unix epoch; the certificate is good from the first on and before the second.
  package var validAfter: UInt64
  package var validBefore: UInt64
  package var criticalOptions: [String: String]
  package var extensions: [String: String]

  /// More makes OpenSSH refuse a certificate.
  package static let mostPrincipals = 256
  package static let mostOptions = 256
  /// The longest certificate that is read or made.
  package static let mostBytes = 128 << 10

  package init(
    key: PublicKey, kind: Kind, serial: UInt64, keyID: String, principals: [String], validAfter: UInt64,
    validBefore: UInt64, criticalOptions: [String: String], extensions: [String: String]
  ) {
    self.key = key
    self.kind = kind
    self.serial = serial
    self.keyID = keyID
    self.principals = principals
    self.validAfter = validAfter
    self.validBefore = validBefore
    self.criticalOptions = criticalOptions
    self.extensions = extensions
  }

  /// The signed certificate as a line, without a comment and a line feed.
  /// - Parameter nonce: 32 random bytes, so that nobody knows beforehand what is signed.
  /// - Throws: `SSHKeyError.tooLarge` beyond the bounds above, or what the signer throws.
  package func signed(by signer: CertificateSigner, nonce: [UInt8]) throws -> String {
    guard principals.count <= Self.mostPrincipals, criticalOptions.count <= Self.mostOptions,
      extensions.count <= Self.mostOptions
    else { throw SSHKeyError.tooLarge }
    var writer = WireWriter()
    writer.string(key.algorithm.certificateName)
    writer.string(nonce)
    var keyFields = WireReader(key.blob)
    _ = try keyFields.string()
    writer.raw(keyFields.rest())
    writer.uint64(serial)
    writer.uint32(kind.rawValue)
    writer.string(keyID)
    writer.string(Self.packed(principals))
    writer.uint64(validAfter)
    writer.uint64(validBefore)
    writer.string(Self.packed(criticalOptions))
    writer.string(Self.packed(extensions))
    writer.string("")
    writer.string(signer.publicKey.blob)
    guard writer.bytes.count <= Self.mostBytes else { throw SSHKeyError.tooLarge }
    writer.string(try signer.sign(writer.bytes))
    return "\(key.algorithm.certificateName) \(Base64.encode(writer.bytes))"
  }

  private static func packed(_ principals: [String]) -> [UInt8] {
    var writer = WireWriter()
    for principal in principals { writer.string(principal) }
    return writer.bytes
  }

  /// By name, each once. A value is packed a second time; an empty one is not.
  private static func packed(_ options: [String: String]) -> [UInt8] {
    var writer = WireWriter()
    for (name, value) in options.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      writer.string(name)
      var data = WireWriter()
      if !value.isEmpty { data.string(value) }
      writer.string(data.bytes)
    }
    return writer.bytes
  }
}
