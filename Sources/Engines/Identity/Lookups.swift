internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel

private enum Fields {
  static let aliasID = Field.string("alias_id", "The id of an alias.")
  static let aliasName = Field.string("alias_name", "The name of an alias; with `alias_mount_accessor`.")
  static let aliasAccessor = Field.string("alias_mount_accessor", "The auth method of an alias; with `alias_name`.")

  static let all = [
    IdentityFields.id.description, IdentityFields.name.description, aliasID.description, aliasName.description,
    aliasAccessor.description,
  ]
}

extension IdentityEngine {
  static let lookupRoutes: [Route<IdentityEngine>] = [
    Route(
      "lookup/entity", fields: Fields.all, summary: "An entity by whatever is known of it",
      [.update: { try lookUpEntity($1) }]),
    Route(
      "lookup/group", fields: Fields.all, summary: "A group by whatever is known of it",
      [.update: { try lookUpGroup($1) }]),
  ]

  private enum Query {
    case id(String)
    case name(String)
    case aliasID(String)
    case alias(accessor: String, name: String)
  }

  private static func query(_ call: Call) throws -> Query {
    var queries: [Query] = []
    if let id = try call[IdentityFields.id], !id.isEmpty { queries.append(.id(id)) }
    if let name = try call[IdentityFields.name], !name.isEmpty { queries.append(.name(name)) }
    if let id = try call[Fields.aliasID], !id.isEmpty { queries.append(.aliasID(id)) }
    let name = try call[Fields.aliasName] ?? ""
    let accessor = try call[Fields.aliasAccessor] ?? ""
    if !name.isEmpty || !accessor.isEmpty {
      guard !name.isEmpty && !accessor.isEmpty else {
        throw EngineError.invalid("both 'alias_name' and 'alias_mount_accessor' needs to be set")
      }
      queries.append(.alias(accessor: accessor, name: name))
    }
    guard let only = queries.first else { throw EngineError.invalid("query parameter not supplied") }
    guard queries.count == 1 else {
      throw EngineError.invalid("query parameter conflict; please supply distinct set of query parameters")
    }
    return only
  }

  private static func lookUpEntity(_ call: Call) throws -> Reply {
    let answers = try call.answers
    let found =
      switch try query(call) {
      case .id(let id): answers.store.entity(id: id)
      case .name(let name): answers.store.entity(name: name)
      case .aliasID(let id): answers.store.entity(aliasID: id)
      case .alias(let accessor, let name): answers.store.entity(mountAccessor: accessor, alias: name)
      }
    guard let found else { return .none }
    return .data(answers.entity(found))
  }

  private static func lookUpGroup(_ call: Call) throws -> Reply {
    let answers = try call.answers
    let found =
      switch try query(call) {
      case .id(let id): answers.store.group(id: id)
      case .name(let name): answers.store.group(name: name)
      case .aliasID(let id): answers.store.group(aliasID: id)
      case .alias(let accessor, let name): answers.store.group(mountAccessor: accessor, alias: name)
      }
    guard let found else { return .none }
    return .data(answers.group(found))
  }
}
