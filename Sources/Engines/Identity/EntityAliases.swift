internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel
internal import Primitives

private let aliasFields = [
  IdentityFields.id.description, IdentityFields.name.description, IdentityFields.canonicalID.description,
  IdentityFields.entityID.description, IdentityFields.mountAccessor.description,
  IdentityFields.customMetadata.description,
]

extension IdentityEngine {
  static let entityAliasRoutes: [Route<IdentityEngine>] = ["entity-alias", "alias", "persona"].flatMap { name in
    let isOld = name != "entity-alias"
    return [
      Route<IdentityEngine>(
        PathPattern(stringLiteral: name), traits: isOld ? .hidden : [], fields: aliasFields,
        summary: "Creates or changes an alias of an entity", [.update: { try writeAlias($1, id: nil) }]),
      Route(
        PathPattern(stringLiteral: name + "/id/"), traits: isOld ? .hidden : [],
        summary: "The ids of all aliases of entities",
        [.list: { try listAliases($1) }]),
      Route(
        PathPattern(stringLiteral: name + "/id/{id}"), traits: isOld ? .hidden : [], fields: aliasFields,
        summary: "One alias of an entity",
        [
          .read: { try readAlias($1) }, .update: { try writeAlias($1, id: $1.capture("id")) },
          .delete: { try deleteAlias($1) },
        ]),
    ]
  }

  private static func readAlias(_ call: Call) throws -> Reply {
    let answers = try call.answers
    let id = call.capture("id")
    guard let alias = answers.store.entity(aliasID: id)?.aliases.first(where: { $0.id == id }) else { return .none }
    return .data(answers.alias(alias, withNamespace: true))
  }

  private static func listAliases(_ call: Call) throws -> Reply {
    let answers = try call.answers
    let aliases = answers.store.entities.flatMap(\.aliases).sorted { $0.id < $1.id }
    return .keys(
      aliases.map(\.id),
      info: JSONObject(
        aliases.map { alias in
          var info = answers.brief(alias)
          info["id"] = nil
          info["canonical_id"] = .string(alias.canonicalID)
          info["custom_metadata"] = IdentityAnswers.texts(alias.customMetadata)
          info["local"] = .bool(alias.local)
          return (alias.id, .object(info))
        }))
  }

  private static func deleteAlias(_ call: Call) throws -> Reply {
    let store = try call.identity.store
    let id = call.capture("id")
    try store.change { changes in
      guard var entity = store.entity(aliasID: id) else { return }
      entity.aliases.removeAll { $0.id == id }
      entity.updated = call.now
      changes.entities.append(entity)
    }
    return .none
  }

