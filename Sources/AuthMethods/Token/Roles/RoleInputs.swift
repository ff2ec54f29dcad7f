internal import EngineAPI
internal import JSONText
internal import Primitives
internal import Tokens

/// The fields of token roles.
enum RoleInputs {
  static let name = Field.string("role_name", "The role's name.")
  static let allowedPolicies = Field.commaStrings(
    "allowed_policies", "The policies that tokens may have; where the request names none they have them all.")
  static let allowedPoliciesGlob = Field.commaStrings(
    "allowed_policies_glob", "More policies that tokens may have, with * for any characters.")
  static let disallowedPolicies = Field.commaStrings("disallowed_policies", "Policies that tokens must not have.")
  static let disallowedPoliciesGlob = Field.commaStrings(
    "disallowed_policies_glob", "More policies that tokens must not have, with * for any characters.")
  static let allowedEntityAliases = Field.commaStrings(
    "allowed_entity_aliases", "The aliases that tokens may stand for, with * for any characters.")
  static let orphan = Field.bool("orphan", "Tokens do not end with the token that made them.")
  static let renewable = Field.bool("renewable", "Tokens can be renewed; they can where nothing is said.")
  static let pathSuffix = Field.string("path_suffix", "Stands at the end of the tokens' path, to revoke them by.")
  static let noDefaultPolicy = Field.bool("token_no_default_policy", "Leave the policy `default` out.")
  static let kind = Field.string(
    "token_type", "`service` or `batch`; `default-service` or `default-batch` let the request choose.")
  static let numberOfUses = Field.int("token_num_uses", "How many requests a token is good for; 0 for any number.")
  static let period = Field<TimeSpan>.duration(
    "token_period", "Tokens have no longest life and must be renewed this often.")
  static let oldPeriod = Field<TimeSpan>.duration("period", "The old name of `token_period`.", deprecated: true)
  static let explicitMaxTTL = Field<TimeSpan>.duration(
    "token_explicit_max_ttl", "How long tokens can live at most, however often they are renewed.")
  static let oldExplicitMaxTTL = Field<TimeSpan>.duration(
    "explicit_max_ttl", "The old name of `token_explicit_max_ttl`.", deprecated: true)
  static let boundCIDRs = Field.commaStrings(
    "token_bound_cidrs", "The addresses that tokens can be used from, in CIDR notation.")
  static let oldBoundCIDRs = Field.commaStrings(
    "bound_cidrs", "The old name of `token_bound_cidrs`.", deprecated: true)
  /// What roles of other auth methods have. These take no effect here, and no warning either.
  private static let foreign = ["token_policies", "token_ttl", "token_max_ttl"].map {
    Field<JSONValue>.any($0, "Takes no effect here.").description
  }

  static let all: [FieldDescription] =
    [
      name.description, allowedPolicies.description, allowedPoliciesGlob.description, disallowedPolicies.description,
      disallowedPoliciesGlob.description, allowedEntityAliases.description, orphan.description, renewable.description,
      pathSuffix.description, noDefaultPolicy.description, kind.description, numberOfUses.description,
      period.description, oldPeriod.description, explicitMaxTTL.description, oldExplicitMaxTTL.description,
      boundCIDRs.description, oldBoundCIDRs.description,
    ] + foreign

  /// Brings what the request has into the role and leaves the rest as it is.
  /// - Returns: warnings.
  static func apply(_ call: Call, to role: inout TokenRole, maxTTL: TimeSpan) throws(EngineError) -> [String] {
    var warnings: [String] = []
    if let names = try value(allowedPolicies, call) { role.allowedPolicies = TokenRole.lowercased(names) }
    if let names = try value(allowedPoliciesGlob, call) { role.allowedPoliciesGlob = TokenRole.lowercased(names) }
    if let names = try value(disallowedPolicies, call) { role.disallowedPolicies = TokenRole.lowercased(names) }
    if let names = try value(disallowedPoliciesGlob, call) { role.disallowedPoliciesGlob = TokenRole.lowercased(names) }
    if let names = try value(allowedEntityAliases, call) { role.allowedEntityAliases = TokenRole.lowercased(names) }
    if let orphan = try value(orphan, call) { role.orphan = orphan }
    if let renewable = try value(renewable, call) { role.renewable = renewable }
    if let noDefaultPolicy = try value(noDefaultPolicy, call) { role.noDefaultPolicy = noDefaultPolicy }
    if let suffix = try value(pathSuffix, call) {
      guard suffix.isEmpty || TokenRole.isPathSuffix(suffix) else {
        throw .invalid(
          "given role path suffix contains invalid characters; it must have three or more, of letters, digits, \"_\" and, "
            + "but not at its ends, \"-\"")
      }
      role.pathSuffix = suffix
    }
    if let text = try value(kind, call) {
      guard let kind = TokenRole.Kind(api: text) else { throw .invalid("invalid 'token_type' value \"\(text)\"") }
      role.kind = kind
    }
    if let uses = try value(numberOfUses, call) {
      if uses < 0 { throw .invalid("error parsing role fields: 'token_num_uses' cannot be negative") }
      role.numberOfUses = uses
    }
    try renamed(period, oldPeriod, call, &role.period, none: .zero, &warnings)
    try renamed(explicitMaxTTL, oldExplicitMaxTTL, call, &role.explicitMaxTTL, none: .zero, &warnings)
    try renamed(boundCIDRs, oldBoundCIDRs, call, &role.boundCIDRs, none: [], &warnings)
    for address in role.boundCIDRs.value where AddressBlock(address) == nil {
      throw .invalid(
        "error parsing role fields: error parsing address \"\(address)\": Unable to convert \"\(address)\" to an IPv4 or "
          + "IPv6 address, or a UNIX Socket")
    }
    try role.check()
    if role.explicitMaxTTL.value > maxTTL {
      warnings.append(
        "Given explicit max TTL of \(role.explicitMaxTTL.value.seconds) is greater than system/mount allowed value of "
          + "\(maxTTL.seconds) seconds, which is what tokens will get")
    }
    return warnings
  }

  private static func renamed<Value>(
    _ field: Field<Value>, _ old: Field<Value>, _ call: Call, _ target: inout TokenRole.Renamed<Value>, none: Value,
    _ warnings: inout [String]
  ) throws(EngineError) {
    let given = try value(field, call)
    let givenByOldName = try value(old, call)
    if let given {
      target.value = given
      target.old = none
      if givenByOldName != nil {
        warnings.append(
          "Both '\(field.name)' and deprecated '\(old.name)' value supplied, ignoring the deprecated value")
      }
    } else if let givenByOldName {
      target.value = givenByOldName
      target.old = givenByOldName
    }
  }

  private static let prefix = "Field validation failed: "

  /// What is wrong with a field is told without the usual beginning here.
  private static func value<Value>(_ field: Field<Value>, _ call: Call) throws(EngineError) -> Value? {
    do throws(EngineError) { return try call[field] } catch {
      throw .invalid(error.messages.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 }.joined())
    }
  }
}
