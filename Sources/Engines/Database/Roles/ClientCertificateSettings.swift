internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import SecretMemory

/// How client certificates of a role are made.
struct ClientCertificateSettings: Sendable, Equatable {
  /// Makes the common name, which is the user's name, too; empty for the connection's `username_template`.
  var commonNameTemplate: String
  /// PEM; empty where there is none yet.
  var caCertificate: String
  var caPrivateKey: SecretBytes
  /// `rsa`, `ec` or `ed25519`.
  var keyType: String
  var keyBits: Int64
  var signatureBits: Int64

  init(_ config: [String: String]) throws(EngineError) {
    commonNameTemplate = config["common_name_template"] ?? ""
    caCertificate = config["ca_cert"] ?? ""
    caPrivateKey = SecretBytes(copying: (config["ca_private_key"] ?? "").utf8)
    keyType = config["key_type"] ?? ""
    let sizes: [Int64]
    switch keyType {
    case "rsa": sizes = [2048, 3072, 4096]
    case "ec": sizes = [256, 224, 384, 521]
    // One size; what is said of it counts for nothing.
    case "ed25519": sizes = []
    default: throw Self.invalid("invalid key_type")
    }
    keyBits = sizes.isEmpty ? 0 : try Self.number("key_bits", config, among: sizes)
    signatureBits = try Self.number("signature_bits", config, among: [256, 384, 512])
  }

  private static func invalid(_ reason: String) -> EngineError {
    .invalid("credential_config validation failed: \(reason)")
  }

  /// The first of `values` where the member is absent or 0.
  private static func number(
    _ name: String, _ config: [String: String], among values: [Int64]
  ) throws(EngineError) -> Int64 {
    guard let text = config[name], !text.isEmpty, text != "0" else { return values.first ?? 0 }
    guard let value = Int64(text), values.contains(value) else { throw invalid("invalid \(name): \(text)") }
    return value
  }

  var config: JSONObject {
    var config: JSONObject = ["key_type": .string(keyType), "signature_bits": .int(signatureBits)]
    if keyBits > 0 { config["key_bits"] = .int(keyBits) }
    if !commonNameTemplate.isEmpty { config["common_name_template"] = .string(commonNameTemplate) }
    if !caCertificate.isEmpty { config["ca_cert"] = .string(caCertificate) }
    if caPrivateKey.count > 0 {
      config["ca_private_key"] = .string(caPrivateKey.withBytes { String(decoding: $0, as: UTF8.self) })
    }
    return config
  }

  // MARK: The authority

  /// Throws where there is an authority that cannot sign. One that is not there may come with a later write.
  func checkAuthority() throws(EngineError) {
    if !caCertificate.isEmpty || caPrivateKey.count > 0 { _ = try authority() }
  }

  func authority() throws(EngineError) -> CertificateAuthority {
    if caCertificate.isEmpty || caPrivateKey.count == 0 {
      throw Self.invalid("client certificates need both ca_cert and ca_private_key")
    }
    do throws(CertificateAuthority.Mistake) {
      return try CertificateAuthority(certificate: caCertificate, privateKey: caPrivateKey)
    } catch {
      switch error {
      case .certificate: throw Self.invalid("ca_cert is no certificate in PEM")
      case .privateKey: throw Self.invalid("ca_private_key is no private key in PEM without a passphrase")
      case .otherKey: throw Self.invalid("ca_private_key is not the key of ca_cert")
      case .notAnAuthority: throw Self.invalid("ca_cert may not sign certificates")
      }
    }
  }

  var key: ClientKey.Kind {
    switch keyType {
    case "rsa": .rsa(bits: Int(clamping: keyBits))
    case "ec": .ec(bits: Int(clamping: keyBits))
    default: .ed25519
    }
  }

  var hash: HashFunction { signatureBits == 512 ? .sha512 : signatureBits == 384 ? .sha384 : .sha256 }
}
