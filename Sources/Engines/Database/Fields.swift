internal import EngineAPI
internal import JSONText
internal import Primitives

extension DatabaseMount {
  /// Every field of the engine's routes, besides those of static roles.
  enum Fields {
    static let name = Field.string("name", "The name.")
    static let pluginName = Field.string("plugin_name", "The kind of database, such as postgresql-database-plugin.")
    static let pluginVersion = Field.string("plugin_version", "Must be empty: plugins are built in.")
    static let verifyConnection = Field.bool("verify_connection", "Whether to log in before the connection is stored.")
    static let allowedRoles = Field.commaStrings(
      "allowed_roles", "Names of the roles that may use the connection; * stands for anything.")
    static let rootRotationStatements = Field.strings(
      "root_rotation_statements", "Statements that give the engine's own user a new password.")
    static let passwordPolicy = Field.string("password_policy", "The password policy that passwords are made by.")
    static let rotationPeriod = Field.duration("rotation_period", "Accepted at 0: automated rotation is not supported.")
    static let rotationSchedule = Field.string(
      "rotation_schedule", "Accepted when empty: automated rotation is not supported.")
    static let rotationWindow = Field.duration("rotation_window", "Accepted at 0: automated rotation is not supported.")
    static let rotationPolicy = Field.string("rotation_policy", "Accepted when empty.")
    static let disableAutomatedRotation = Field.bool("disable_automated_rotation", "Kept and shown.")
    static let skipStaticRoleImportRotation = Field.bool(
      "skip_static_role_import_rotation", "Static roles of this connection keep their password when they are made.")

    static let connection = Field.string("db_name", "The name of the role's connection.", required: true)
    static let creationStatements = statements(
      "creation_statements", "Statements that create the user: {{name}}, {{password}}, {{expiration}}.")
    static let revocationStatements = statements("revocation_statements", "Statements that delete the user: {{name}}.")
    static let rollbackStatements = statements(
      "rollback_statements", "Statements run where a creation failed: {{name}}.")
    static let renewStatements = statements("renew_statements", "Statements that renew: {{name}}, {{expiration}}.")
    static let defaultTTL = Field.duration("default_ttl", "How long a lease lives at first.")
    static let maxTTL = Field.duration("max_ttl", "How long a lease can be renewed.")
    static let credentialType = Field.string(
      "credential_type", "password, rsa_private_key or client_certificate.")
    static let credentialConfig = Field.keyValues("credential_config", "How credentials of that type are made.")

    /// A list; a text is one element, and the empty text none.
    static func statements(_ name: String, _ help: String) -> Field<[String]> {
      Field(name, kind: .strings, help: help) { (raw) throws(FieldMismatch) in
        try Coercion.strings(raw, splitting: false).filter { !$0.isEmpty }
      }
    }
  }
}

extension Call {
  /// The field's value. Clients of this engine know complaints about fields without the usual words before them.
  func value<Value>(_ field: Field<Value>) throws(EngineError) -> Value? {
    do { return try self[field] } catch {
      let prefix = "Field validation failed: "
      guard let message = error.messages.first, message.hasPrefix(prefix) else { throw error }
      throw EngineError.invalid(String(message.dropFirst(prefix.utf8.count)))
    }
  }
}
