package import Cryptography
package import JOSE
package import JSONText
package import Primitives
internal import SecretMemory

/// A key pair that signs tokens, under the name (`kid`) that verifiers find it by.
package struct SigningKey: Sendable {
  package let id: String
  package let algorithm: SignatureAlgorithm
  package let pair: AsymmetricKey

  package init(id: String, algorithm: SignatureAlgorithm, pair: AsymmetricKey) {
    self.id = id
    self.algorithm = algorithm
    self.pair = pair
  }

  package static func generate(_ algorithm: SignatureAlgorithm, random: RandomSource) throws(CryptographyError) -> Self
  {
    SigningKey(id: random.uuid(), algorithm: algorithm, pair: try algorithm.generateKey())
  }

  package func sign(_ claims: JSONObject) throws(CryptographyError) -> String {
    try SignedToken.sign(claims, header: ["kid": .string(id)], algorithm: algorithm, key: pair)
  }

  var record: JSONValue {
    get throws(CryptographyError) {
      [
        "id": .string(id), "algorithm": .string(algorithm.rawValue),
        "private": .string(try pair.pkcs8().withBytes { Base64.encode(Array($0)) }),
      ]
    }
  }

  init?(record: JSONValue?) {
    guard let record, let id = record["id"]?.stringValue,
      let algorithm = record["algorithm"]?.stringValue.flatMap(SignatureAlgorithm.init(rawValue:)),
      let der = record["private"]?.stringValue.flatMap({ try? Base64.decode($0) }),
      let pair = try? AsymmetricKey(pkcs8: SecretBytes(copying: der))
    else { return nil }
    self.init(id: id, algorithm: algorithm, pair: pair)
  }
}

/// What is left of a key that no longer signs: enough to verify what it signed.
package struct RetiredKey: Sendable {
  package let id: String
  package let algorithm: SignatureAlgorithm
  package let publicKey: AsymmetricKey
  /// When nothing that it signed is to be believed any more.
  package let until: Timestamp

  init(_ key: SigningKey, until: Timestamp) throws(CryptographyError) {
    id = key.id
    algorithm = key.algorithm
    publicKey = try AsymmetricKey(subjectPublicKeyInfo: key.pair.subjectPublicKeyInfo())
    self.until = until
  }

  var record: JSONValue {
    get throws(CryptographyError) {
      [
        "id": .string(id), "algorithm": .string(algorithm.rawValue), "until": .int(until.nanoseconds),
        "public": .string(Base64.encode(try publicKey.subjectPublicKeyInfo())),
      ]
    }
  }

  init?(record: JSONValue) {
    guard let id = record["id"]?.stringValue, let until = record["until"]?.int64Value,
      let algorithm = record["algorithm"]?.stringValue.flatMap(SignatureAlgorithm.init(rawValue:)),
      let der = record["public"]?.stringValue.flatMap({ try? Base64.decode($0) }),
      let key = try? AsymmetricKey(subjectPublicKeyInfo: der)
    else { return nil }
    self.id = id
    self.algorithm = algorithm
    self.until = Timestamp(nanoseconds: until)
    publicKey = key
  }
}
