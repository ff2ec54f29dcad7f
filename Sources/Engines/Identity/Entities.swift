internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let disabled = Field.bool("disabled", "Refuses the entity's tokens and logins.")
  static let ids = Field.commaStrings("entity_ids", "The ids of the entities.", required: true)

  static let entity = [
    IdentityFields.id.description, IdentityFields.name.description, IdentityFields.metadata.description,
    IdentityFields.policies.description, disabled.description,
  ]
}

extension IdentityEngine {
  static let entityRoutes: [Route<IdentityEngine>] = [
    Route(
      "entity", fields: Fields.entity, summary: "Creates or changes an entity",
      [.update: { try write($1, existing: nil) }]),
    Route("entity/id/", summary: "The ids of all entities", [.list: { try listByID($1) }]),
    Route(
      "entity/id/{id}", fields: Fields.entity, summary: "One entity by its id",
      [
        .read: { try read($1, entity(byID: $1)) },
        .update: { try write($1, existing: nil) }, .delete: { try delete($1, entity(byID: $1)) },
      ]),
    Route("entity/name/", summary: "The names of all entities", [.list: { try listByName($1) }]),
    Route(
      "entity/name/{name...}", fields: Fields.entity, summary: "One entity by its name",
      [
        .read: { try read($1, entity(byName: $1)) }, .update: { try write($1, existing: entity(byName: $1)) },
        .delete: { try delete($1, entity(byName: $1)) },
      ]),
    Route(
      "entity/batch-delete", fields: [Fields.ids.description], summary: "Deletes several entities",
      [.update: { try deleteMany($1) }]),
    EntityMerge.route,
  ]

  private static func entity(byID call: Call) throws -> Entity? {
    try call.identity.store.entity(id: call.capture("id"))
  }
  private static func entity(byName call: Call) throws -> Entity? {
    try call.identity.store.entity(name: call.capture("name"))
  }

  private static func read(_ call: Call, _ entity: Entity?) throws -> Reply {
    guard let entity else { return .none }
    return .data(try call.answers.entity(entity))
  }

  private static func write(_ call: Call, existing: Entity?) throws -> Reply {
    let store = try call.identity.store
    let name = try call[IdentityFields.name] ?? ""
    let metadata = try IdentityFields.metadata(call, of: "entity")
    let policies = try IdentityFields.policies(call)?.sorted()
    let disabled = try call[Fields.disabled]
    let id = try call[IdentityFields.id] ?? ""
    return try store.change { changes in
      var known = existing.flatMap { store.entity(id: $0.id) }
      if known == nil && !id.isEmpty {
        known = store.entity(id: id)
        if known == nil { throw EngineError.invalid("entity not found from id: \(id)") }
      }
      if known == nil && !name.isEmpty { known = store.entity(name: name) }
      if let named = name.isEmpty ? nil : store.entity(name: name), let known, named.id != known.id {
        throw EngineError.invalid("entity name '\(name)' is already in use")
      }
      let isNew = known == nil
      var entity =
        known ?? Entity(id: store.newID(), name: name.isEmpty ? store.freeName("entity_") : name, now: call.now)
      if !name.isEmpty { entity.name = name }
      if let metadata { entity.metadata = metadata }
      if let policies { entity.policies = policies }
      if let disabled { entity.isDisabled = disabled }
      entity.updated = call.now
      changes.entities.append(entity)
      guard isNew else { return Reply(.data(.null)) }
      return .data(["aliases": .null, "id": .string(entity.id), "name": .string(entity.name)])
    }
  }

  private static func delete(_ call: Call, _ entity: Entity?) throws -> Reply {
    guard let entity else { return .none }
    let store = try call.identity.store
    try store.change { changes in remove(entity.id, store, call.now, &changes) }
    try call.mfa.forget(entityIDs: [entity.id])
    return .none
  }

  private static func deleteMany(_ call: Call) throws -> Reply {
    let ids = try call[Fields.ids] ?? []
    guard !ids.isEmpty else { throw EngineError.invalid("missing entity ids to delete") }
    let store = try call.identity.store
    try store.change { changes in for id in Set(ids) { remove(id, store, call.now, &changes) } }
    try call.mfa.forget(entityIDs: ids)
    return .none
  }

  /// Takes the entity out of its groups too.
  private static func remove(
    _ id: String, _ store: IdentityStore, _ now: Timestamp, _ changes: inout IdentityStore.Changes
  ) {
    guard store.entity(id: id) != nil else { return }
    changes.removedEntities.append(id)
    for groupID in store.directGroupIDs(of: id) {
      changes.edit(group: groupID, of: store) { group in
        group.memberEntityIDs.removeAll { $0 == id }
        group.updated = now
      }
    }
  }

  // MARK: Lists

  private static func listByID(_ call: Call) throws -> Reply {
    let answers = try call.answers
    let entities = answers.store.entities
    return .keys(
      entities.map(\.id),
      info: JSONObject(
        entities.map { entity in
          var info: JSONObject = ["name": .string(entity.name)]
          if !entity.aliases.isEmpty { info["aliases"] = .array(entity.aliases.map { .object(answers.brief($0)) }) }
          return (entity.id, .object(info))
        }))
  }

  private static func listByName(_ call: Call) throws -> Reply {
    .keys(try call.identity.store.entities.map(\.name).sorted())
  }
}
