internal import AccessPolicy
internal import EngineAPI
internal import JSONText
internal import Kernel

private enum Fields {
  static let policy = Field.string("policy", "The policy's text: HCL or JSON, plain or in base64.")
  static let rules = Field.string("rules", "The old name of `policy`.", deprecated: true)
  static let name = Field.string("name", "The policy's name.")
}

extension SystemEngine {
  static let policyRoutes: [Route<SystemEngine>] = [
    Route(
      "policy/", traits: [.dataAtTop], summary: "The names of all policies",
      [.read: { try names($1, old: true) }, .list: { try names($1, old: true) }]),
    Route(
      "policy/{name...}", traits: [.dataAtTop, .foldedName],
      fields: [Fields.name.description, Fields.policy.description, Fields.rules.description],
      summary: "One policy",
      [
        .read: { try read($1, member: "rules") }, .update: { try write($1, takesRules: true) },
        .delete: { try delete($1) },
      ]),
    Route("policies/acl/", summary: "The names of all policies", [.list: { try names($1, old: false) }]),
    Route(
      "policies/acl/{name...}", traits: .foldedName,
      fields: [Fields.name.description, Fields.policy.description], summary: "One policy",
      [
        .read: { try read($1, member: "policy") }, .update: { try write($1, takesRules: false) },
        .delete: { try delete($1) },
      ]),
  ]

  /// Names are lower case without blanks at their ends.
  private static func name(_ call: Call) -> String { FoldedName.of(call.capture("name")) }

  private static func names(_ call: Call, old: Bool) throws -> Reply {
    let names = try call.active.state.policies.names() + ["root"]
    if old { return .data(["keys": .strings(names), "policies": .strings(names)]) }
    return .keys(names)
  }

  private static func read(_ call: Call, member: String) throws -> Reply {
    let name = name(call)
    if name == "root" { return .data(["name": "root", member: ""]) }
    guard let policy = try call.active.state.policies.policy(name) else { return .none }
    return .data(["name": .string(name), member: .string(policy.text)])
  }

  private static func write(_ call: Call, takesRules: Bool) throws -> Reply {
    let name = name(call)
    var warnings: [String] = []
    let given = call.capture("name")
    if given != given.lowercased() { warnings.append("policy name was converted to \(name)") }
    var text = try call[Fields.policy] ?? ""
    if text.isEmpty && takesRules, let rules = try call[Fields.rules], !rules.isEmpty {
      text = rules
      warnings.append("'rules' is deprecated, please use 'policy' instead")
    }
    guard !text.isEmpty else { throw EngineError.invalid("'policy' parameter not supplied or empty") }
    let policy: Policy
    do { policy = try Policy(name: name, text: PolicyText.decoded(text)) } catch {
      throw EngineError.invalid(error.description)
    }
    if name.contains("..") { throw EngineError.invalid("relative paths not supported") }
    if PolicyStore.immutable.contains(name) { throw EngineError.invalid("cannot update \"\(name)\" policy") }
    try call.active.state.policies.put(policy)
    warnings += policy.warnings
    guard !warnings.isEmpty else { return .none }
    return Reply(.data(.null), warnings: warnings)
  }

  private static func delete(_ call: Call) throws -> Reply {
    let name = name(call)
    if PolicyStore.immutable.contains(name) { throw EngineError.invalid("cannot delete \"\(name)\" policy") }
    if name == "default" { throw EngineError.invalid("cannot delete default policy") }
    try call.active.state.policies.delete(name)
    return .none
  }
}
