import EngineAPI
package import Primitives
package import StorageAPI

/// Entities and groups: in storage one record each, in memory with their indexes, so that a login or a request looks things up without storage.
///
/// Changes are made one at a time: decided on the indexes, committed as one batch, then shown to readers.
package final class IdentityStore: Sendable {
  private static let entityFolder = "identity/entity/"
  private static let groupFolder = "identity/group/"

  private let store: any LogicalStore
  private let random: RandomSource
  private let index = Locked(IdentityIndex())
  private let changing = Serial(())
  private let changes = Locked<UInt64>(0)

  package init(store: any LogicalStore, random: RandomSource) {
    self.store = store
    self.random = random
  }

  /// Reads everything from storage.
  /// - Throws: `StoreError`; `.damaged` where a record cannot be read.
  package func load() throws {
    var loaded = IdentityIndex()
    for name in try store.list(Self.entityFolder, after: nil, limit: .max) {
      guard let stored = try store.get(Self.entityFolder + name) else { continue }
      guard let entity = Entity(bytes: stored.bytes) else {
        throw StoreError.damaged("an entity cannot be read; restore a snapshot")
      }
      loaded.put(entity)
    }
    for name in try store.list(Self.groupFolder, after: nil, limit: .max) {
      guard let stored = try store.get(Self.groupFolder + name) else { continue }
      guard let group = Group(bytes: stored.bytes) else {
        throw StoreError.damaged("a group cannot be read; restore a snapshot")
      }
      loaded.put(group)
    }
    index.withLock { $0 = loaded }
  }

  /// Grows with each change.
  package var generation: UInt64 { changes.withLock { $0 } }

  // MARK: Looking up

  package func entity(id: String) -> Entity? { index.withLock { $0.entities[id] } }
  package func entity(name: String) -> Entity? { index.withLock { $0.entity(name: name) } }
  package func entity(aliasID: String) -> Entity? { index.withLock { $0.entity(aliasID: aliasID) } }
  package func entity(mountAccessor: String, alias name: String) -> Entity? {
    index.withLock { $0.entity(alias: AliasKey(mountAccessor: mountAccessor, name: name)) }
  }
  package func group(id: String) -> Group? { index.withLock { $0.groups[id] } }
  package func group(name: String) -> Group? { index.withLock { $0.group(name: name) } }
  package func group(aliasID: String) -> Group? { index.withLock { $0.group(aliasID: aliasID) } }
  package func group(mountAccessor: String, alias name: String) -> Group? {
    index.withLock { $0.group(alias: AliasKey(mountAccessor: mountAccessor, name: name)) }
  }

  /// By id.
  package var entities: [Entity] { index.withLock { Array($0.entities.values) }.sorted { $0.id < $1.id } }
  package var groups: [Group] { index.withLock { Array($0.groups.values) }.sorted { $0.id < $1.id } }

  package func directGroupIDs(of entityID: String) -> [String] { index.withLock { $0.directGroups(of: entityID) } }
  package func inheritedGroupIDs(of entityID: String) -> [String] {
    index.withLock { $0.inheritedGroups(of: entityID) }
  }
  package func parentIDs(of groupID: String) -> [String] { index.withLock { $0.parents(of: groupID) } }
  /// Directly or through other groups.
  package func groups(of entityID: String) -> [Group] { index.withLock { $0.groups(of: entityID) } }

  /// What the entity and its groups add to the policies of its tokens, sorted.
  package func policies(of entityID: String) -> [String] {
    index.withLock { index in
      guard let entity = index.entities[entityID] else { return [] }
      var policies = Set(entity.policies)
      for group in index.groups(of: entityID) { policies.formUnion(group.policies) }
      return policies.sorted()
    }
  }

  // MARK: Logins

  package struct Login: Sendable {
    package var entity: Entity
    package var isNew: Bool
  }

  /// The entity behind a login, made where there is none yet; what the method says of it is kept, and the external groups that it names
  /// take the entity in, others of that method let it go.
  package func login(
    mountAccessor: String, isLocal: Bool = false, name: String, metadata: [String: String], groupAliases: [String],
    now: Timestamp
  ) throws -> Login {
    let told = metadata.isEmpty ? nil : metadata
    // The usual case changes nothing and takes no turn.
    if let known = entity(mountAccessor: mountAccessor, alias: name), groupAliases.isEmpty,
      known.aliases.first(where: { $0.isFor(mountAccessor: mountAccessor, name: name) })?.metadata == told,
      !isInExternalGroup(known.id, of: mountAccessor)
    {
      return Login(entity: known, isNew: false)
    }
    return try changing.withTurn { (_) throws in
      var changes = Changes()
      var entity: Entity
      let known = self.entity(mountAccessor: mountAccessor, alias: name)
      if let known {
        entity = known
      } else {
        entity = Entity(id: random.uuid(), name: freeName("entity_"), now: now)
        entity.aliases = [
          Alias(
            id: random.uuid(), canonicalID: entity.id, mountAccessor: mountAccessor, name: name, local: isLocal,
            now: now)
        ]
      }
      if let at = entity.aliases.firstIndex(where: { $0.isFor(mountAccessor: mountAccessor, name: name) }),
        entity.aliases[at].metadata != told || known == nil
      {
        entity.aliases[at].metadata = told
        entity.aliases[at].updated = now
        changes.entities.append(entity)
      }
      for var group in index.withLock({ Array($0.groups.values) }) {
        guard let alias = group.alias, alias.mountAccessor == mountAccessor else { continue }
        let isMember = group.memberEntityIDs.contains(entity.id)
        let shallBe = groupAliases.contains { alias.isFor(mountAccessor: mountAccessor, name: $0) }
        guard isMember != shallBe else { continue }
        if shallBe {
          group.memberEntityIDs.append(entity.id)
        } else {
          group.memberEntityIDs.removeAll { $0 == entity.id }
        }
        group.updated = now
        group.modifyIndex &+= 1
        changes.groups.append(group)
      }
      try commit(changes)
      return Login(entity: entity, isNew: known == nil)
    }
  }

  private func isInExternalGroup(_ entityID: String, of mountAccessor: String) -> Bool {
    index.withLock { index in
      index.directGroups(of: entityID).contains { index.groups[$0]?.alias?.mountAccessor == mountAccessor }
    }
  }

  // MARK: Changing

  /// What one request changes, committed together.
  package struct Changes {
    package var entities: [Entity] = []
    package var groups: [Group] = []
    package var removedEntities: [String] = []
    package var removedGroups: [String] = []

    package init() {}

    /// Changes a group once more, or for the first time; does nothing where there is none.
    package mutating func edit(group id: String, of store: IdentityStore, _ change: (inout Group) -> Void) {
      guard var group = groups.first(where: { $0.id == id }) ?? store.group(id: id) else { return }
      change(&group)
      group.modifyIndex &+= 1
      groups.removeAll { $0.id == id }
      groups.append(group)
    }
  }

  /// Runs `body` while nobody else changes anything, and commits what it asks for.
  package func change<R>(_ body: (inout Changes) throws -> R) throws -> R {
    try changing.withTurn { (_) throws in
      var changes = Changes()
      let result = try body(&changes)
      try commit(changes)
      return result
    }
  }

  private func commit(_ changes: Changes) throws {
    var batch = WriteBatch()
    for entity in changes.entities { batch.put(Self.entityFolder + entity.id, entity.bytes) }
    for group in changes.groups { batch.put(Self.groupFolder + group.id, group.bytes) }
    for id in changes.removedEntities { batch.delete(Self.entityFolder + id) }
    for id in changes.removedGroups { batch.delete(Self.groupFolder + id) }
    if batch.isEmpty { return }
    _ = try store.commit(batch)
    index.withLock { index in
      for id in changes.removedEntities { index.removeEntity(id) }
      for id in changes.removedGroups { index.removeGroup(id) }
      for entity in changes.entities { index.put(entity) }
      for group in changes.groups { index.put(group) }
    }
    self.changes.withLock { $0 &+= 1 }
  }

  /// True where making `member` a member of `group` would close a circle.
  package func closesCircle(group: String, member: String) -> Bool {
    index.withLock { $0.closesCircle(group: group, member: member) }
  }

  /// A made-up name that nobody has.
  package func freeName(_ prefix: String) -> String {
    while true {
      let name = prefix + Hex.encode(random.bytes(4))
      if entity(name: name) == nil && group(name: name) == nil { return name }
    }
  }

  package func newID() -> String { random.uuid() }
}
