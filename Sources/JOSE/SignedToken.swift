package import Cryptography
package import JSONText
internal import Primitives

/// A JSON Web Token (RFC 7519) in the compact serialisation of JSON Web Signature (RFC 7515, section 7.1).
///
/// What is read is not believed: nothing of it may be used before `isSigned(by:algorithm:)` said yes.
package struct SignedToken: Sendable {
  package let header: JSONObject
  package let claims: JSONObject
  private let message: [UInt8]
  private let signature: [UInt8]

  /// - Parameter header: what stands there beside `alg`.
  package static func sign(
    _ claims: JSONObject, header: JSONObject, algorithm: SignatureAlgorithm, key: AsymmetricKey
  ) throws(CryptographyError) -> String {
    var header = header
    header["alg"] = .string(algorithm.rawValue)
    let message = part(JSONText(sorting: .object(header))) + "." + part(JSONText(sorting: .object(claims)))
    let signature = try algorithm.sign(Array(message.utf8), with: key)
    return message + "." + Base64.encode(signature, alphabet: .url, padded: false)
  }

  private static func part(_ text: JSONText) -> String { Base64.encode(text.bytes, alphabet: .url, padded: false) }

  private static let longest = 1 << 20

  /// Nil for what is no token in this form.
  package init?(_ text: String) {
    guard text.utf8.count <= Self.longest else { return nil }
    let parts = text.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
      let signature = Self.bytes(parts[2])
    else { return nil }
    self.header = header
    self.claims = claims
    self.signature = signature
    message = Array((parts[0] + "." + parts[1]).utf8)
  }

  /// - Parameter algorithm: the key's own; a token that names another one is not signed by it (RFC 8725, section 3.1).
  package func isSigned(by key: AsymmetricKey, algorithm: SignatureAlgorithm) -> Bool {
    // Extensions that must be understood are not (RFC 7515, section 4.1.11).
    header["alg"]?.stringValue == algorithm.rawValue && header["crit"] == nil
      && algorithm.verify(signature, of: message, with: key)
  }

  private static func bytes(_ part: Substring) -> [UInt8]? {
    try? Base64.decode(String(part), alphabet: .url, padded: false)
  }

  private static func object(_ part: Substring) -> JSONObject? {
    bytes(part).flatMap { try? JSONParser.parse($0).objectValue }
  }
}
