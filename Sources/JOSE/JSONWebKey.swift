package import Cryptography
package import JSONText
internal import Primitives

/// The public part of a signing key as a JSON Web Key (RFC 7517; RFC 7518, section 6; RFC 8037, section 2).
package enum JSONWebKey {
  package static func publicKey(
    _ key: AsymmetricKey, id: String, algorithm: SignatureAlgorithm
  ) throws(CryptographyError) -> JSONObject {
    var object: JSONObject = ["alg": .string(algorithm.rawValue), "kid": .string(id), "use": "sig"]
    switch key.kind {
    case .rsa:
      let numbers = try key.rsaPublicBytes()
      object["kty"] = "RSA"
      object["n"] = text(numbers.modulus)
      object["e"] = text(numbers.exponent)
    case .ecdsa(let curve):
      let point = try key.ecdsaPublicBytes()
      object["kty"] = "EC"
      object["crv"] = .string(curve.rawValue)
      object["x"] = text(point.x)
      object["y"] = text(point.y)
    case .ed25519:
      object["kty"] = "OKP"
      object["crv"] = "Ed25519"
      object["x"] = text(try key.rawPublicKey())
    case .mlDSA, .mlKEM: throw .unsuitableKey
    }
    return object
  }

  private static func text(_ bytes: [UInt8]) -> JSONValue {
    .string(Base64.encode(bytes, alphabet: .url, padded: false))
  }
}
