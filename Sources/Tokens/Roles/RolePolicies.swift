internal import EngineAPI

extension TokenRole {
  /// The policies of a token, where the role's lists decide.
  /// - Parameter requested: as the client wrote them; empty for what the role or else the parent has.
  func policies(
    requested: [String], withoutDefault: Bool, parent: [String]
  ) throws(EngineError) -> [String] {
    let addsDefault =
      !withoutDefault && !disallowedPolicies.contains("default")
      && !disallowedPoliciesGlob.contains { Wildcard.matches($0, "default") }
    var policies = requested.isEmpty ? [] : PolicyNames.normalized(requested, addingDefault: addsDefault)
    if allowedPolicies.isEmpty && allowedPoliciesGlob.isEmpty {
      if policies.isEmpty { policies = PolicyNames.normalized(parent, addingDefault: addsDefault) }
    } else {
      let allowed = PolicyNames.normalized(allowedPolicies, addingDefault: addsDefault)
      if policies.isEmpty { policies = allowed }
      let isSubset = policies.allSatisfy { name in
        allowed.contains(name) || allowedPoliciesGlob.contains { Wildcard.matches($0, name) }
      }
      if !isSubset {
        throw .invalid(
          "token policies (\(Self.quoted(policies))) must be subset of the role's allowed policies "
            + "(\(Self.quoted(allowed))) or glob policies (\(Self.quoted(allowedPoliciesGlob)))")
      }
    }
    for name in policies
    where disallowedPolicies.contains(name) || disallowedPoliciesGlob.contains(where: { Wildcard.matches($0, name) }) {
      throw .invalid("token policy \"\(name)\" is disallowed by this role")
    }
    return policies
  }

  private static func quoted(_ names: [String]) -> String {
    "[" + names.map { "\"\($0)\"" }.joined(separator: " ") + "]"
  }
}
