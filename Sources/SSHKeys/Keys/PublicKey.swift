package import Cryptography
internal import Primitives

/// A public key as SSH writes it. Its numbers have been checked to be those of a sound key.
package struct PublicKey: Sendable, Equatable {
  package let algorithm: KeyAlgorithm
  /// What goes over the wire, with the algorithm's name in front.
  package let blob: [UInt8]
  /// What follows the key in its line; empty where nothing does.
  package var comment = ""
  /// The length of an RSA modulus; for other kinds the algorithm's own.
  package let bits: Int

  /// The longest blob, line or file that is read; an RSA key of the longest kind takes little more than a kilobyte.
  package static let mostBytes = 16 << 10
  package static let rsaBits = 1024...8192

  /// Reads a blob.
  package init(blob: [UInt8]) throws(SSHKeyError) {
    guard blob.count <= Self.mostBytes else { throw .tooLarge }
    var reader = WireReader(blob)
    let name = try reader.text()
    guard let algorithm = KeyAlgorithm(rawValue: name) else { throw Self.unknown(name) }
    bits = try Self.check(algorithm, &reader)
    try reader.finish()
    self.algorithm = algorithm
    self.blob = blob
  }

  /// Reads a line such as `ssh-ed25519 AAAAC3… mona@laptop`. Options in front, as in `authorized_keys`, are not taken.
  package init(line: String) throws(SSHKeyError) {
    guard line.utf8.count <= 2 * Self.mostBytes else { throw .tooLarge }
    let text = Self.trimmed(line.utf8[...])
    guard !text.contains(10), !text.contains(13), !text.contains(0) else { throw .malformed }
    let words = text.split(maxSplits: 2, whereSeparator: Self.isBlank)
    guard words.count >= 2 else { throw .malformed }
    let name = String(decoding: words[0], as: UTF8.self)
    guard KeyAlgorithm(rawValue: name) != nil else { throw Self.unknown(name) }
    guard let blob = try? Base64.decode(String(decoding: words[1], as: UTF8.self)) else { throw .malformed }
    try self.init(blob: blob)
    guard algorithm.rawValue == name else { throw .malformed }
    if words.count == 3 { comment = String(decoding: Self.trimmed(words[2]), as: UTF8.self) }
  }

  /// The public part of a key.
  package init(_ key: AsymmetricKey) throws(CryptographyError) {
    var writer = WireWriter()
    switch key.kind {
    case .rsa:
      let numbers = try key.rsaPublic()
      algorithm = .rsa
      bits = numbers.modulus.count * 8 - (numbers.modulus.first?.leadingZeroBitCount ?? 0)
      writer.string(algorithm.rawValue)
      writer.number(numbers.exponent)
      writer.number(numbers.modulus)
    case .ecdsa(let curve):
      algorithm = KeyAlgorithm(curve)
      bits = Self.bits(curve)
      writer.string(algorithm.rawValue)
      writer.string(algorithm.curveName ?? "")
      writer.string(try key.ecdsaPoint())
    case .ed25519:
      algorithm = .ed25519
      bits = 256
      writer.string(algorithm.rawValue)
      writer.string(try key.rawPublicKey())
    case .mlDSA, .mlKEM: throw .unsuitableKey
    }
    blob = writer.bytes
  }

  /// Without a line feed at its end.
  package var line: String {
    "\(algorithm.rawValue) \(Base64.encode(blob))" + (comment.isEmpty ? "" : " \(comment)")
  }

  /// What verifies signatures of keys that are not on a security token.
  package func verificationKey() throws(SSHKeyError) -> AsymmetricKey {
    if algorithm.isOnToken { throw .unsupportedType(algorithm.rawValue) }
    var reader = WireReader(blob)
    _ = try reader.string()
    return try Self.key(algorithm, &reader).key
  }

  // MARK: The fields behind the name

  /// Reads what makes the key and returns its length in bits.
  private static func check(_ algorithm: KeyAlgorithm, _ reader: inout WireReader) throws(SSHKeyError) -> Int {
    let (_, bits) = try key(algorithm, &reader)
    // The application that the key belongs to, such as `ssh:`.
    if algorithm.isOnToken { _ = try reader.text() }
    return bits
  }

  private static func key(
    _ algorithm: KeyAlgorithm, _ reader: inout WireReader
  ) throws(SSHKeyError) -> (key: AsymmetricKey, bits: Int) {
    if let curve = algorithm.curve {
      guard try reader.text() == algorithm.curveName else { throw .malformed }
      let point = try reader.string()
      guard let key = try? AsymmetricKey(curve, point: point, scalar: nil) else { throw .unsoundKey }
      return (key, bits(curve))
    }
    if algorithm == .rsa {
      let exponent = try reader.positiveNumber()
      let modulus = try reader.positiveNumber()
      let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
      // An exponent of 1 would leave messages as they are; an even one cannot be undone.
      guard rsaBits.contains(bits), let last = exponent.last, last & 1 == 1, exponent != [1],
        let key = try? AsymmetricKey(rsaModulus: modulus, exponent: exponent, secret: nil)
      else { throw .unsoundKey }
      return (key, bits)
    }
    guard let key = try? AsymmetricKey(ed25519Public: try reader.string()) else { throw .unsoundKey }
    return (key, 256)
  }

  private static func bits(_ curve: AsymmetricKey.Curve) -> Int {
    switch curve {
    case .p256: 256
    case .p384: 384
    case .p521: 521
    }
  }

  private static func unknown(_ name: String) -> SSHKeyError {
    if name.hasSuffix(KeyAlgorithm.certificateSuffix) { return .isCertificate }
    let isName = name.utf8.count <= 64 && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    return .unsupportedType(isName ? name : "")
  }

  private static func isBlank(_ c: UInt8) -> Bool { c == 0x20 || c == 9 }

  private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
    func isSpace(_ c: UInt8) -> Bool { isBlank(c) || c == 10 || c == 13 }
    let tail = text.drop(while: isSpace)
    guard let last = tail.lastIndex(where: { !isSpace($0) }) else { return tail }
    return tail[...last]
  }
}
