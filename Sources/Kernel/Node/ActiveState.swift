package import AccessPolicy
package import Barrier
import EngineAPI
package import Identity
package import JSONText
package import Leases
package import Primitives
import StorageAPI
package import Tokens

/// What a node has while it is unsealed. Made anew at each unsealing, gone at sealing.
package final class ActiveState: Sendable {
  package let barrier: Barrier
  package let mounts: MountTable
  package let policies: PolicyStore
  package let passwordPolicies: PasswordPolicies
  package let tokens: TokenStore
  package let wrapping: Wrapping
  package let leases: LeaseStore
  package let audit: AuditTable
  package let identity: IdentityStore
  package let logins: LoginGuard
  package let secondFactors: SecondFactors
  package let cluster: ClusterIdentity
  package let cors: StoredObject
  /// Headers that the operator adds to the answers of the user interface.
  package let responseHeaders: StoredObject
  /// What operators set of Raft's autopilot.
  package let autopilot: StoredObject
  package let quotas: Quotas
  package let leaseCounts: LeaseCounts
  package let inFlight = InFlightRequests()
  package let denials = DenialLog()
  package let migrations: MountMigrations
  package let since: Timestamp
  package let clock: WallClock
  package let random: RandomSource
  let gate = Gate()
  let mountWork: MountWork
  private let node: Node

  init(barrier: Barrier, node: Node) throws {
    self.barrier = barrier
    self.node = node
    clock = node.composition.clock
    random = node.composition.random
    since = clock.now()
    let mountLog = node.log.named("mount")
    let passwordPolicies = PasswordPolicies(store: barrier)
    self.passwordPolicies = passwordPolicies
    let random = random
    mountWork = MountWork(clock: clock) { mountLog.error("\($0)", $1) }
    mounts = MountTable(
      types: node.composition.engineTypes,
      surroundings: EngineSurroundings(
        store: barrier, clock: clock, random: random, systemDefaultTTL: node.settings.defaultLeaseTTL,
        systemMaxTTL: node.settings.maxLeaseTTL,
        log: { path, message, details in
          mountLog.info("\(message)", [("path", path)] + details.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        },
        password: { try passwordPolicies.generate($0, random: random) }, work: mountWork))
    try mounts.load()
    guard let cubbyhole = mounts.mount(.secret, "cubbyhole/") else {
      throw StoreError.damaged("the mount table lacks cubbyhole/; restore a snapshot")
    }
    policies = PolicyStore(store: barrier)
    let tokenLog = node.log.named("token")
    tokens = TokenStore(
      store: barrier, cubbyholePrefix: cubbyhole.entry.storagePrefix, clock: clock, random: random,
      log: { tokenLog.warn($0) })
    wrapping = Wrapping(
      store: barrier, tokens: tokens, cubbyholePrefix: cubbyhole.entry.storagePrefix,
      address: node.settings.apiAddress, random: random)
    identity = IdentityStore(store: barrier, random: random)
    try identity.load()
    logins = LoginGuard(store: barrier, rules: node.settings.userLockout)
    try logins.load(now: since)
    secondFactors = SecondFactors(store: barrier, identity: identity, mounts: mounts, random: random)
    try secondFactors.configuration.load()
    let leaseLog = node.log.named("lease")
    let mounts = mounts
    let leaseCounts = LeaseCounts(store: barrier, mounts: mounts)
    self.leaseCounts = leaseCounts
    leases = LeaseStore(
      LeaseSurroundings(
        store: barrier, tokens: tokens, clock: clock, random: random, metrics: node.composition.metrics,
        mount: { accessor, leaseID in mounts.leasedMount(accessor: accessor, leaseID: leaseID) },
        log: { leaseLog.warn($0, $1) }, forgotten: { leaseCounts.ended($0) }))
    cluster = try ClusterIdentity.load(from: barrier)
    cors = try StoredObject(StoragePaths.cors, in: barrier)
    responseHeaders = try StoredObject(StoragePaths.responseHeaders, in: barrier)
    quotas = try Quotas(store: barrier)
    autopilot = try StoredObject(StoragePaths.autopilot, in: barrier)
    migrations = MountMigrations()
    audit = try AuditTable(store: barrier, node: node)
    try countLeases()
  }

  /// Tokens count as leases where an auth method or another token made them; those without end, and those of wrapped
  /// answers, do not.
  private func countLeases() throws {
    let (leases, tokens, counts) = (leases, tokens, leaseCounts)
    @Sendable func isCounted(_ entry: TokenEntry) -> Bool {
      entry.type == .service && entry.expireTime != nil && entry.path.hasPrefix("auth/")
    }
    try counts.load { [weak leases, weak tokens] body in
      try leases?.forEachStored { id in body(id, id, "") }
      try tokens?.forEachStored { if isCounted($0) { body($0.key, $0.path, $0.loginRole) } }
    }
    tokens.admit { entry in
      guard isCounted(entry) else { return nil }
      let reservation = try counts.reserve(path: entry.path, role: entry.loginRole)
      return { counts.settle(reservation, id: $0?.key) }
    }
    tokens.onRevoked({ _ in [] }, committed: { counts.ended($0.key) })
  }

  func start() throws {
    try policies.prepare()
    try recordVersion()
    try audit.load()
    try audit.apply(node.auditDevices)
    for mount in mounts.all(.secret) + mounts.all(.auth) where !mount.isServed {
      node.log.error(
        "a mount's engine is not in this program; its secrets are kept and not served",
        [("path", mount.entry.requestPath), ("type", mount.entry.type)])
    }
    tokens.startExpiry()
    leases.start()
    let mounts = mounts
    mountWork.start { try mounts.work($0, now: $1) }
  }

  func stop(leaving remaining: Int) {
    gate.close(leaving: remaining, atMost: .seconds(30))
    leases.stop()
    mountWork.stop()
    mounts.close()
    tokens.stopExpiry()
    audit.close()
    barrier.seal()
  }

  private func recordVersion() throws {
    let key = StoragePaths.versions + node.settings.version
    guard try barrier.get(key) == nil else { return }
    let previous = try versionHistory().last?.name
    let record: JSONObject = [
      "timestamp_installed": .string(clock.now().rfc3339), "build_date": .string(node.settings.buildDate),
      "previous_version": previous.map { .string($0) } ?? .null,
    ]
    var batch = WriteBatch()
    batch.put(key, JSONText(record).bytes)
    _ = try barrier.commit(batch)
  }

  /// The versions that have served this storage, oldest first, each with its `sys/version-history` entry.
  package func versionHistory() throws -> [JSONObject.Member] {
    try barrier.list(StoragePaths.versions, after: nil, limit: .max).compactMap { name in
      try barrier.get(StoragePaths.versions + name).flatMap {
        try? JSONObject.Member(name: name, value: JSONParser.parse($0.bytes))
      }
    }.sorted {
      ($0.value["timestamp_installed"]?.stringValue ?? "") < ($1.value["timestamp_installed"]?.stringValue ?? "")
    }
  }

  /// Whether the token is valid and may be used from that address. No use of it is spent.
  package func knows(token: String, from address: String) -> Bool {
    (try? tokens.identify(token, now: clock.now(), remoteAddress: address)) != nil
  }

  /// What the token's entity and its groups add to the token's own policies, as it is now.
  package func identityPolicies(of token: TokenEntry) -> [String] {
    token.entityID.isEmpty ? [] : identity.policies(of: token.entityID)
  }

  /// The rules that a token is judged by.
  package func acl(for token: TokenEntry) throws -> CompiledACL {
    if token.entityID.isEmpty { return try policies.acl(token.policies) }
    let generation = identity.generation
    return try policies.acl(
      policyNames(of: token),
      for: PolicyStore.Subject(id: token.entityID, generation: generation) { self.templateSubject(token.entityID) })
  }

  /// The names of all policies that a token is judged by, those of its entity included.
  package func policyNames(of token: TokenEntry) -> [String] {
    token.entityID.isEmpty ? token.policies : Set(token.policies + identity.policies(of: token.entityID)).sorted()
  }

  /// The same rules as a token of these policies and that entity has, with where they come from.
  /// - Parameter entityID: empty for none.
  package func policySet(_ names: [String], entityID: String) throws -> PolicySet {
    var policies: [Policy] = []
    var absent: [String] = []
    for name in names {
      if name == Policy.rootName {
        policies.append(.root)
      } else if let policy = try self.policies.policy(name) {
        policies.append(policy)
      } else {
        absent.append(name)
      }
    }
    return PolicySet(policies, absent: absent, subject: entityID.isEmpty ? nil : templateSubject(entityID))
  }

  /// What templates can say of an entity; nil where there is none.
  package func templateSubject(_ entityID: String) -> TemplateSubject? {
    guard let entity = identity.entity(id: entityID) else { return nil }
    return TemplateSubject(
      entityID: entity.id, entityName: entity.name, metadata: entity.metadata ?? [:],
      aliases: entity.aliases.map {
        TemplateSubject.Alias(
          mountAccessor: $0.mountAccessor, id: $0.id, name: $0.name, metadata: $0.metadata ?? [:],
          customMetadata: $0.customMetadata ?? [:])
      },
      groups: identity.groups(of: entityID).map {
        TemplateSubject.Group(id: $0.id, name: $0.name, metadata: $0.metadata ?? [:])
      })
  }
}
