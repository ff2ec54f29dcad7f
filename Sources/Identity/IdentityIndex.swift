/// All entities and groups with every way in which they are looked up. Plain data: a change replaces one entity or group and the indexes follow.
struct IdentityIndex: Sendable {
  private(set) var entities: [String: Entity] = [:]
  private(set) var groups: [String: Group] = [:]
  private var entityByName: [String: String] = [:]
  private var entityByAlias: [AliasKey: String] = [:]
  private var entityByAliasID: [String: String] = [:]
  private var groupByName: [String: String] = [:]
  private var groupByAlias: [AliasKey: String] = [:]
  private var groupByAliasID: [String: String] = [:]
  private var groupsOfEntity: [String: Set<String>] = [:]
  private var parentsOfGroup: [String: Set<String>] = [:]

  // MARK: Looking up

  /// Names of entities and groups have no case.
  func entity(name: String) -> Entity? { entityByName[name.lowercased()].flatMap { entities[$0] } }
  func entity(alias key: AliasKey) -> Entity? { entityByAlias[key].flatMap { entities[$0] } }
  func entity(aliasID: String) -> Entity? { entityByAliasID[aliasID].flatMap { entities[$0] } }
  func group(name: String) -> Group? { groupByName[name.lowercased()].flatMap { groups[$0] } }
  func group(alias key: AliasKey) -> Group? { groupByAlias[key].flatMap { groups[$0] } }
  func group(aliasID: String) -> Group? { groupByAliasID[aliasID].flatMap { groups[$0] } }

  func directGroups(of entityID: String) -> [String] { (groupsOfEntity[entityID] ?? []).sorted() }
  func parents(of groupID: String) -> [String] { (parentsOfGroup[groupID] ?? []).sorted() }

  /// Groups that hold the entity only through other groups.
  func inheritedGroups(of entityID: String) -> [String] {
    let direct = groupsOfEntity[entityID] ?? []
    return ancestors(of: direct).subtracting(direct).sorted()
  }

  private func ancestors(of groups: Set<String>) -> Set<String> {
    var found: Set<String> = []
    var open = Array(groups)
    while let next = open.popLast() {
      for parent in parentsOfGroup[next] ?? [] where found.insert(parent).inserted { open.append(parent) }
    }
    return found
  }

  /// True where `member` holds `group` somewhere below it, or is it: making it a member of `group` would close a circle.
  func closesCircle(group: String, member: String) -> Bool {
    group == member || ancestors(of: [group]).contains(member)
  }

  /// All groups that the entity is in.
  func groups(of entityID: String) -> [Group] {
    let direct = groupsOfEntity[entityID] ?? []
    return direct.union(ancestors(of: direct)).sorted().compactMap { groups[$0] }
  }

  // MARK: Changing

  mutating func put(_ entity: Entity) {
    removeEntity(entity.id)
    entities[entity.id] = entity
    entityByName[entity.name.lowercased()] = entity.id
    for alias in entity.aliases {
      entityByAlias[alias.key] = entity.id
      entityByAliasID[alias.id] = entity.id
    }
  }

  mutating func removeEntity(_ id: String) {
    guard let old = entities.removeValue(forKey: id) else { return }
    entityByName[old.name.lowercased()] = nil
    for alias in old.aliases {
      entityByAlias[alias.key] = nil
      entityByAliasID[alias.id] = nil
    }
  }

  mutating func put(_ group: Group) {
    removeGroup(group.id)
    groups[group.id] = group
    groupByName[group.name.lowercased()] = group.id
    if let alias = group.alias {
      groupByAlias[alias.key] = group.id
      groupByAliasID[alias.id] = group.id
    }
    for entity in group.memberEntityIDs { groupsOfEntity[entity, default: []].insert(group.id) }
    for member in group.memberGroupIDs { parentsOfGroup[member, default: []].insert(group.id) }
  }

  mutating func removeGroup(_ id: String) {
    guard let old = groups.removeValue(forKey: id) else { return }
    groupByName[old.name.lowercased()] = nil
    if let alias = old.alias {
      groupByAlias[alias.key] = nil
      groupByAliasID[alias.id] = nil
    }
    for entity in old.memberEntityIDs {
      groupsOfEntity[entity]?.remove(id)
      if groupsOfEntity[entity]?.isEmpty == true { groupsOfEntity[entity] = nil }
    }
    for member in old.memberGroupIDs {
      parentsOfGroup[member]?.remove(id)
      if parentsOfGroup[member]?.isEmpty == true { parentsOfGroup[member] = nil }
    }
  }
}
