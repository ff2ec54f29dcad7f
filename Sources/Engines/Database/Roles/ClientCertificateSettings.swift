internal import EngineAPI
internal import JSONText

/// How client certificates of a role are made.
struct ClientCertificateSettings: Sendable, Equatable {
  var commonNameTemplate: String
  var caCertificate: String
  var caPrivateKey: String
  /// `rsa`, `ec` or `ed25519`.
  var keyType: String
  var keyBits: Int64
  var signatureBits: Int64

  init(_ config: [String: String]) throws(EngineError) {
    func invalid(_ reason: String) -> EngineError { .invalid("credential_config validation failed: \(reason)") }
    commonNameTemplate = config["common_name_template"] ?? ""
    caCertificate = config["ca_cert"] ?? ""
    caPrivateKey = config["ca_private_key"] ?? ""
    keyType = config["key_type"] ?? ""
    guard ["rsa", "ec", "ed25519"].contains(keyType) else { throw invalid("invalid key_type") }
    func number(_ name: String) throws(EngineError) -> Int64 {
      guard let text = config[name], !text.isEmpty else { return 0 }
      guard let value = Int64(text) else { throw invalid("invalid \(name)") }
      return value
    }
    keyBits = try number("key_bits")
    signatureBits = try number("signature_bits")
  }

  var config: JSONObject {
    [
      "common_name_template": .string(commonNameTemplate), "ca_cert": .string(caCertificate),
      "ca_private_key": .string(caPrivateKey), "key_type": .string(keyType), "key_bits": .int(keyBits),
      "signature_bits": .int(signatureBits),
    ]
  }
}
