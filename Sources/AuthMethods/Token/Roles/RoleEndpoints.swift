internal import EngineAPI
internal import JSONText
internal import Kernel
internal import StorageAPI
internal import Tokens

extension TokenEndpoints {
  static let roleRoutes: [Route<TokenEndpoints>] = [
    Route("roles", summary: "The names of all roles", [.list: { engine, _ in try engine.listRoles() }]),
    Route("roles/", summary: "The names of all roles", [.list: { engine, _ in try engine.listRoles() }]),
    Route(
      "roles/{role_name}", fields: RoleInputs.all, summary: "What tokens look like that are made by a role",
      help:
        "What a request does not name stays as it was. Tokens that are there keep what they were made with, but are "
        + "renewed within the role's present times.",
      exists: { engine, call in try engine.role(call.capture("role_name")) != nil },
      [
        .read: { engine, call in try engine.readRole(call) },
        .update: { engine, call in try engine.writeRole(call) },
        .delete: { engine, call in try engine.deleteRole(call) },
      ]),
  ]

  /// The role with that name; nil where there is none.
  func role(_ name: String) throws -> TokenRole? {
    guard let stored = try roles.get(name) else { return nil }
    return try Self.decode(stored, name)
  }

  private var roles: StorageView { context.storage.view("role/") }

  private static func decode(_ stored: StoredValue, _ name: String) throws -> TokenRole {
    guard let record = (try? JSONParser.parse(stored.bytes))?.objectValue else {
      throw StoreError.damaged("a token role's record cannot be read")
    }
    return TokenRole(name: name, record: record)
  }

  private func listRoles() throws -> Reply { .keys(try roles.list("")) }

  private func readRole(_ call: Call) throws -> Reply {
    try role(call.capture("role_name")).map { .data($0.face) } ?? .none
  }

  private func writeRole(_ call: Call) throws -> Reply {
    let name = call.capture("role_name")
    let maxTTL = context.settings().maxTTL
    let warnings = try roles.transaction { transaction in
      var role = TokenRole(name: name)
      if let bytes = try transaction.get(name) {
        role = try Self.decode(StoredValue(bytes: bytes, index: 0), name)
      }
      let warnings = try RoleInputs.apply(call, to: &role, maxTTL: maxTTL)
      transaction.put(name, JSONText(role.record).bytes)
      return warnings
    }
    return warnings.isEmpty ? .none : Reply(.data(.null), warnings: warnings)
  }

  private func deleteRole(_ call: Call) throws -> Reply {
    try roles.delete(call.capture("role_name"))
    return .none
  }
}
