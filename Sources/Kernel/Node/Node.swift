internal import Barrier
import EngineAPI
package import Logging
import Metrics
import Primitives
import SealAPI
package import SecretMemory
import Shamir
import StorageAPI

/// One server: sealed or active, and the way from one to the other. What is there only while it is active hangs on `ActiveState`.
package final class Node: Sendable {
  package let composition: Composition
  package let settings: NodeSettings
  package let log: Logger
  let systemEngine: MountedEngine

  private let active = Locked<ActiveState?>(nil)
  private let progress = Locked<UnsealProgress?>(nil)
  /// The seal configuration that was read last.
  private let knownSeal = Locked<KnownSeal?>(nil)
  /// Held while an operation on keys takes a step.
  let ceremonies = Locked(Ceremonies())
  let requests: Summary
  package let profiling = Profiling()
  /// Initialising, unsealing and sealing happen one at a time.
  private let lifecycle = Serial(())
  private let watcher = Locked<(any LifecycleWatcher)?>(nil)
  /// What the configuration says now.
  private let declaredAuditDevices: Locked<[AuditTableEntry]>

  /// - Throws: where the composition lacks an engine that every node has.
  package init(_ composition: Composition, settings: NodeSettings) throws {
    self.composition = composition
    self.settings = settings
    declaredAuditDevices = Locked(settings.auditDevices)
    log = composition.log.logger("core")
    requests = composition.metrics.summary("vault.core.handle_request")
    guard let system = composition.engineTypes.first(where: { $0.name == BuiltinMounts.system }) else {
      throw EngineError.invalid("the program was put together without its system engine")
    }
    let nowhere = NoStore()
    systemEngine = try system.make(
      MountContext(
        path: { "sys/" }, accessor: "", uuid: "", type: BuiltinMounts.system,
        storage: StorageView(nowhere, prefix: "sys/"), clock: composition.clock, random: composition.random,
        settings: { MountSettings(defaultTTL: .zero, maxTTL: .zero, options: [:]) }, log: { _, _ in }))
  }

  /// What the node holds while it is unsealed; nil while it is not.
  package var state: ActiveState? { active.withLock { $0 } }

  var auditDevices: [AuditTableEntry] { declaredAuditDevices.withLock { $0 } }

  /// The configuration was read again: at once where the node is unsealed, else when it will be.
  package func declare(auditDevices: [AuditTableEntry]) throws {
    declaredAuditDevices.withLock { $0 = auditDevices }
    try state?.audit.apply(auditDevices)
  }

  package func watch(_ watcher: any LifecycleWatcher) { self.watcher.withLock { $0 = watcher } }

  // MARK: Where it stands

  func sealConfiguration() throws -> SealConfiguration? {
    guard let stored = try composition.store.get(StoragePaths.sealConfiguration)?.bytes else { return nil }
    // Asked with every look at the node's health, and as good as never another.
    if let known = knownSeal.withLock({ $0 }), known.bytes == stored { return known.configuration }
    let configuration = try SealConfiguration(bytes: stored)
    knownSeal.withLock { $0 = KnownSeal(bytes: stored, configuration: configuration) }
    return configuration
  }

  private struct KnownSeal: Sendable {
    let bytes: [UInt8]
    let configuration: SealConfiguration
  }

  package var isInitialized: Bool {
    get throws { try composition.store.get(StoragePaths.sealConfiguration) != nil }
  }

  package struct SealStatus: Sendable {
    package var type: String
    package var isInitialized: Bool
    package var isSealed: Bool
    package var shares: ShareConfiguration
    package var progress: Int
    package var nonce: String
    package var usesRecoveryKey: Bool
    package var cluster: ClusterIdentity?
  }

  package func sealStatus() throws -> SealStatus {
    let configuration = try sealConfiguration()
    let (given, nonce) = progress.withLock { ($0?.progress ?? 0, $0?.nonce ?? "") }
    return SealStatus(
      type: composition.seal.type, isInitialized: configuration != nil, isSealed: state == nil,
      shares: configuration?.recovery ?? configuration?.unseal ?? ShareConfiguration(shares: 0, threshold: 0),
      progress: given, nonce: nonce, usesRecoveryKey: composition.seal.isAutomatic, cluster: state?.cluster)
  }

  // MARK: Initialising

  /// Makes a new root key and everything that a node begins with.
  ///
  /// The seal configuration is written last: a process that dies on the way leaves a node that is not initialised, and the next attempt begins
  /// with empty storage.
  package func initialize(_ request: InitializationRequest) throws -> InitializationResult {
    try lifecycle.withTurn { (_) throws in
      guard try !isInitialized else { throw EngineError.invalid("Vault is already initialized") }
      try request.check(against: composition.seal)
      let random = composition.random
      var leftovers = WriteBatch()
      leftovers.writes.append(.deletePrefix(""))
      _ = try composition.store.commit(leftovers)

      let rootKey = SecretBytes(count: 32, fill: random.fill)
      let sealed = SealedBarrier(store: composition.store, clock: composition.clock, random: random)
      try sealed.initialize(rootKey: rootKey)
      let barrier = try sealed.unseal(rootKey: rootKey)
      try ClusterIdentity.make(name: settings.clusterName, random: random).write(to: barrier)
      try BuiltinMounts.create(in: barrier, extra: request.extraMounts, random: random)

      let state = try ActiveState(barrier: barrier, node: self)
      let rootToken = try state.tokens.issueRoot(id: request.rootTokenID, now: composition.clock.now())

      var result = InitializationResult(rootToken: rootToken)
      let configuration: SealConfiguration
      switch composition.seal {
      case .shares(let type, let makeSeal):
        let key = SecretBytes(count: 32, fill: random.fill)
        result.unsealShares = try Shares.split(key, request.unseal, random: random)
        configuration = SealConfiguration(
          type: type, unseal: request.unseal, recovery: nil, rootKey: try makeSeal(key).wrap(rootKey))
      case .automatic(let seal):
        if request.recovery.shares > 0 {
          let key = SecretBytes(count: 32, fill: random.fill)
          result.recoveryShares = try Shares.split(key, request.recovery, random: random)
          var batch = WriteBatch()
          batch.put(StoragePaths.recoveryKey, key.withBytes { Array($0) })
          _ = try barrier.commit(batch)
        }
        configuration = SealConfiguration(
          type: seal.type, unseal: ShareConfiguration(shares: 1, threshold: 1), recovery: request.recovery,
          rootKey: try seal.wrap(rootKey))
      }
      barrier.seal()
      var batch = WriteBatch()
      batch.put(StoragePaths.sealConfiguration, configuration.bytes)
      _ = try composition.store.commit(batch)
      log.info("initialised")
      return result
    }
  }

  // MARK: Unsealing

  /// Unseals with a seal that answers on its own; does nothing where people have to, or there is nothing to unseal.
  /// - Throws: `SealError` where the seal could not be asked; try again later.
  package func unsealAutomatically() throws {
    try lifecycle.withTurn { (_) throws in
      guard case .automatic(let seal) = composition.seal, state == nil, let configuration = try sealConfiguration()
      else { return }
      guard configuration.type == seal.type else {
        throw EngineError.invalid(
          "the storage was sealed by \"\(configuration.type)\" and the configuration names \"\(seal.type)\"")
      }
      try activate(rootKey: try seal.unwrap(configuration.rootKey))
    }
  }

  /// Takes one share of the unseal key; unseals when it is the last one needed.
  package func unseal(share: SecretBytes) throws {
    try lifecycle.withTurn { (_) throws in
      guard let configuration = try sealConfiguration() else { throw EngineError.invalid("Vault is not initialized") }
      if state != nil { return }
      guard case .shares(_, let makeSeal) = composition.seal else {
        throw EngineError.invalid("this node is unsealed by its seal, not by shares of a key")
      }
      if share.count < 16 { throw EngineError.invalid("invalid key: key is shorter than minimum 16 bytes") }
      if share.count > 33 { throw EngineError.invalid("invalid key: key is longer than maximum 33 bytes") }
      let outcome = progress.withLock { progress in
        var attempt = progress ?? UnsealProgress(threshold: configuration.unseal.threshold)
        defer { progress = attempt }
        return attempt.add(share, nonce: composition.random.uuid())
      }
      guard case .complete(let complete) = outcome else { return }
      let rootKey: SecretBytes
      do {
        rootKey = try makeSeal(try Shares.combine(complete)).unwrap(configuration.rootKey)
      } catch {
        log.warn("unsealing failed: the shares do not make the key")
        throw EngineError.invalid(
          "unable to retrieve stored keys: invalid key: failed to decrypt keys from storage: "
            + "error decrypting seal wrapped value\nerror decrypting using seal \(configuration.type): "
            + "cipher: message authentication failed")
      }
      try activate(rootKey: rootKey)
    }
  }

  package func resetUnsealing() throws {
    guard try isInitialized else { throw EngineError.invalid("Vault is not initialized") }
    if state != nil { throw EngineError.invalid("vault is unsealed") }
    progress.withLock { $0 = nil }
  }

  func activate(rootKey: SecretBytes) throws {
    let barrier = try SealedBarrier(
      store: composition.store, clock: composition.clock, random: composition.random
    ).unseal(rootKey: rootKey)
    do {
      let state = try ActiveState(barrier: barrier, node: self)
      try state.start()
      active.withLock { $0 = state }
    } catch {
      barrier.seal()
      throw error
    }
    log.info("unsealed")
    composition.metrics.gauge("vault.core.unsealed").set(1)
    composition.metrics.gauge("vault.core.active").set(1)
    watcher.withLock { $0 }?.unsealed()
  }

  /// To be called every few seconds: keeps up the barrier's keys.
  package func maintain() {
    guard let state else { return }
    do { try state.barrier.maintain(now: composition.clock.now()) } catch {
      log.error("the barrier's keys could not be maintained", [("error", "\(error)")])
    }
  }

  // MARK: Sealing

  /// Refuses new requests, lets those under way end, and forgets every key. Does nothing on a sealed node.
  /// - Parameter remaining: requests that need not end first: the one that asks for this.
  package func seal(leaving remaining: Int = 0) {
    lifecycle.withTurn { _ in
      guard let state else { return }
      close(state, leaving: remaining)
    }
  }

  /// Runs `body` while the node is neither sealed nor unsealed by anybody else.
  /// - Throws: 503 where it is sealed already.
  func exclusively(_ body: (ActiveState) throws -> Void) throws {
    try lifecycle.withTurn { (_) throws in
      guard let state else { throw EngineError(status: 503, messages: ["Vault is sealed"]) }
      try body(state)
    }
  }

  /// To be called by whoever holds `lifecycle`.
  func close(_ state: ActiveState, leaving remaining: Int) {
    active.withLock { $0 = nil }
    state.stop(leaving: remaining)
    progress.withLock { $0 = nil }
    ceremonies.withLock { $0 = Ceremonies() }
    composition.metrics.gauge("vault.core.unsealed").set(0)
    composition.metrics.gauge("vault.core.active").set(0)
    log.info("sealed")
    watcher.withLock { $0 }?.sealed()
  }
}

/// Told when the node changes; what the service manager and the log want to know.
package protocol LifecycleWatcher: Sendable {
  func unsealed()
  func sealed()
}

/// Stands in for storage where a route must not have any.
private struct NoStore: LogicalStore {
  func get(_ key: String) throws(StoreError) -> StoredValue? { throw .unavailable("Vault is sealed") }
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    throw .unavailable("Vault is sealed")
  }
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { throw .unavailable("Vault is sealed") }
}
