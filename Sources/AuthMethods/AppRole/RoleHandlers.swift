internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI
internal import TokenParameters

extension AppRoleMethod {
  /// Names of roles have no case.
  static func name(_ call: Call) -> String { call.capture("role_name").lowercased() }

  static func unknown(_ call: Call, status: Int = 404) -> EngineError {
    EngineError(status: status, messages: ["role \"\(call.capture("role_name"))\" does not exist"])
  }

  func role(named name: String) throws -> Role? {
    try knownRoles.record(Self.roleKey(name), in: storage) { try Role($0) }
  }

  func knownRole(_ call: Call, status: Int = 404) throws -> Role {
    guard let role = try role(named: Self.name(call)) else { throw Self.unknown(call, status: status) }
    return role
  }

  /// The role for endpoints that say so in the form of lists of errors where there is none.
  func listedRole(_ call: Call) throws -> Role {
    guard let role = try role(named: Self.name(call)) else {
      throw EngineError.list(status: 400, ["role \"\(call.capture("role_name"))\" does not exist"])
    }
    return role
  }

  /// Reads the role in a transaction, which fails if the role changes before it is done.
  func role(
    _ call: Call, _ transaction: inout Transaction, orThrow missing: EngineError? = nil
  ) throws -> Role {
    guard let bytes = try transaction.get(Self.roleKey(Self.name(call))) else { throw missing ?? Self.unknown(call) }
    return try Role(bytes)
  }

  func listRoles(_ call: Call) throws -> Reply {
    let page = try Fields.page(call)
    return .keys(try storage.list(Self.roles, after: page.after, limit: page.limit))
  }

  func readRole(_ call: Call) throws -> Reply {
    guard let role = try role(named: Self.name(call)) else { return .none }
    return .data(role.members)
  }

  func writeRole(_ call: Call) throws -> Reply {
    let name = Self.name(call)
    guard name.utf8.count <= 4096 else {
      throw EngineError.invalid("role_name is longer than maximum of 4096 bytes")
    }
    let fresh = Role(name: name, folder: context.random.uuid(), roleID: context.random.uuid())
    return try storage.transaction { transaction in
      let stored = try transaction.get(Self.roleKey(name)).map { try Role($0) }
      var role = stored ?? fresh
      if let isLocal = try call[Fields.localSecretIDs] {
        if stored != nil {
          throw EngineError.invalid("local_secret_ids can only be modified during role creation")
        }
        role.hasLocalSecretIDs = isLocal
      }
      if let value = try call[Fields.bindSecretID] { role.bindsSecretID = value }
      if let value = try call[Fields.secretIDBlocks] ?? call[Fields.oldSecretIDBlocks] {
        role.secretIDBlocks = try Blocks.checked(value, error: { .list(status: 400, [$0]) })
      }
      if let value = try call[Fields.secretIDUses] { role.secretIDUses = try Self.notNegative(value) }
      if let value = try call[Fields.secretIDTTL] { role.secretIDTTL = value }
      try role.token.update(from: call, taking: Fields.oldNames, adjusting: true)
      if call.has(TokenFields.oldPeriod) { try checkPeriod(role) }
      if let value = try call[Fields.roleID] {
        if value.isEmpty { throw EngineError.invalid("invalid role_id supplied, or failed to generate a role_id") }
        role.roleID = value
      }
      try role.checkConstraints()
      try keep(role, insteadOf: stored, &transaction)
      return try reply(to: role, call)
    }
  }

  private func reply(to role: Role, _ call: Call) throws -> Reply {
    var warnings: [String] = []
    if let kind = try call[TokenFields.kind], let meant = TokenParameters.adjusted(kind) {
      warnings.append("\(kind) has no useful meaning; adjusting to \(meant.rawValue)")
    }
    if role.token.maxTTL > context.settings().maxTTL {
      warnings.append(
        "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be "
          + "truncated")
    }
    guard !warnings.isEmpty else { return .none }
    var reply = Reply(.data(.null))
    reply.warnings = warnings
    return reply
  }

  func checkPeriod(_ role: Role) throws(EngineError) {
    let longest = context.settings().maxTTL
    guard role.token.period > longest else { return }
    throw .invalid(
      "period of \"\(role.token.period.goDescription)\" is greater than the backend's maximum lease TTL of "
        + "\"\(longest.goDescription)\"")
  }

  /// Writes the role and the way to it from its id.
  func keep(_ role: Role, insteadOf stored: Role?, _ transaction: inout Transaction) throws {
    let idKey = Self.roleIDKey(try digest(role.roleID))
    if let owner = try transaction.get(idKey) {
      if !owner.elementsEqual(role.name.utf8) { throw EngineError.list(status: 400, ["role_id already in use"]) }
    } else {
      transaction.put(idKey, Array(role.name.utf8))
    }
    if let stored, stored.roleID != role.roleID {
      transaction.delete(Self.roleIDKey(try digest(stored.roleID)))
    }
    transaction.put(Self.roleKey(role.name), role.encoded)
  }

  func deleteRole(_ call: Call) throws -> Reply {
    let name = Self.name(call)
    try storage.transaction { transaction in
      guard let bytes = try transaction.get(Self.roleKey(name)) else { return }
      let role = try Role(bytes)
      transaction.delete(Self.roleKey(name))
      transaction.delete(Self.roleIDKey(try digest(role.roleID)))
      transaction.deletePrefix(Self.secretIDs(role))
      transaction.deletePrefix(Self.accessors(role))
    }
    return .none
  }

  static func notNegative(_ uses: Int64) throws(EngineError) -> Int64 {
    if uses < 0 { throw .invalid("secret_id_num_uses cannot be negative") }
    return uses
  }

  /// Changes a role that must be there, by one of its parts' endpoints.
  func change(_ call: Call, _ body: (inout Role) throws -> Void) throws -> Reply {
    try storage.transaction { transaction in
      let stored = try role(call, &transaction, orThrow: .unsupportedPath)
      var role = stored
      try body(&role)
      try role.token.check()
      try role.checkConstraints()
      try keep(role, insteadOf: stored, &transaction)
    }
    return .none
  }
}
