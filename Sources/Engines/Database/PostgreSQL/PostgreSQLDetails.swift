internal import Cryptography
internal import EngineAPI
internal import JSONText
internal import PostgreSQL
internal import Primitives
internal import SecretMemory

/// The fields of a connection that this plugin knows.
struct PostgreSQLDetails: Sendable {
  var settings: ConnectionSettings
  var limits: ConnectionPool.Limits
  var username: String
  var usernameTemplate: String
  /// The server gets verifiers of passwords instead of passwords.
  var hashesPasswords: Bool

  /// Where no limit is wanted there is this one.
  private static let unlimited = 256
  private static let defaultOpen: Int64 = 4

  init(_ surroundings: PluginSurroundings) throws(DatabaseError) {
    let details = surroundings.details
    let url = try Self.text("connection_url", details)
    if url.isEmpty { throw DatabaseError("connection_url cannot be empty") }
    limits = try Self.limits(details)
    username = try Self.text("username", details)
    usernameTemplate = try Self.text("username_template", details)
    let password = surroundings.secrets["password"].flatMap { $0.count > 0 ? $0 : nil }
    try Self.checkSelfManaged(details, hasUser: !username.isEmpty || password != nil)
    if url.contains("{{username}}") && username.isEmpty || url.contains("{{password}}") && password == nil {
      throw DatabaseError("must either provide username/password or set self-managed to 'true'")
    }
    switch try Self.text("password_authentication", details) {
    case "", "password": hashesPasswords = false
    case "scram-sha-256": hashesPasswords = true
    case let other: throw DatabaseError("'\(other)' is not a valid password authentication type")
    }
    if try !Self.text("auth_type", details).isEmpty { throw DatabaseError("auth_type is not supported") }

    do throws(PostgreSQLError) { settings = try ConnectionSettings(text: url) } catch {
      throw DatabaseError(error.message)
    }
    let areEscaped = try Self.bool("disable_escaping", details) && url.contains("://")
    username = try settings.fillIn(username: username, password: password, areEscaped: areEscaped)
    try Self.addFiles(to: &settings, details, surroundings.secrets["private_key"])
    settings["fallback_application_name"] = settings["fallback_application_name"] ?? "coffer"
    // There is none, and libpq says nothing of a file that is not there.
    settings["passfile"] = settings["passfile"] ?? "/dev/null/none"
  }

  private static func checkSelfManaged(_ details: JSONObject, hasUser: Bool) throws(DatabaseError) {
    guard try bool("self_managed", details) else { return }
    if hasUser { throw DatabaseError("cannot use both self-managed and vault-managed workflows") }
    throw DatabaseError(
      "error initializing static account cache: self-managed static roles only available in Vault Enterprise")
  }

  private static func limits(_ details: JSONObject) throws(DatabaseError) -> ConnectionPool.Limits {
    let wanted = try int("max_open_connections", details)
    let open = wanted < 0 ? unlimited : Int(clamping: min(wanted == 0 ? defaultOpen : wanted, Int64(unlimited)))
    let idle = try int("max_idle_connections", details)
    let lifetime: TimeSpan
    do throws(FieldMismatch) {
      lifetime = try Coercion.duration(details["max_connection_lifetime"] ?? .null)
    } catch {
      throw DatabaseError("invalid max_connection_lifetime: \(error.reason)")
    }
    return ConnectionPool.Limits(
      open: open, idle: idle < 0 ? 0 : idle == 0 ? open : min(open, Int(clamping: idle)), lifetime: lifetime)
  }

  private static func addFiles(
    to settings: inout ConnectionSettings, _ details: JSONObject, _ key: SecretBytes?
  ) throws(DatabaseError) {
    let authority = try text("tls_ca", details)
    if !authority.isEmpty {
      guard let blocks = PEM.all(in: authority), blocks.contains(where: { $0.label == "CERTIFICATE" }) else {
        throw DatabaseError("unable to add CA to cert pool")
      }
      try setFile("sslrootcert", SecretBytes(copying: authority.utf8), in: &settings)
      // Whoever names an authority wants no connection that it does not vouch for.
      if ["prefer", "allow"].contains(settings["sslmode"] ?? "prefer") { settings["sslmode"] = "verify-ca" }
    } else {
      settings.trustSystemAuthorities()
    }
    let certificate = try text("tls_certificate", details)
    let key = key.flatMap { $0.count > 0 ? $0 : nil }
    if certificate.isEmpty && key == nil { return }
    guard let key, !certificate.isEmpty else { throw DatabaseError("both \"sslcert\" and \"sslkey\" are required") }
    try setFile("sslcert", SecretBytes(copying: certificate.utf8), in: &settings)
    try setFile("sslkey", key, in: &settings)
  }

  private static func setFile(
    _ keyword: String, _ contents: SecretBytes, in settings: inout ConnectionSettings
  ) throws(DatabaseError) {
    do throws(PostgreSQLError) { try settings.setFile(keyword, contents: contents) } catch {
      throw DatabaseError(error.message)
    }
  }

  // MARK: Reading fields

  private static func text(_ name: String, _ details: JSONObject) throws(DatabaseError) -> String {
    do throws(FieldMismatch) { return try Coercion.string(details[name] ?? .null) } catch {
      throw DatabaseError("'\(name)' \(error.reason)")
    }
  }

  private static func int(_ name: String, _ details: JSONObject) throws(DatabaseError) -> Int64 {
    do throws(FieldMismatch) { return try Coercion.int(details[name] ?? .null) } catch {
      throw DatabaseError("cannot parse '\(name)' as int")
    }
  }

  private static func bool(_ name: String, _ details: JSONObject) throws(DatabaseError) -> Bool {
    do throws(FieldMismatch) { return try Coercion.bool(details[name] ?? .null) } catch {
      throw DatabaseError("cannot parse '\(name)' as bool")
    }
  }
}

extension ConnectionSettings {
  /// Puts user and password where the template has them. They are put into values that are parsed already, so that
  /// nothing in them can mean anything there.
  /// - Parameter areEscaped: as in a URL, by whoever configured them.
  /// - Returns: the user's name as the server knows it.
  fileprivate mutating func fillIn(
    username: String, password: SecretBytes?, areEscaped: Bool
  ) throws(DatabaseError) -> String {
    func plain(_ bytes: some Collection<UInt8>) throws(DatabaseError) -> [UInt8] {
      if !areEscaped { return Array(bytes) }
      guard let decoded = PercentEncoding.decodeBytes(Array(bytes)) else {
        throw DatabaseError("username or password are not escaped as they must be in a URL")
      }
      return decoded
    }
    let name = String(decoding: try plain(username.utf8), as: UTF8.self)
    for (keyword, value) in parameters where value.contains("{{username}}") {
      self[keyword] = value.split(separator: "{{username}}", omittingEmptySubsequences: false).joined(separator: name)
    }
    guard let password, let template = self.password, template.withBytes({ $0.elementsEqual("{{password}}".utf8) })
    else {
      return name
    }
    var bytes = try plain(password.withBytes { Array($0) })
    self.password = SecretBytes(copying: bytes)
    bytes.withUnsafeMutableBytes { zero($0) }
    return name
  }
}
