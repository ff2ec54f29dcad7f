package import JSONText
package import Primitives

extension TokenEntry {
  /// The envelope's `auth`, with the members in the order in which clients have always seen them.
  ///
  /// `token` is empty where the caller knows the accessor only.
  package func authObject(token: String, identityPolicies: [String] = []) -> JSONText {
    var w = JSONWriter()
    w.beginObject()
    w.name("client_token")
    w.string(token)
    w.name("accessor")
    w.string(accessor)
    w.name("policies")
    w.strings(Set(policies + identityPolicies).sorted())
    if !policies.isEmpty {
      w.name("token_policies")
      w.strings(policies)
    }
    if !identityPolicies.isEmpty {
      w.name("identity_policies")
      w.strings(identityPolicies)
    }
    w.name("metadata")
    w.value(metadataValue)
    w.name("lease_duration")
    w.int(ttl.seconds)
    w.name("renewable")
    w.bool(renewable)
    w.name("entity_id")
    w.string(entityID)
    w.name("token_type")
    w.string(type.rawValue)
    w.name("orphan")
    w.bool(orphan)
    w.name("mfa_requirement")
    w.null()
    w.name("num_uses")
    w.int(grantedUses)
    w.endObject()
    return JSONText(trusted: w.bytes)
  }

  /// The `data` of a lookup. `id` is empty where the caller knows the accessor only.
  package func lookupObject(id: String, now: Timestamp, identityPolicies: [String] = []) -> JSONObject {
    var members: JSONObject = ["accessor": .string(accessor)]
    if !boundCIDRs.isEmpty { members["bound_cidrs"] = .strings(boundCIDRs) }
    members["creation_time"] = .int(creationTime.seconds)
    members["creation_ttl"] = .int(creationTTL.seconds)
    members["display_name"] = .string(displayName)
    members["entity_id"] = .string(entityID)
    members["expire_time"] = expireTime.map { .string($0.rfc3339) } ?? .null
    members["explicit_max_ttl"] = .int(explicitMaxTTL.seconds)
    if !entityID.isEmpty { members["external_namespace_policies"] = [:] }
    members["id"] = .string(id)
    if !identityPolicies.isEmpty { members["identity_policies"] = .strings(identityPolicies) }
    let hasLease = path != Self.rootPath
    if hasLease { members["issue_time"] = .string(issueTime.rfc3339) }
    if let lastRenewal {
      members["last_renewal"] = .string(lastRenewal.rfc3339)
      members["last_renewal_time"] = .int(lastRenewal.seconds)
    }
    members["meta"] = metadataValue
    members["num_uses"] = .int(numberOfUses)
    members["orphan"] = .bool(orphan)
    members["path"] = .string(path)
    if period > .zero { members["period"] = .int(period.seconds) }
    members["policies"] = .strings(policies)
    if hasLease { members["renewable"] = .bool(renewable) }
    if !role.isEmpty { members["role"] = .string(role) }
    members["ttl"] = .int(expireTime.map { max(0, ($0 - now).seconds) } ?? 0)
    members["type"] = .string(type.rawValue)
    return members
  }

  private var metadataValue: JSONValue {
    guard let metadata else { return .null }
    return .object(JSONObject(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }
}
