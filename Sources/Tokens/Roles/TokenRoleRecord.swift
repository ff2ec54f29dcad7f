package import JSONText
internal import Primitives

/// The stored form of a role, and the one that clients are shown.
extension TokenRole {
  package var record: JSONObject {
    var object: JSONObject = [
      "allowed_policies": .strings(allowedPolicies), "allowed_policies_glob": .strings(allowedPoliciesGlob),
      "disallowed_policies": .strings(disallowedPolicies), "disallowed_policies_glob": .strings(disallowedPoliciesGlob),
      "orphan": .bool(orphan), "renewable": .bool(renewable), "path_suffix": .string(pathSuffix),
      "no_default_policy": .bool(noDefaultPolicy), "kind": .string(kind.rawValue), "num_uses": .int(numberOfUses),
      "period": .int(period.value.nanoseconds), "old_period": .int(period.old.nanoseconds),
      "explicit_max_ttl": .int(explicitMaxTTL.value.nanoseconds),
      "old_explicit_max_ttl": .int(explicitMaxTTL.old.nanoseconds), "bound_cidrs": .strings(boundCIDRs.value),
      "old_bound_cidrs": .strings(boundCIDRs.old),
    ]
    if let allowedEntityAliases { object["allowed_entity_aliases"] = .strings(allowedEntityAliases) }
    return object
  }

  package init(name: String, record: JSONObject) {
    self.init(name: name)
    func list(_ name: String) -> [String]? { record[name]?.arrayValue?.compactMap(\.stringValue) }
    func span(_ name: String) -> TimeSpan { TimeSpan(nanoseconds: record[name]?.int64Value ?? 0) }
    allowedPolicies = list("allowed_policies") ?? []
    allowedPoliciesGlob = list("allowed_policies_glob") ?? []
    disallowedPolicies = list("disallowed_policies") ?? []
    disallowedPoliciesGlob = list("disallowed_policies_glob") ?? []
    allowedEntityAliases = list("allowed_entity_aliases")
    orphan = record["orphan"]?.boolValue ?? false
    renewable = record["renewable"]?.boolValue ?? true
    pathSuffix = record["path_suffix"]?.stringValue ?? ""
    noDefaultPolicy = record["no_default_policy"]?.boolValue ?? false
    kind = record["kind"]?.stringValue.flatMap(Kind.init(rawValue:)) ?? .defaultService
    numberOfUses = record["num_uses"]?.int64Value ?? 0
    period.value = span("period")
    period.old = span("old_period")
    explicitMaxTTL.value = span("explicit_max_ttl")
    explicitMaxTTL.old = span("old_explicit_max_ttl")
    boundCIDRs.value = list("bound_cidrs") ?? []
    boundCIDRs.old = list("old_bound_cidrs") ?? []
  }

  /// The `data` of a read.
  package var face: JSONObject {
    var object: JSONObject = [
      "allowed_entity_aliases": allowedEntityAliases.map { .strings($0) } ?? .null,
      "allowed_policies": .strings(allowedPolicies), "allowed_policies_glob": .strings(allowedPoliciesGlob),
    ]
    if !boundCIDRs.old.isEmpty { object["bound_cidrs"] = .strings(boundCIDRs.old) }
    object["disallowed_policies"] = .strings(disallowedPolicies)
    object["disallowed_policies_glob"] = .strings(disallowedPoliciesGlob)
    object["explicit_max_ttl"] = .int(explicitMaxTTL.old.seconds)
    object["name"] = .string(name)
    object["orphan"] = .bool(orphan)
    object["path_suffix"] = .string(pathSuffix)
    object["period"] = .int(period.old.seconds)
    object["renewable"] = .bool(renewable)
    if !boundCIDRs.value.isEmpty { object["token_bound_cidrs"] = .strings(boundCIDRs.value) }
    object["token_explicit_max_ttl"] = .int(explicitMaxTTL.value.seconds)
    object["token_no_default_policy"] = .bool(noDefaultPolicy)
    if numberOfUses > 0 { object["token_num_uses"] = .int(numberOfUses) }
    object["token_period"] = .int(period.value.seconds)
    object["token_type"] = .string(kind.rawValue)
    return object
  }
}
