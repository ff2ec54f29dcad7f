internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory

/// A connection as it is stored: which plugin, with what, and who may use it.
struct ConnectionRecord: Sendable, Equatable {
  var pluginName: String
  var pluginVersion = ""
  /// The fields that only the plugin knows, as they were sent, without those that are secret.
  var details: JSONObject = [:]
  var secrets: [String: SecretBytes] = [:]
  /// Names of roles, dynamic and static; `*` stands for anything.
  var allowedRoles: [String] = []
  var rootRotationStatements: [String] = []
  /// Empty for the engine's own.
  var passwordPolicy = ""
  var isVerified = true
  var automatedRotationIsDisabled = false
  var skipsStaticRoleImportRotation = false

  init(pluginName: String) { self.pluginName = pluginName }

  /// Fields that are kept apart and never shown.
  static let secretNames: Set<String> = ["password", "private_key", "service_account_json"]

  /// The user with which the engine logs in; empty where the URL holds it.
  var rootUsername: String { details["username"]?.stringValue ?? "" }

  /// Whether what is set as its password is what it logs in with.
  var takesPassword: Bool { details["connection_url"]?.stringValue?.contains("{{password}}") ?? true }

  /// Sets the password in the form in which the URL's template takes it.
  mutating func setPassword(_ password: SecretBytes) {
    let isEscaped = (try? Coercion.bool(details["disable_escaping"] ?? .null)) ?? false
    guard isEscaped, details["connection_url"]?.stringValue?.contains("://") == true else {
      secrets["password"] = password
      return
    }
    let text = password.withBytes { String(decoding: $0, as: UTF8.self) }
    secrets["password"] = SecretBytes(copying: PercentEncoding.encode(text).utf8)
  }

  /// Whether the role may have users of this connection.
  func allows(role: String) -> Bool {
    allowedRoles.contains { $0 == role || Glob.matches($0, role) }
  }
}

extension ConnectionRecord {
  var bytes: [UInt8] {
    let texts = secrets.sorted { $0.key < $1.key }.map { name, secret in
      (name, JSONValue.string(secret.withBytes { String(decoding: $0, as: UTF8.self) }))
    }
    let object: JSONObject = [
      "plugin_name": .string(pluginName), "plugin_version": .string(pluginVersion), "details": .object(details),
      "secrets": .object(JSONObject(texts)), "allowed_roles": .strings(allowedRoles),
      "root_rotation_statements": .strings(rootRotationStatements), "password_policy": .string(passwordPolicy),
      "verify_connection": .bool(isVerified), "disable_automated_rotation": .bool(automatedRotationIsDisabled),
      "skip_static_role_import_rotation": .bool(skipsStaticRoleImportRotation),
    ]
    return JSONText(object).bytes
  }

  /// Nil where the bytes are no connection.
  init?(bytes: [UInt8]) {
    guard let object = (try? JSONText(trusted: bytes).parsed())?.objectValue,
      let pluginName = object["plugin_name"]?.stringValue
    else { return nil }
    self.init(pluginName: pluginName)
    pluginVersion = object["plugin_version"]?.stringValue ?? ""
    details = object["details"]?.objectValue ?? [:]
    for member in object["secrets"]?.objectValue?.members ?? [] {
      if let text = member.value.stringValue { secrets[member.name] = SecretBytes(copying: text.utf8) }
    }
    allowedRoles = object.strings("allowed_roles")
    rootRotationStatements = object.strings("root_rotation_statements")
    passwordPolicy = object["password_policy"]?.stringValue ?? ""
    isVerified = object["verify_connection"]?.boolValue ?? true
    automatedRotationIsDisabled = object["disable_automated_rotation"]?.boolValue ?? false
    skipsStaticRoleImportRotation = object["skip_static_role_import_rotation"]?.boolValue ?? false
  }
}
