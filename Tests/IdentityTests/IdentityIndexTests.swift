import EngineAPI
import MemoryStore
import Primitives
import StorageAPI
import Testing

@testable import Identity

/// Lets a store of ciphertext stand in for the one above the barrier.
private struct Clear: LogicalStore {
  let store: MemoryStore
  func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(key) }
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try store.list(prefix, after: after, limit: limit)
  }
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { try store.commit(batch) }
}

private let now = Timestamp(seconds: 1_000_000)

private func entity(_ id: String, _ name: String) -> Entity { Entity(id: id, name: name, now: now) }

@Test func aLoginMakesItsEntityOnce() throws {
  let identity = IdentityStore(store: Clear(store: MemoryStore()), random: .seeded(1))
  let first = try identity.login(mountAccessor: "a", name: "mona", metadata: ["u": "mona"], groupAliases: [], now: now)
  let second = try identity.login(mountAccessor: "a", name: "mona", metadata: ["u": "mona"], groupAliases: [], now: now)
  let other = try identity.login(mountAccessor: "b", name: "mona", metadata: [:], groupAliases: [], now: now)
  #expect(first.isNew && !second.isNew && other.isNew)
  #expect(first.entity.id == second.entity.id && first.entity.id != other.entity.id)
  #expect(identity.entities.count == 2)
}

@Test func identitiesOutliveTheProcess() throws {
  let store = Clear(store: MemoryStore())
  let identity = IdentityStore(store: store, random: .seeded(2))
  let login = try identity.login(mountAccessor: "a", name: "mona", metadata: ["k": "v"], groupAliases: [], now: now)
  try identity.change { changes in
    var group = Group(id: "g", name: "ops", kind: .internal, now: now)
    group.memberEntityIDs = [login.entity.id]
    group.policies = ["p"]
    changes.groups.append(group)
  }
  let reloaded = IdentityStore(store: store, random: .seeded(3))
  try reloaded.load()
  #expect(reloaded.entities == identity.entities)
  #expect(reloaded.groups == identity.groups)
  #expect(reloaded.policies(of: login.entity.id) == ["p"])
  #expect(reloaded.entity(mountAccessor: "a", alias: "mona")?.id == login.entity.id)
}

@Test func aFailedCommitShowsNothing() throws {
  struct Full: LogicalStore {
    func get(_ key: String) throws(StoreError) -> StoredValue? { nil }
    func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] { [] }
    func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { throw .full }
  }
  let identity = IdentityStore(store: Full(), random: .seeded(4))
  #expect(throws: StoreError.full) {
    try identity.login(mountAccessor: "a", name: "mona", metadata: [:], groupAliases: [], now: now)
  }
  #expect(identity.entities.isEmpty)
  #expect(identity.entity(mountAccessor: "a", alias: "mona") == nil)
}

@Test func externalGroupsFollowTheLogin() throws {
  let identity = IdentityStore(store: Clear(store: MemoryStore()), random: .seeded(5))
  try identity.change { changes in
    for name in ["red", "blue"] {
      var group = Group(id: name, name: name, kind: .external, now: now)
      group.alias = Alias(id: name + "-alias", canonicalID: name, mountAccessor: "a", name: name, now: now)
      group.policies = [name]
      changes.groups.append(group)
    }
  }
  let login = try identity.login(mountAccessor: "a", name: "m", metadata: [:], groupAliases: ["red"], now: now)
  #expect(identity.policies(of: login.entity.id) == ["red"])
  _ = try identity.login(mountAccessor: "a", name: "m", metadata: [:], groupAliases: ["blue"], now: now)
  #expect(identity.policies(of: login.entity.id) == ["blue"])
  _ = try identity.login(mountAccessor: "a", name: "m", metadata: [:], groupAliases: [], now: now)
  #expect(identity.policies(of: login.entity.id) == [])
}

/// The index against a reading of all groups that takes its time, under random changes.
@Test(arguments: 1...20) func theIndexAgreesWithANaiveReading(seed: UInt64) {
  let random = RandomSource.seeded(seed)
  var index = IdentityIndex()
  let entityIDs = (0..<6).map { "e\($0)" }
  let groupIDs = (0..<8).map { "g\($0)" }
  for id in entityIDs { index.put(entity(id, "name-\(id)")) }

  func naiveGroups(of entityID: String) -> Set<String> {
    var found = Set(index.groups.values.filter { $0.memberEntityIDs.contains(entityID) }.map(\.id))
    while true {
      let more = Set(index.groups.values.filter { !found.isDisjoint(with: $0.memberGroupIDs) }.map(\.id))
      if more.isSubset(of: found) { return found }
      found.formUnion(more)
    }
  }
  func pick(_ from: [String]) -> [String] { from.filter { _ in random.below(3) == 0 } }

  for _ in 0..<150 {
    let id = groupIDs[Int(random.below(UInt64(groupIDs.count)))]
    switch random.below(4) {
    case 0: index.removeGroup(id)
    case 1: index.removeEntity(entityIDs[Int(random.below(6))])
    case 2: index.put(entity(entityIDs[Int(random.below(6))], "name-\(random.below(100))"))
    default:
      var group = Group(id: id, name: "name-\(id)", kind: .internal, now: now)
      group.memberEntityIDs = pick(entityIDs)
      group.memberGroupIDs = pick(groupIDs).filter { !index.closesCircle(group: id, member: $0) }
      index.put(group)
    }
    for entityID in entityIDs {
      #expect(Set(index.groups(of: entityID).map(\.id)) == naiveGroups(of: entityID))
    }
    for group in groupIDs {
      #expect(!index.parents(of: group).contains(group))
    }
  }
}