  private static func writeAlias(_ call: Call, id pathID: String?) throws -> Reply {
    let (store, mounts) = try call.identity
    let name = try call[IdentityFields.name] ?? ""
    let accessor = try call[IdentityFields.mountAccessor] ?? ""
    let customMetadata = try IdentityFields.customMetadata(call)
    var canonicalID = try call[IdentityFields.canonicalID] ?? ""
    if canonicalID.isEmpty { canonicalID = try call[IdentityFields.entityID] ?? "" }
    let id = try pathID ?? call[IdentityFields.id] ?? ""
    if id.isEmpty && (name.isEmpty || accessor.isEmpty) {
      throw EngineError.invalid("'id' or 'mount_accessor' and 'name' must be provided")
    }
    return try store.change { changes in
      var owner: Entity?
      var alias: Alias?
      if !id.isEmpty {
        owner = store.entity(aliasID: id)
        alias = owner?.aliases.first { $0.id == id }
        if alias == nil { throw EngineError.invalid("invalid alias ID provided") }
      }
      let mount = mounts.mount(accessor: accessor.isEmpty ? alias?.mountAccessor ?? "" : accessor)
      if !accessor.isEmpty && accessor != alias?.mountAccessor && mount?.entry.mountClass != .auth {
        throw EngineError.invalid("invalid mount accessor \"\(accessor)\"")
      }
      let isLocal = mount?.entry.local ?? false
      if id.isEmpty, let known = store.entity(mountAccessor: accessor, alias: name) {
        owner = known
        alias = known.aliases.first { $0.isFor(mountAccessor: accessor, name: name) }
      }
      if let alias, let owner {
        var changed = alias
        if !name.isEmpty { changed.name = name }
        if !accessor.isEmpty { changed.mountAccessor = accessor }
        if !canonicalID.isEmpty { changed.canonicalID = canonicalID }
        changed.local = isLocal
        // Whoever names the alias by its mount and name says all of it.
        let metadata = customMetadata ?? (id.isEmpty ? [:] : alias.customMetadata ?? [:])
        if metadata != alias.customMetadata ?? [:] { changed.customMetadata = metadata.isEmpty ? nil : metadata }
        if changed == alias { return .none }
        try check(changed, replacing: alias, of: owner, store)
        changed.updated = call.now
        try place(changed, from: owner, store, call.now, &changes)
        return .data(["canonical_id": .string(changed.canonicalID), "id": .string(changed.id)])
      }
      if !canonicalID.isEmpty && store.entity(id: canonicalID) == nil {
        throw EngineError.invalid("invalid canonical ID")
      }
      var created = Alias(
        id: store.newID(), canonicalID: canonicalID, mountAccessor: accessor, name: name, local: isLocal, now: call.now)
      created.customMetadata = customMetadata
      if canonicalID.isEmpty {
        var entity = Entity(id: store.newID(), name: store.freeName("entity_"), now: call.now)
        created.canonicalID = entity.id
        entity.aliases = [created]
        changes.entities.append(entity)
      } else {
        try place(created, from: nil, store, call.now, &changes)
      }
      return .data(["canonical_id": .string(created.canonicalID), "id": .string(created.id)])
    }
  }

  /// - Throws: where another alias stands in the way of the changed one.
  private static func check(
    _ changed: Alias, replacing alias: Alias, of owner: Entity, _ store: IdentityStore
  ) throws(EngineError) {
    let moves = changed.canonicalID != alias.canonicalID
    if changed.mountAccessor != alias.mountAccessor && !moves,
      owner.aliases.contains(where: { $0.mountAccessor == changed.mountAccessor })
    {
      throw .invalid("Alias cannot be updated as the entity already has an alias for the given 'mount_accessor' ")
    }
    if let other = store.entity(mountAccessor: changed.mountAccessor, alias: changed.name),
      other.aliases.contains(where: {
        $0.isFor(mountAccessor: changed.mountAccessor, name: changed.name) && $0.id != changed.id
      })
    {
      throw .invalid("alias with combination of mount accessor and name already exists")
    }
    guard moves else { return }
    if changed.local { throw .invalid("local aliases can't be moved between entities") }
    guard let target = store.entity(id: changed.canonicalID) else {
      throw .invalid("given 'canonical_id' is not associated with an entity")
    }
    if target.aliases.contains(where: { $0.mountAccessor == changed.mountAccessor }) {
      throw .invalid("Alias cannot be updated as the given entity already has an alias for this mount ")
    }
  }

  /// Puts the alias into its entity, and takes it out of the one that had it.
  private static func place(
    _ alias: Alias, from owner: Entity?, _ store: IdentityStore, _ now: Timestamp,
    _ changes: inout IdentityStore.Changes
  ) throws(EngineError) {
    if var owner, owner.id != alias.canonicalID {
      owner.aliases.removeAll { $0.id == alias.id }
      owner.updated = now
      changes.entities.append(owner)
    }
    guard var target = store.entity(id: alias.canonicalID) else { throw .invalid("invalid canonical ID") }
    if target.aliases.contains(where: { $0.mountAccessor == alias.mountAccessor && $0.id != alias.id }) {
      throw .invalid("Alias already exists for requested entity and mount accessor")
    }
    target.aliases.removeAll { $0.id == alias.id }
    target.aliases.append(alias)
    target.updated = now
    changes.entities.append(target)
  }
}
