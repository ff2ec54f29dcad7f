internal import Primitives

/// A certificate that was read, and what is needed to say whether its signature is good.
package struct SignedCertificate: Sendable, Equatable {
  package let certificate: Certificate
  package let authority: PublicKey
  package let signatureAlgorithm: SignatureAlgorithm
  private let signature: [UInt8]
  private let signedBytes: [UInt8]

  /// Reads a line such as `ssh-ed25519-cert-v01@openssh.com AAAA…`.
  package init(line: String) throws(SSHKeyError) {
    guard line.utf8.count <= 2 * Certificate.mostBytes else { throw .tooLarge }
    let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0.isNewline })
    guard words.count >= 2, let blob = try? Base64.decode(String(words[1])) else { throw .malformed }
    try self.init(blob: blob)
    guard certificate.key.algorithm.certificateName == words[0] else { throw .malformed }
  }

  package init(blob: [UInt8]) throws(SSHKeyError) {
    guard blob.count <= Certificate.mostBytes else { throw .tooLarge }
    var reader = WireReader(blob)
    let name = try reader.text()
    guard let algorithm = KeyAlgorithm.allCases.first(where: { $0.certificateName == name }) else {
      throw .unsupportedType("")
    }
    _ = try reader.string()
    let key = try Self.key(algorithm, &reader)
    let serial = try reader.uint64()
    guard let kind = Certificate.Kind(rawValue: try reader.uint32()) else { throw .malformed }
    let keyID = try reader.text()
    let principals = try Self.principals(try reader.string())
    let validAfter = try reader.uint64()
    let validBefore = try reader.uint64()
    let criticalOptions = try Self.options(try reader.string())
    let extensions = try Self.options(try reader.string())
    _ = try reader.string()
    authority = try PublicKey(blob: try reader.string())
    let signature = try reader.string()
    try reader.finish()

    var parts = WireReader(signature)
    guard let scheme = SignatureAlgorithm(rawValue: try parts.text()) else { throw .unsupportedType("") }
    self.signature = try parts.string()
    try parts.finish()
    signatureAlgorithm = scheme
    signedBytes = Array(blob.dropLast(signature.count + 4))
    certificate = Certificate(
      key: key, kind: kind, serial: serial, keyID: keyID, principals: principals, validAfter: validAfter,
      validBefore: validBefore, criticalOptions: criticalOptions, extensions: extensions)
  }

  /// True where the authority's key made the signature.
  package func isGenuine() throws -> Bool {
    try signatureAlgorithm.verify(signature, of: signedBytes, by: authority)
  }

  /// The key's own fields are taken out and given the key's name again.
  private static func key(_ algorithm: KeyAlgorithm, _ reader: inout WireReader) throws(SSHKeyError) -> PublicKey {
    var writer = WireWriter()
    writer.string(algorithm.rawValue)
    let fields = (algorithm.curve != nil || algorithm == .rsa ? 2 : 1) + (algorithm.isOnToken ? 1 : 0)
    for _ in 0..<fields { writer.string(try reader.string()) }
    return try PublicKey(blob: writer.bytes)
  }

  private static func principals(_ bytes: [UInt8]) throws(SSHKeyError) -> [String] {
    var reader = WireReader(bytes)
    var names: [String] = []
    while !reader.isAtEnd {
      guard names.count < Certificate.mostPrincipals else { throw .tooLarge }
      names.append(try reader.text())
    }
    return names
  }

  private static func options(_ bytes: [UInt8]) throws(SSHKeyError) -> [String: String] {
    var reader = WireReader(bytes)
    var options: [String: String] = [:]
    var last: String?
    while !reader.isAtEnd {
      guard options.count < Certificate.mostOptions else { throw .tooLarge }
      let name = try reader.text()
      if let last, !last.utf8.lexicographicallyPrecedes(name.utf8) { throw .malformed }
      last = name
      let data = try reader.string()
      if data.isEmpty {
        options[name] = ""
      } else {
        var inner = WireReader(data)
        options[name] = try inner.text()
        try inner.finish()
      }
    }
    return options
  }
}
