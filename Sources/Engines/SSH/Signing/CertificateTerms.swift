internal import Cryptography
internal import EngineAPI
internal import Primitives
internal import SSHKeys

/// What a request for a certificate asks for beside the key.
enum CertificateFields {
  static let ttl = Field.duration("ttl", "How long the certificate is to be good; the role's ttl by default.")
  static let principals = Field.string("valid_principals", "Names of users or hosts that it is for, with commas.")
  static let kind = Field.string("cert_type", "user (the default) or host.")
  static let keyID = Field.string("key_id", "What servers write to their logs, where the role lets requests say it.")
  static let criticalOptions = Field.keyValues("critical_options", "Critical options; the role's by default.")
  static let extensions = Field.keyValues("extensions", "Extensions; the role's by default.")

  static let all = [
    RoleFields.role.description, ttl.description, principals.description, kind.description, keyID.description,
    criticalOptions.description, extensions.description,
  ]
}

/// What a certificate will say, apart from the key and the serial number: a decision about request, role and caller.
struct CertificateTerms {
  let kind: Certificate.Kind
  let principals: [String]
  let criticalOptions: [String: String]
  let extensions: [String: String]
  let ttl: TimeSpan
  let warnings: [String]

  init(_ call: Call, role: CertificateRole, settings: MountSettings) throws(EngineError) {
    kind = try Self.kind(call, role)
    let asked = try call[CertificateFields.principals]
    switch kind {
    case .user: principals = try Principals.users(asked, role, call)
    case .host: principals = try Principals.hosts(asked, role, call)
    }
    criticalOptions = try CertificateOptions.criticalOptions(try call[CertificateFields.criticalOptions] ?? [:], role)
    extensions = try CertificateOptions.extensions(try call[CertificateFields.extensions] ?? [:], role, call)
    (ttl, warnings) = try Self.ttl(try call[CertificateFields.ttl] ?? .zero, role, settings)
  }

  private static func kind(_ call: Call, _ role: CertificateRole) throws(EngineError) -> Certificate.Kind {
    switch try call[CertificateFields.kind] ?? "user" {
    case "user":
      if !role.allowsUserCertificates { throw .invalid("cert_type 'user' is not allowed by role") }
      return .user
    case "host":
      if !role.allowsHostCertificates { throw .invalid("cert_type 'host' is not allowed by role") }
      return .host
    default: throw .invalid("cert_type must be either 'user' or 'host'")
    }
  }

  /// Within the role's limit and the mount's. Only who asks for more is refused.
  private static func ttl(
    _ asked: TimeSpan, _ role: CertificateRole, _ settings: MountSettings
  ) throws(EngineError) -> (TimeSpan, [String]) {
    let longest = role.maxTTL > .zero ? min(role.maxTTL, settings.maxTTL) : settings.maxTTL
    if asked > .zero {
      guard asked <= longest else { throw .invalid("ttl is larger than maximum allowed \(longest.seconds)") }
      return (asked, [])
    }
    let wanted = role.ttl > .zero ? role.ttl : settings.defaultTTL
    if wanted <= longest { return (wanted, []) }
    if role.ttl == .zero { return (longest, []) }
    return (
      longest,
      [
        "the role's ttl of \"\(LifeSpan.brief(wanted))\" is beyond the longest that is allowed; the certificate is good "
          + "for \"\(LifeSpan.brief(longest))\""
      ]
    )
  }

  func certificate(for key: PublicKey, keyID: String, serial: UInt64, role: CertificateRole, now: Timestamp)
    -> Certificate
  {
    Certificate(
      key: key, kind: kind, serial: serial, keyID: keyID, principals: principals,
      validAfter: Self.seconds(now - role.notBeforeDuration), validBefore: Self.seconds(now + ttl),
      criticalOptions: criticalOptions, extensions: extensions)
  }

  private static func seconds(_ time: Timestamp) -> UInt64 { UInt64(clamping: time.seconds) }
}

/// The key id: what `sshd` logs, to tell who came.
enum KeyID {
  private static let mostBytes = 4096

  static func of(
    _ key: PublicKey, _ call: Call, role: CertificateRole, roleName: String
  ) throws(EngineError) -> String {
    let asked = try call[CertificateFields.keyID] ?? ""
    if !asked.isEmpty {
      if !role.allowsKeyIDs { throw .invalid("setting key_id is not allowed by role") }
      return try checked(asked)
    }
    let name = call.principal?.displayName ?? ""
    var format = role.keyIDFormat
    if format.isEmpty {
      format = name.isEmpty ? "vault-{{public_key_hash}}" : "vault-{{token_display_name}}-{{public_key_hash}}"
    }
    // What is no template is the id itself.
    guard let template = TextTemplate(format) else { return try checked(format) }
    let filled = template.filled { hole in
      switch hole {
      case "token_display_name": name
      case "role_name": roleName
      case "public_key_hash": Hex.encode(HashFunction.sha256.digest(of: key.blob))
      default: "{{\(hole)}}"
      }
    }
    return try checked(filled ?? "")
  }

  private static func checked(_ id: String) throws(EngineError) -> String {
    guard id.utf8.count <= mostBytes, id.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw .invalid("the key id is too long or has control characters")
    }
    return id
  }
}
