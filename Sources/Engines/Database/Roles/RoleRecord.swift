internal import EngineAPI
internal import JSONText
internal import Primitives

/// A role as it is stored: how users are made for those who ask for credentials.
struct RoleRecord: Sendable, Equatable {
  /// The name of its connection, which need not be there.
  var connection: String
  /// Statements as they were sent; `StatementText` reads them.
  var creationStatements: [String] = []
  var revocationStatements: [String] = []
  var rollbackStatements: [String] = []
  var renewStatements: [String] = []
  /// Zero for the mount's.
  var defaultTTL = TimeSpan.zero
  var maxTTL = TimeSpan.zero
  var credential = CredentialSettings.password(policy: "")

  init(connection: String) { self.connection = connection }
}

extension RoleRecord {
  /// `data` of a read.
  var answer: JSONObject {
    var object: JSONObject = [
      "db_name": .string(connection), "creation_statements": .strings(creationStatements),
      "revocation_statements": .strings(revocationStatements), "rollback_statements": .strings(rollbackStatements),
      "renew_statements": .strings(renewStatements), "default_ttl": .int(defaultTTL.seconds),
      "max_ttl": .int(maxTTL.seconds), "credential_type": .string(credential.type.rawValue),
    ]
    if !credential.answer.isEmpty { object["credential_config"] = .object(credential.answer) }
    return object
  }

  var bytes: [UInt8] {
    var object = answer
    object["default_ttl"] = .int(defaultTTL.nanoseconds)
    object["max_ttl"] = .int(maxTTL.nanoseconds)
    object["credential_config"] = .object(credential.config)
    return JSONText(object).bytes
  }

  /// Nil where the bytes are no role.
  init?(bytes: [UInt8]) {
    guard let object = (try? JSONText(trusted: bytes).parsed())?.objectValue,
      let connection = object["db_name"]?.stringValue,
      let type = object["credential_type"]?.stringValue.flatMap(CredentialType.init(rawValue:))
    else { return nil }
    self.init(connection: connection)
    creationStatements = object.strings("creation_statements")
    revocationStatements = object.strings("revocation_statements")
    rollbackStatements = object.strings("rollback_statements")
    renewStatements = object.strings("renew_statements")
    defaultTTL = TimeSpan(nanoseconds: object["default_ttl"]?.int64Value ?? 0)
    maxTTL = TimeSpan(nanoseconds: object["max_ttl"]?.int64Value ?? 0)
    let config = (try? Coercion.keyValues(object["credential_config"] ?? .null)) ?? [:]
    guard let credential = try? CredentialSettings(type, config: config) else { return nil }
    self.credential = credential
  }
}

extension JSONObject {
  /// The texts of a member that is a list; empty where it is none.
  func strings(_ name: String) -> [String] { self[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
}
