internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

extension DatabaseMount {
  static let roleRoutes: [Route<DatabaseMount>] = [
    Route(
      "roles/", summary: "The names of all roles", [.list: { mount, _ in .keys(try mount.storage.list(Folder.roles)) }]),
    Route(
      "roles/{name}",
      fields: [
        Fields.name.description, Fields.connection.description, Fields.creationStatements.description,
        Fields.revocationStatements.description, Fields.rollbackStatements.description,
        Fields.renewStatements.description, Fields.defaultTTL.description, Fields.maxTTL.description,
        Fields.credentialType.description, Fields.credentialConfig.description,
      ], summary: "A role: how users are made for those who ask for credentials",
      exists: { mount, call in try mount.storage.get(Folder.roles + call.capture("name")) != nil },
      [
        .read: { mount, call in
          guard let role = try mount.role(call.capture("name")) else { return .none }
          return .data(role.answer)
        },
        .update: { mount, call in try mount.writeRole(call) },
        .delete: { mount, call in
          try mount.storage.delete(Folder.roles + call.capture("name"))
          return .none
        },
      ]),
  ]

  func role(_ name: String) throws -> RoleRecord? {
    try storage.get(Folder.roles + name).map { try Self.role(name, $0.bytes) }
  }

  private static func role(_ name: String, _ bytes: [UInt8]) throws -> RoleRecord {
    guard let role = RoleRecord(bytes: bytes) else {
      throw StoreError.damaged("the database role \(name) cannot be read; restore a snapshot")
    }
    return role
  }

  private func writeRole(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    try storage.transaction { transaction in
      let known = try transaction.get(Folder.roles + name).map { try Self.role(name, $0) }
      if try known == nil && transaction.get(Folder.staticRoles + name) != nil {
        throw EngineError.invalid("Role and Static Role names must be unique")
      }
      let connection = try call.value(Fields.connection) ?? known?.connection ?? ""
      if connection.isEmpty { throw EngineError.invalid("database name is required") }
      var role = known ?? RoleRecord(connection: connection)
      role.connection = connection
      try role.apply(call)
      transaction.put(Folder.roles + name, role.bytes)
    }
    return .none
  }
}

extension RoleRecord {
  /// Takes over what the request has; what it does not have stays.
  fileprivate mutating func apply(_ call: Call) throws {
    typealias Fields = DatabaseMount.Fields
    if let value = try call.value(Fields.creationStatements) { creationStatements = value }
    if let value = try call.value(Fields.revocationStatements) { revocationStatements = value }
    if let value = try call.value(Fields.rollbackStatements) { rollbackStatements = value }
    if let value = try call.value(Fields.renewStatements) { renewStatements = value }
    if let value = try call.value(Fields.defaultTTL) { defaultTTL = value }
    if let value = try call.value(Fields.maxTTL) { maxTTL = value }
    let type = try call.value(Fields.credentialType).map { (text) throws(EngineError) in
      try CredentialType(field: text.isEmpty ? "password" : text)
    }
    let config = try call.value(Fields.credentialConfig)
    guard type != nil || config != nil else { return }
    let chosen = type ?? credential.type
    let kept = chosen == credential.type ? (try? Coercion.keyValues(.object(credential.config))) ?? [:] : [:]
    credential = try CredentialSettings(chosen, config: config ?? kept)
    if case .clientCertificate(let settings) = credential { try settings.checkAuthority() }
  }
}
