internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel

/// Several entities become one: it takes over their aliases, groups and second factors, not their policies.
enum EntityMerge {
  private static let from = Field.commaStrings(
    "from_entity_ids", "The entities that go into the other.", required: true)
  private static let to = Field.string("to_entity_id", "The entity that stays.", required: true)
  private static let force = Field.bool(
    "force", "Where two entities have a secret of one MFA method, the one of the entity that stays is kept.")
  private static let kept = Field.commaStrings(
    "conflicting_alias_ids_to_keep", "Which of two aliases of one mount stays; for one entity at a time.")

  static let route = Route<IdentityEngine>(
    "entity/merge", fields: [from.description, to.description, force.description, kept.description],
    summary: "Makes one entity of several", [.update: { try merge($1) }])

  private static func merge(_ call: Call) throws -> Reply {
    var fromIDs: [String] = []
    for id in try call[from] ?? [] where !fromIDs.contains(id) { fromIDs.append(id) }
    let toID = try call[to] ?? ""
    let kept = try call[kept] ?? []
    guard !toID.isEmpty else { throw EngineError.invalid("missing entity id to merge to") }
    guard !fromIDs.isEmpty else { throw EngineError.invalid("missing entity ids to merge from") }
    let answers = try call.answers
    let store = answers.store
    try store.change { changes in
      guard var target = store.entity(id: toID) else {
        throw EngineError.invalid("entity id to merge to is invalid")
      }
      if fromIDs.count > 1 && kept.count > 1 {
        throw EngineError.invalid(
          "aliases conflicts cannot be resolved with multiple from entity ids - merge one entity at a time")
      }
      let sources = try fromIDs.map { id in
        if id == toID { throw EngineError.invalid("to_entity_id should not be present in from_entity_ids") }
        guard let source = store.entity(id: id) else {
          throw EngineError.invalid("entity id to merge from is invalid")
        }
        return source
      }
      if kept.isEmpty { try refuseClashes(of: target, with: sources, answers) }
      for source in sources { try target.takeOver(source, keeping: kept) }
      // First, because it may be refused. Where nothing more comes of the merge, it can be asked for again.
      try handOverSecondFactors(of: fromIDs, to: toID, call)
      target.updated = call.now
      changes.entities.append(target)
      for source in sources {
        changes.removedEntities.append(source.id)
        for groupID in store.directGroupIDs(of: source.id) {
          changes.edit(group: groupID, of: store) { group in
            group.memberEntityIDs.removeAll { $0 == source.id }
            if !group.memberEntityIDs.contains(toID) { group.memberEntityIDs.append(toID) }
          }
        }
      }
    }
    try call.mfa.forget(entityIDs: fromIDs)
    return .none
  }

  /// - Throws: 400 with all aliases that are of one mount, where the request does not say which of them stay.
  private static func refuseClashes(
    of target: Entity, with sources: [Entity], _ answers: IdentityAnswers
  ) throws(EngineError) {
    var messages: [String] = []
    var aliases: [JSONValue] = []
    var ownerOfMount: [String: String] = [:]
    for source in sources {
      for alias in source.aliases {
        if let owner = ownerOfMount.updateValue(source.id, forKey: alias.mountAccessor), owner != source.id {
          throw .invalid(
            "mount accessor \(alias.mountAccessor) found in multiple fromEntities, merge should be done with one fromEntity at a time"
          )
        }
        for own in target.aliases where own.mountAccessor == alias.mountAccessor {
          messages.append(
            "mountAccessor: \(own.mountAccessor), toEntity ID: \(target.id), fromEntity ID: \(source.id), "
              + "conflicting toEntity alias ID: \(own.id), conflicting fromEntity alias ID: \(alias.id)")
          aliases.append(.object(answers.clash(own, of: target)))
          aliases.append(.object(answers.clash(alias, of: source)))
        }
      }
    }
    if messages.isEmpty { return }
    let advice =
      "toEntity and at least one fromEntity have aliases with the same mount accessor, repeat the merge request "
      + "specifying exactly one fromEntity, clashes: "
    var error = EngineError.list(status: 400, [advice] + messages)
    error.data = JSONText(.array(aliases))
    throw error
  }

  private static func handOverSecondFactors(of fromIDs: [String], to toID: String, _ call: Call) throws {
    let conflict = try call.mfa.handOver(from: fromIDs, to: toID, keepsHeirs: try call[force] ?? false)
    guard let conflict else { return }
    throw EngineError.invalid(
      "conflicting MFA config ID \"\(conflict.methodID)\" in entity ID \"\(conflict.entityID)\"")
  }
}

extension Entity {
  /// - Throws: 400 where both have an alias of one mount and it is not said which of them stays.
  fileprivate mutating func takeOver(_ source: Entity, keeping kept: [String]) throws(EngineError) {
    for var alias in source.aliases {
      if let own = aliases.first(where: { $0.mountAccessor == alias.mountAccessor }) {
        if kept.contains(own.id) { continue }
        guard kept.contains(alias.id) else {
          throw .invalid(
            "conflicting mount accessors in following alias IDs and neither were present in conflicting_alias_ids_to_keep: "
              + "\(alias.id), \(own.id)")
        }
        aliases.removeAll { $0.id == own.id }
      }
      alias.mergedFrom = (alias.mergedFrom ?? []) + [source.id]
      alias.canonicalID = id
      aliases.append(alias)
    }
    mergedIDs = (mergedIDs ?? []) + (source.mergedIDs ?? []) + [source.id]
  }
}
