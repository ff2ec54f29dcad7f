internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let type = Field.string("type", "`internal` or `external`.")
  static let entities = Field.commaStrings("member_entity_ids", "The entities in the group.")
  static let groups = Field.commaStrings("member_group_ids", "The groups in the group.")

  static let group = [
    IdentityFields.id.description, IdentityFields.name.description, type.description,
    IdentityFields.metadata.description, IdentityFields.policies.description, entities.description,
    groups.description,
  ]
}

extension IdentityEngine {
  static let groupRoutes: [Route<IdentityEngine>] = [
    Route(
      "group", fields: Fields.group, summary: "Creates or changes a group",
      [.update: { try writeGroup($1, existing: nil) }]),
    Route("group/id/", summary: "The ids of all groups", [.list: { try listGroups($1) }]),
    Route(
      "group/id/{id}", fields: Fields.group, summary: "One group by its id",
      [
        .read: { try readGroup($1, group(byID: $1)) },
        .update: { _, call in
          guard let known = try group(byID: call) else { throw EngineError.invalid("invalid group ID") }
          return try writeGroup(call, existing: known)
        }, .delete: { try deleteGroup($1, group(byID: $1)) },
      ]),
    Route("group/name/", summary: "The names of all groups", [.list: { try listGroupNames($1) }]),
    Route(
      "group/name/{name...}", fields: Fields.group, summary: "One group by its name",
      [
        .read: { try readGroup($1, group(byName: $1)) }, .update: { try writeGroup($1, existing: group(byName: $1)) },
        .delete: { try deleteGroup($1, group(byName: $1)) },
      ]),
  ]

  private static func group(byID call: Call) throws -> Group? { try call.identity.store.group(id: call.capture("id")) }
  private static func group(byName call: Call) throws -> Group? {
    try call.identity.store.group(name: call.capture("name"))
  }

  private static func readGroup(_ call: Call, _ group: Group?) throws -> Reply {
    guard let group else { return .none }
    return .data(try call.answers.group(group))
  }

  private static func writeGroup(_ call: Call, existing: Group?) throws -> Reply {
    let store = try call.identity.store
    let name = try call[IdentityFields.name] ?? ""
    let metadata = try IdentityFields.metadata(call, of: "group")
    let policies = try IdentityFields.policies(call)?.map { $0.lowercased() }.sorted()
    let kind = try call[Fields.type]
    let entities = try call[Fields.entities]
    let members = try call[Fields.groups]
    let id = try call[IdentityFields.id] ?? ""
    if call.has(IdentityFields.id) {
      guard !id.isEmpty else { throw EngineError.invalid("empty group ID") }
    } else if call.has(IdentityFields.name), name.isEmpty {
      throw EngineError.invalid("empty group name")
    }
    return try store.change { changes in
      var known = existing.flatMap { store.group(id: $0.id) }
      if known == nil && !id.isEmpty {
        known = store.group(id: id)
        if known == nil { throw EngineError.invalid("invalid group ID") }
      }
      let named = name.isEmpty ? nil : store.group(name: name)
      if let named, let known, named.id != known.id { throw EngineError.invalid("group name is already in use") }
      known = known ?? named
      var wanted = known?.kind ?? .internal
      if let kind, !kind.isEmpty {
        guard let parsed = Group.Kind(rawValue: kind) else {
          throw EngineError.invalid("invalid group type \"\(kind)\"")
        }
        if known != nil && parsed != wanted { throw EngineError.invalid("group type cannot be changed") }
        wanted = parsed
      }
      if wanted == .external {
        if entities?.isEmpty == false {
          throw EngineError.invalid("member entities can't be set manually for external groups")
        }
        if members?.isEmpty == false { throw EngineError.invalid("member groups can't be set for external groups") }
      }
      let isNew = known == nil
      var group =
        known
        ?? Group(
          id: store.newID(), name: name.isEmpty ? store.freeName("group_") : name, kind: wanted, now: call.now)
      if !name.isEmpty { group.name = name }
      if let metadata { group.metadata = metadata }
      if let policies { group.policies = policies }
      if wanted == .internal {
        if let entities { group.memberEntityIDs = try checked(entities: entities, store) }
        if let members { group.memberGroupIDs = try checked(groups: members, of: group.id, store) }
      }
      group.modifyIndex &+= 1
      group.updated = call.now
      changes.groups.append(group)
      // A member's own record tells how often the tree around it changed.
      for id in group.memberGroupIDs where !(known?.memberGroupIDs.contains(id) ?? false) {
        guard var member = store.group(id: id) else { continue }
        member.modifyIndex &+= 1
        changes.groups.append(member)
      }
      guard isNew else { return .none }
      return .data(["id": .string(group.id), "name": .string(group.name)])
    }
  }

  private static func checked(entities: [String], _ store: IdentityStore) throws(EngineError) -> [String] {
    var seen: Set<String> = []
    let ids = entities.filter { !$0.isEmpty && seen.insert($0).inserted }
    for id in ids where store.entity(id: id) == nil { throw .list(status: 400, ["invalid entity ID \"\(id)\""]) }
    return ids
  }

  private static func checked(
    groups: [String], of group: String, _ store: IdentityStore
  ) throws(EngineError) -> [String] {
    var seen: Set<String> = []
    let ids = groups.filter { !$0.isEmpty && seen.insert($0).inserted }
    for id in ids {
      guard store.group(id: id) != nil || id == group else {
        throw .list(status: 400, ["invalid member group ID \"\(id)\""])
      }
      if store.closesCircle(group: group, member: id) {
        throw .invalid("cyclic relationship detected for member group ID \"\(id)\"")
      }
    }
    return ids
  }

  private static func deleteGroup(_ call: Call, _ group: Group?) throws -> Reply {
    guard let group else { return .none }
    let store = try call.identity.store
    try store.change { changes in
      guard store.group(id: group.id) != nil else { return }
      changes.removedGroups.append(group.id)
      for parentID in store.parentIDs(of: group.id) {
        guard var parent = store.group(id: parentID) else { continue }
        parent.memberGroupIDs.removeAll { $0 == group.id }
        parent.modifyIndex &+= 1
        parent.updated = call.now
        changes.groups.append(parent)
      }
    }
    return .none
  }

  private static func listGroups(_ call: Call) throws -> Reply {
    let answers = try call.answers
    let groups = answers.store.groups
    return .keys(
      groups.map(\.id),
      info: JSONObject(
        groups.map { group in
          var info: JSONObject = [
            "name": .string(group.name), "num_member_entities": .int(group.memberEntityIDs.count),
            "num_parent_groups": .int(answers.store.parentIDs(of: group.id).count),
          ]
          if let alias = group.alias { info["alias"] = .object(answers.brief(alias)) }
          return (group.id, .object(info))
        }))
  }

  private static func listGroupNames(_ call: Call) throws -> Reply {
    .keys(try call.identity.store.groups.map(\.name).sorted())
  }
}
