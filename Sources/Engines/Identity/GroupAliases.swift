internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel
internal import Primitives

private let groupAliasFields = [
  IdentityFields.id.description, IdentityFields.name.description, IdentityFields.canonicalID.description,
  IdentityFields.mountAccessor.description,
]

extension IdentityEngine {
  static let groupAliasRoutes: [Route<IdentityEngine>] = [
    Route(
      "group-alias", fields: groupAliasFields, summary: "Creates or changes the alias of an external group",
      [.update: { try writeGroupAlias($1, id: nil) }]),
    Route("group-alias/id/", summary: "The ids of all aliases of groups", [.list: { try listGroupAliases($1) }]),
    Route(
      "group-alias/id/{id}", fields: groupAliasFields, summary: "One alias of a group",
      [
        .read: { try readGroupAlias($1) }, .update: { try writeGroupAlias($1, id: $1.capture("id")) },
        .delete: { try deleteGroupAlias($1) },
      ]),
  ]

  private static func readGroupAlias(_ call: Call) throws -> Reply {
    let answers = try call.answers
    guard let alias = answers.store.group(aliasID: call.capture("id"))?.alias else { return .none }
    return .data(answers.alias(alias, withNamespace: true))
  }

  private static func listGroupAliases(_ call: Call) throws -> Reply {
    let answers = try call.answers
    let aliases = answers.store.groups.compactMap(\.alias).sorted { $0.id < $1.id }
    return .keys(
      aliases.map(\.id),
      info: JSONObject(
        aliases.map { alias in
          var info = answers.brief(alias)
          info["id"] = nil
          info["canonical_id"] = .string(alias.canonicalID)
          return (alias.id, .object(info))
        }))
  }

  private static func deleteGroupAlias(_ call: Call) throws -> Reply {
    let store = try call.identity.store
    let id = call.capture("id")
    try store.change { changes in
      guard var group = store.group(aliasID: id) else { return }
      group.alias = nil
      group.updated = call.now
      group.modifyIndex &+= 1
      changes.groups.append(group)
    }
    return .none
  }

  private static func writeGroupAlias(_ call: Call, id pathID: String?) throws -> Reply {
    let (store, mounts) = try call.identity
    let name = try call[IdentityFields.name] ?? ""
    let accessor = try call[IdentityFields.mountAccessor] ?? ""
    let canonicalID = try call[IdentityFields.canonicalID] ?? ""
    let id = try pathID ?? call[IdentityFields.id]
    return try store.change { changes in
      var known: Group?
      if let id {
        guard !id.isEmpty else { throw EngineError.invalid("empty group alias ID") }
        known = store.group(aliasID: id)
        if known == nil { throw EngineError.invalid("invalid group alias ID") }
      }
      guard !name.isEmpty else { throw EngineError.invalid("missing alias name") }
      guard !accessor.isEmpty else { throw EngineError.invalid("missing mount_accessor") }
      if let known, let alias = known.alias, alias.name == name, alias.mountAccessor == accessor,
        canonicalID.isEmpty || canonicalID == known.id
      {
        return .none
      }
      // An alias for no group gets one of its own.
      let target =
        canonicalID.isEmpty
        ? known ?? Group(id: store.newID(), name: store.freeName("group_"), kind: .external, now: call.now)
        : store.group(id: canonicalID)
      guard var group = target else { throw EngineError.invalid("invalid group ID given in 'canonical_id'") }
      guard group.kind == .external else { throw EngineError.invalid("alias can't be set on an internal group") }
      guard let mount = mounts.mount(accessor: accessor), mount.entry.mountClass == .auth else {
        throw EngineError.invalid("invalid mount accessor \"\(accessor)\"")
      }
      if mount.entry.local { throw EngineError.invalid("mount accessor \"\(accessor)\" is a local mount") }
      var alias =
        known?.alias
        ?? Alias(id: store.newID(), canonicalID: group.id, mountAccessor: accessor, name: name, now: call.now)
      alias.name = name
      alias.mountAccessor = accessor
      alias.canonicalID = group.id
      alias.updated = call.now
      if let other = store.group(mountAccessor: alias.mountAccessor, alias: alias.name), other.alias?.id != alias.id {
        throw EngineError.invalid("combination of mount and group alias name is already in use")
      }
      if var old = known, old.id != group.id {
        old.alias = nil
        old.modifyIndex &+= 1
        changes.groups.append(old)
      }
      group.alias = alias
      group.updated = call.now
      group.modifyIndex &+= 1
      changes.groups.append(group)
      return .data(["canonical_id": .string(group.id), "id": .string(alias.id)])
    }
  }
}
