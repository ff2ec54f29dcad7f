internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory

/// A credential as the database keeps it and as the client gets it.
struct IssuedCredential: Sendable {
  var kept: UserCredential
  var answer: JSONObject
}

extension DatabaseMount {
  func makeCredential(
    _ settings: CredentialSettings, username: String, connection: ConnectionRecord, call: Call, life: TimeSpan
  ) throws -> IssuedCredential {
    switch settings {
    case .password(let policy):
      let password = try newPassword(policy: policy, connection: connection)
      let text = password.withBytes { String(decoding: $0, as: UTF8.self) }
      return IssuedCredential(
        kept: .password(password), answer: ["username": .string(username), "password": .string(text)])
    case .rsaPrivateKey, .clientCertificate:
      throw EngineError.invalid("unsupported credential_type: \"\(settings.type.rawValue)\"")
    }
  }
}
