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
  private var warnings: [String] = []

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
      show: { .strings($0.token.policies) }, write: { $0.token.policies = TokenParameters.sanitized($1) },
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
      show: { Blocks.json($0.secretIDBlocks) }, write: { $0.secretIDBlocks = try blocks($1) },
      reset: { $0.secretIDBlocks = [] }),
    RolePart(
      "bound-cidr-list", Fields.oldSecretIDBlocks, "From where logins are taken",
      show: { Blocks.json($0.secretIDBlocks) }, write: { $0.secretIDBlocks = try blocks($1) },
      reset: { $0.secretIDBlocks = [] }
    ).warning(
      "The \"bound_cidr_list\" field is deprecated and will be removed. Please use \"secret_id_bound_cidrs\" instead."
    ),
    RolePart(
      "token-bound-cidrs", TokenFields.boundCIDRs, "From where tokens can be used",
      show: { .strings($0.token.boundCIDRs.map(\.description)) },
      write: { role, texts in
        do throws(EngineError) { role.token.boundCIDRs = try TokenParameters.blocks(texts) } catch {
          throw EngineError.invalid("failed to parse token_bound_cidrs: " + error.messages.joined())
        }
      }, reset: { $0.token.boundCIDRs = [] }),
  ]

  private static func blocks(_ texts: [String]) throws(EngineError) -> [String] {
    guard !texts.isEmpty else { throw .invalid("missing bound_cidr_list") }
    return try Blocks.checked(texts, error: EngineError.invalid)
  }

  /// The part with a warning in each answer that shows it.
  private func warning(_ text: String) -> RolePart {
    var part = self
    part.warnings = [text]
    return part
  }

  /// What a write that lacks the value is told that it lacks; nil where such a write changes nothing.
  private var missing: String? {
    switch path {
    case "period": "period"
    case "bound-cidr-list", "secret-id-bound-cidrs", "token-bound-cidrs": nil
    default: fields.first?.name
    }
  }

  /// The route of this part below `role/NAME`.
  var route: Route<AppRoleMethod> {
    Route(
      PathPattern(stringLiteral: "role/{role_name}/" + path), fields: [Fields.roleName.description] + fields,
      summary: summary,
      [
        .read: { engine, call in
          guard let role = try engine.role(named: AppRoleMethod.name(call)) else { return .none }
          return .data(show(role), warnings: warnings)
        },
        .update: { engine, call in
          try engine.change(call) { role in
            if try !write(&role, call), let missing { throw EngineError.invalid("missing \(missing)") }
            if path == "period" { try engine.checkPeriod(role) }
            if role.token.maxTTL > .zero, role.token.ttl > role.token.maxTTL {
              throw EngineError.invalid(
                path == "token-max-ttl"
                  ? "token_max_ttl should be greater than or equal to token_ttl"
                  : "token_ttl should not be greater than token_max_ttl")
            }
          }
        },
        .delete: { engine, call in
          if try engine.role(named: AppRoleMethod.name(call)) == nil { return .none }
          return try engine.change(call) { reset(&$0) }
        },
      ])
  }
}
