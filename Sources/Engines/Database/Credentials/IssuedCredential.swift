internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory

/// A credential as the database keeps it and as the client gets it.
struct IssuedCredential: Sendable {
  var kept: UserCredential
  var answer: JSONObject
  /// Whether it can be made to last longer.
  var isRenewable = true
}

extension DatabaseMount {
  /// - Parameter end: when the database itself refuses the user.
  func makeCredential(
    _ settings: CredentialSettings, username: String, connection: ConnectionRecord, now: Timestamp, until end: Timestamp
  ) throws -> IssuedCredential {
    switch settings {
    case .password(let policy):
      let password = try newPassword(policy: policy, connection: connection)
      let text = password.withBytes { String(decoding: $0, as: UTF8.self) }
      return IssuedCredential(
        kept: .password(password), answer: ["username": .string(username), "password": .string(text)])
    case .clientCertificate(let settings):
      return try makeCertificate(settings, username: username, now: now, until: end)
    case .rsaPrivateKey:
      throw EngineError.invalid("unsupported credential_type: \"\(settings.type.rawValue)\"")
    }
  }

  /// Clocks differ.
  private static let leeway = TimeSpan.seconds(30)

  private func makeCertificate(
    _ settings: ClientCertificateSettings, username: String, now: Timestamp, until end: Timestamp
  ) throws -> IssuedCredential {
    let authority = try settings.authority()
    if authority.hasExpired(at: now) { throw EngineError.invalid("the role's ca_cert has expired") }
    let key = try ClientKey(settings.key)
    let certificate = try authority.clientCertificate(
      commonName: username, key: key, hash: settings.hash, from: now - Self.leeway, until: end, random: context.random)
    let keyText = try key.pem().withBytes { String(decoding: $0, as: UTF8.self) }
    return IssuedCredential(
      kept: .certificate,
      answer: [
        "username": .string(username), "client_certificate": .string(certificate), "private_key": .string(keyText),
        "private_key_type": .string(settings.keyType),
      ],
      // A certificate says itself when it ends.
      isRenewable: false)
  }
}
