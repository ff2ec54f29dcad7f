internal import EngineAPI
internal import JSONText
internal import Primitives
internal import TokenParameters

/// One value of a role with an endpoint of its own: read, write, and delete, which sets it back.
struct RolePart: Sendable {
  let path: String
  let fields: [FieldDescription]
  let summary: String
  let show: @Sendable (Role) -> JSONObject
  /// False where the request does not have the value.
  let write: @Sendable (inout Role, Call) throws -> Bool
  let reset: @Sendable (inout Role) -> Void

  private init<Value>(
    _ path: String, _ field: Field<Value>, _ summary: String, show: @escaping @Sendable (Role) -> JSONValue,
    write: @escaping @Sendable (inout Role, Value) throws -> Void, reset: @escaping @Sendable (inout Role) -> Void
  ) {
    self.path = path
    fields = [field.description]
    self.summary = summary
    self.show = { [field.name: show($0)] }
    self.write = { role, call in
      guard let value = try call[field] else { return false }
      try write(&role, value)
      return true
    }
    self.reset = reset
  }

  /// A value that can be written by its old name, too, and is then shown by both.
  private init<Value>(
    _ path: String, _ field: Field<Value>, old: Field<Value>, _ oldName: TokenParameters.OldNames, _ summary: String,
    show: @escaping @Sendable (Role) -> JSONValue, write: @escaping @Sendable (inout Role, Value) -> Void,
    reset: @escaping @Sendable (inout Role) -> Void
  ) {
    self.path = path
    fields = [field.description, old.description]
    self.summary = summary
    self.show = { role in
      var object: JSONObject = [field.name: show(role)]
      if let value = role.token.members[old.name] { object[old.name] = value }
      return object
    }
    self.write = { role, call in
      guard let value = try role.token.value(call, field, old, oldName, oldName) else { return false }
      write(&role, value)
      return true
    }
    self.reset = { role in
      role.token.oldNames.remove(oldName)
      reset(&role)
    }
  }

  static let all: [RolePart] = [
    RolePart(
      "policies", TokenFields.policies, old: TokenFields.oldPolicies, .policies, "The policies of the tokens",
      show: { .strings($0.token.policies) }, write: { $0.token.policies = $1.filter { !$0.isEmpty } },
      reset: { $0.token.policies = [] }),
    RolePart(
      "secret-id-num-uses", Fields.secretIDUses, "How often a SecretID can be used",
      show: { .int($0.secretIDUses) }, write: { $0.secretIDUses = try AppRoleMethod.notNegative($1) },
      reset: { $0.secretIDUses = 0 }),
    RolePart(
      "secret-id-ttl", Fields.secretIDTTL, "How long a SecretID lives",
      show: { .int($0.secretIDTTL.seconds) }, write: { $0.secretIDTTL = $1 }, reset: { $0.secretIDTTL = .zero }),
    RolePart(
      "token-num-uses", TokenFields.numberOfUses, "How many requests a token is good for",
      show: { .int($0.token.numberOfUses) }, write: { $0.token.numberOfUses = $1 },
      reset: { $0.token.numberOfUses = 0 }),
    RolePart(
      "token-ttl", TokenFields.ttl, "How long tokens live",
      show: { .int($0.token.ttl.seconds) }, write: { $0.token.ttl = $1 }, reset: { $0.token.ttl = .zero }),
    RolePart(
      "token-max-ttl", TokenFields.maxTTL, "How long renewals can go on",
      show: { .int($0.token.maxTTL.seconds) }, write: { $0.token.maxTTL = $1 }, reset: { $0.token.maxTTL = .zero }),
    RolePart(
      "period", TokenFields.period, old: TokenFields.oldPeriod, .period, "How long each renewal gives",
      show: { .int($0.token.period.seconds) }, write: { $0.token.period = $1 }, reset: { $0.token.period = .zero }),
    RolePart(
      "bind-secret-id", Fields.bindSecretID, "Whether a login needs a SecretID",
      show: { .bool($0.bindsSecretID) }, write: { $0.bindsSecretID = $1 }, reset: { $0.bindsSecretID = true }),
    RolePart(
      "secret-id-bound-cidrs", Fields.secretIDBlocks, "From where logins are taken",
      show: { Blocks.json($0.secretIDBlocks) }, write: { $0.secretIDBlocks = try Blocks.checked($1) },
      reset: { $0.secretIDBlocks = [] }),
    RolePart(
      "bound-cidr-list", Fields.oldSecretIDBlocks, "From where logins are taken",
      show: { Blocks.json($0.secretIDBlocks) }, write: { $0.secretIDBlocks = try Blocks.checked($1) },
      reset: { $0.secretIDBlocks = [] }),
    RolePart(
      "token-bound-cidrs", TokenFields.boundCIDRs, "From where tokens can be used",
      show: { .strings($0.token.boundCIDRs.map(\.description)) },
      write: { $0.token.boundCIDRs = try TokenParameters.blocks($1) }, reset: { $0.token.boundCIDRs = [] }),
  ]

  /// The route of this part below `role/NAME`.
  var route: Route<AppRoleMethod> {
    Route(
      PathPattern(stringLiteral: "role/{role_name}/" + path), fields: [Fields.roleName.description] + fields,
      summary: summary,
      [
        .read: { engine, call in
          guard let role = try engine.role(named: AppRoleMethod.name(call)) else { return .none }
          return .data(show(role))
        },
        .update: { engine, call in
          try engine.change(call) { role in
            if try !write(&role, call) { throw EngineError.invalid("missing \(fields.first?.name ?? "value")") }
          }
        },
        .delete: { engine, call in
          if try engine.role(named: AppRoleMethod.name(call)) == nil { return .none }
          return try engine.change(call) { reset(&$0) }
        },
      ])
  }
}
