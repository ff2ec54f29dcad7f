internal import EngineAPI
internal import JSONText

/// What a user of a database is known by.
enum CredentialType: String, Sendable {
  case password
  case rsaPrivateKey = "rsa_private_key"
  case clientCertificate = "client_certificate"

  init(field text: String) throws(EngineError) {
    guard let type = CredentialType(rawValue: text) else { throw .invalid("invalid credential_type \"\(text)\"") }
    self = type
  }
}

/// How the credentials of a role are made: its `credential_type` with its `credential_config`.
enum CredentialSettings: Sendable, Equatable {
  /// By a password policy; empty for the connection's.
  case password(policy: String)
  case rsaPrivateKey(bits: Int64)
  case clientCertificate(ClientCertificateSettings)

  /// - Parameter config: members that the type does not know count for nothing.
  init(_ type: CredentialType, config: [String: String]) throws(EngineError) {
    func invalid(_ reason: String) -> EngineError { .invalid("credential_config validation failed: \(reason)") }
    switch type {
    case .password: self = .password(policy: config["password_policy"] ?? "")
    case .rsaPrivateKey:
      let bits = config["key_bits"] ?? "2048"
      guard let number = Int64(bits), [2048, 3072, 4096].contains(number) else {
        throw invalid("invalid key_bits: \(bits)")
      }
      let format = config["format"] ?? "pkcs8"
      guard format == "pkcs8" else { throw invalid("invalid format: \(format)") }
      self = .rsaPrivateKey(bits: number)
    case .clientCertificate: self = .clientCertificate(try ClientCertificateSettings(config))
    }
  }

  var type: CredentialType {
    switch self {
    case .password: .password
    case .rsaPrivateKey: .rsaPrivateKey
    case .clientCertificate: .clientCertificate
    }
  }

  /// The template of users' names where it is not the connection's: the server takes a certificate's common name for the
  /// name of its user.
  var nameTemplate: String? {
    guard case .clientCertificate(let settings) = self, !settings.commonNameTemplate.isEmpty else { return nil }
    return settings.commonNameTemplate
  }

  /// The `credential_config` that is stored; shown to clients without its secrets.
  var config: JSONObject {
    switch self {
    case .password(let policy): policy.isEmpty ? [:] : ["password_policy": .string(policy)]
    case .rsaPrivateKey(let bits): ["format": "pkcs8", "key_bits": .int(bits)]
    case .clientCertificate(let settings): settings.config
    }
  }

  static let secretMembers: Set<String> = ["ca_private_key"]

  /// What a read of the role shows of it; empty where there is nothing to show.
  var answer: JSONObject { JSONObject(members: config.members.filter { !Self.secretMembers.contains($0.name) }) }
}
