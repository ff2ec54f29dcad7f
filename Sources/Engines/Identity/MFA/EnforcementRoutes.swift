internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel
internal import LoginMFA

private enum Fields {
  static let name = Field.string("name", "The name of the rule.")
  static let methodIDs = Field.commaStrings(
    "mfa_method_ids", "The ids of methods, any one of which is enough.", required: true)
  static let accessors = Field.commaStrings("auth_method_accessors", "Accessors of auth methods.")
  static let types = Field.commaStrings("auth_method_types", "Types of auth methods, such as userpass.")
  static let groupIDs = Field.commaStrings("identity_group_ids", "Ids of groups.")
  static let entityIDs = Field.commaStrings("identity_entity_ids", "Ids of entities.")

  static let all = [
    name.description, methodIDs.description, accessors.description, types.description, groupIDs.description,
    entityIDs.description,
  ]
}

extension IdentityEngine {
  static let enforcementRoutes: [Route<IdentityEngine>] = [
    Route(
      "mfa/login-enforcement/", summary: "The names of all rules for second factors",
      [.list: { try listEnforcements($1) }]),
    Route(
      "mfa/login-enforcement/{name}", fields: Fields.all,
      summary: "A rule that logins need a second factor",
      help: "It holds for logins by those auth methods or types, and for those entities and members of those groups.",
      [
        .read: { try readEnforcement($1) }, .update: { try writeEnforcement($1) },
        .delete: { _, call in
          try call.mfa.configuration.deleteEnforcement(name: call.capture("name"))
          return .none
        },
      ]),
  ]

  private static func readEnforcement(_ call: Call) throws -> Reply {
    guard let enforcement = try call.mfa.configuration.enforcement(name: call.capture("name")) else { return .none }
    return .data(face(enforcement))
  }

  private static func listEnforcements(_ call: Call) throws -> Reply {
    let enforcements = try call.mfa.configuration.enforcements
    return .keys(enforcements.map(\.name), info: JSONObject(enforcements.map { ($0.name, .object(face($0))) }))
  }

  private static func writeEnforcement(_ call: Call) throws -> Reply {
    let configuration = try call.mfa.configuration
    let name = call.capture("name")
    guard name.utf8.count <= 256 else { throw EngineError.invalid("a name can have at most 256 bytes") }
    let known = configuration.enforcement(name: name)
    var rule = try known ?? LoginEnforcement(id: call.identity.store.newID(), name: name)
    if let given = try call[Fields.methodIDs] { rule.methodIDs = distinct(given) }
    if let given = try call[Fields.accessors] { rule.mountAccessors = distinct(given) }
    if let given = try call[Fields.types] { rule.mountTypes = distinct(given) }
    if let given = try call[Fields.groupIDs] { rule.groupIDs = distinct(given) }
    if let given = try call[Fields.entityIDs] { rule.entityIDs = distinct(given) }
    guard !rule.methodIDs.isEmpty else { throw EngineError.invalid("missing method ids") }
    for id in rule.methodIDs where configuration.method(id: id) == nil {
      throw EngineError.invalid("one of the provided method ids doesn't exist")
    }
    try checkSubjects(of: rule, call)
    guard rule.hasSubjects else {
      throw EngineError.invalid(
        "One of auth_method_accessors, auth_method_types, identity_group_ids, identity_entity_ids must be specified")
    }
    try configuration.put(rule)
    return .none
  }

  /// A rule for what is not there would look as if it held.
  private static func checkSubjects(of rule: LoginEnforcement, _ call: Call) throws {
    let (store, mounts) = try call.identity
    for accessor in rule.mountAccessors where mounts.mount(accessor: accessor)?.entry.mountClass != .auth {
      throw EngineError.invalid("one of the auth method accessors provided is invalid")
    }
    for type in rule.mountTypes where !mounts.all(.auth).contains(where: { $0.entry.type == type }) {
      throw EngineError.invalid("one of the auth method types provided is invalid")
    }
    for id in rule.groupIDs where store.group(id: id) == nil {
      throw EngineError.invalid("one of the provided group ids doesn't exist")
    }
    for id in rule.entityIDs where store.entity(id: id) == nil {
      throw EngineError.invalid("one of the provided entity ids doesn't exist")
    }
  }

  private static func distinct(_ ids: [String]) -> [String] {
    var seen: Set<String> = []
    return ids.filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  private static func face(_ rule: LoginEnforcement) -> JSONObject {
    [
      "auth_method_accessors": .strings(rule.mountAccessors), "auth_method_types": .strings(rule.mountTypes),
      "id": .string(rule.id), "identity_entity_ids": .strings(rule.entityIDs),
      "identity_group_ids": .strings(rule.groupIDs), "mfa_method_ids": .strings(rule.methodIDs),
      "name": .string(rule.name), "namespace_id": "root", "namespace_path": "",
    ]
  }
}
