internal import Barrier
package import EngineAPI
internal import Primitives
internal import SealAPI
package import SecretMemory
internal import StorageAPI

/// What `rekey/init` was asked for.
package struct RekeyRequest: Sendable {
  package var shares: ShareConfiguration
  package var pgpKeys = 0
  package var backup = false
  package var requiresVerification = false

  package init(shares: ShareConfiguration) { self.shares = shares }
}

package struct RekeyStatus: Sendable {
  package var nonce = ""
  package var isStarted = false
  package var shares = ShareConfiguration(shares: 0, threshold: 0)
  package var progress = 0
  package var required = 0
  package var requiresVerification = false
  /// Empty before verification has begun.
  package var verificationNonce = ""
}

package enum RekeyOutcome: Sendable {
  case progress(RekeyStatus)
  /// The new shares, shown once.
  case complete(RekeyStatus, [SecretBytes])
}

extension Node {
  package func checkRekey(_ target: RekeyTarget) throws(EngineError) {
    if target == .recovery && !composition.seal.isAutomatic { throw .invalid("recovery rekeying not supported") }
  }

  package func rekeyStatus(_ target: RekeyTarget, _ state: ActiveState) throws -> RekeyStatus {
    let required = try KeyAuthority(node: self, state: state).shares.threshold
    return ceremonies.withLock { Self.status($0.rekeys[target], required: required) }
  }

  private static func status(_ rekey: Rekey?, required: Int) -> RekeyStatus {
    var status = RekeyStatus()
    status.required = required
    if let rekey {
      status.nonce = rekey.nonce
      status.isStarted = true
      status.shares = rekey.plan.shares
      status.progress = rekey.progress
      status.required = rekey.required
      status.requiresVerification = rekey.plan.requiresVerification
      status.verificationNonce = rekey.verificationNonce ?? ""
    }
    return status
  }

  package func beginRekey(_ target: RekeyTarget, _ state: ActiveState, _ request: RekeyRequest) throws -> RekeyStatus {
    var plan = Rekey.Plan(shares: request.shares, requiresVerification: request.requiresVerification)
    if request.backup && request.pgpKeys == 0 {
      throw EngineError.invalid(
        "cannot request a backup of the new keys without providing PGP keys for encryption")
    }
    if target == .barrier && composition.seal.isAutomatic {
      if request.pgpKeys > 0 { throw EngineError.invalid("PGP key encryption not supported when using stored keys") }
      if request.requiresVerification {
        throw EngineError.invalid("requiring verification not supported when using stored keys")
      }
      // Nobody gets shares of a key that the seal holds.
      plan.shares = ShareConfiguration(shares: 1, threshold: 1)
    }
    if request.pgpKeys > 0 {
      if request.pgpKeys != request.shares.shares {
        throw EngineError.invalid("incorrect number of PGP keys for rekey")
      }
      throw EngineError.invalid("encrypting shares for PGP keys is not supported")
    }
    if plan.shares.threshold > plan.shares.shares {
      throw EngineError.invalid("provided threshold greater than the total shares")
    }
    if let fault = plan.shares.fault { throw EngineError.invalid("invalid rekey seal configuration: \(fault)") }
    let required = try KeyAuthority(node: self, state: state).shares.threshold
    return try ceremonies.withLock { ceremonies throws(EngineError) in
      if ceremonies.rekeys[target] != nil { throw .invalid("rekey already in progress") }
      let rekey = Rekey(
        nonce: composition.random.uuid(), plan: plan, required: required, begun: composition.clock.now())
      ceremonies.rekeys[target] = rekey
      log.info("the making of new key shares has begun", [("nonce", rekey.nonce)])
      return Self.status(rekey, required: required)
    }
  }

  package func cancelRekey(_ target: RekeyTarget, nonce: String) throws(EngineError) {
    let now = composition.clock.now()
    try ceremonies.withLock { ceremonies throws(EngineError) in
      guard let rekey = ceremonies.rekeys[target] else { return }
      guard rekey.mayBeCancelled(nonce: nonce, now: now) else {
        throw .list(status: 400, ["failed to cancel rekey: invalid request"])
      }
      ceremonies.rekeys[target] = nil
      log.info("the making of new key shares was cancelled", [("nonce", rekey.nonce)])
    }
  }

  /// Takes one of the present shares.
  package func giveForRekey(
    _ target: RekeyTarget, _ state: ActiveState, share: SecretBytes, nonce: String
  ) throws -> RekeyOutcome {
    try ShareCollection.check(share)
    return try ceremonies.withLock { ceremonies throws in
      guard var rekey = ceremonies.rekeys[target] else { throw Self.noRekey(target) }
      let given: [SecretBytes]?
      do { given = try rekey.give(share, nonce: nonce) } catch {
        ceremonies.rekeys[target] = rekey
        throw error
      }
      ceremonies.rekeys[target] = rekey
      guard let given else { return .progress(Self.status(rekey, required: rekey.required)) }
      let authority = try KeyAuthority(node: self, state: state)
      guard try authority.admits(given) else {
        log.warn("new key shares were not made: the shares given do not make the key")
        throw EngineError.invalid("rekey failed: the shares do not make the key")
      }
      let candidate = try makeCandidate(rekey.plan.shares)
      if rekey.plan.requiresVerification {
        rekey.verify(candidate, nonce: composition.random.uuid())
        ceremonies.rekeys[target] = rekey
        return .complete(Self.status(rekey, required: rekey.required), candidate.shares)
      }
      try install(candidate, target, plan: rekey.plan, authority)
      ceremonies.end(target)
      let hidesKey = target == .barrier && composition.seal.isAutomatic
      return .complete(Self.status(rekey, required: rekey.required), hidesKey ? [] : candidate.shares)
    }
  }

  // MARK: Verification

  package func rekeyVerification(_ target: RekeyTarget) throws(EngineError) -> RekeyStatus {
    try ceremonies.withLock { ceremonies throws(EngineError) in
      guard let rekey = ceremonies.rekeys[target] else { throw .invalid("no rekey configuration found") }
      return Self.status(rekey, required: rekey.required)
    }
  }

  package func restartRekeyVerification(_ target: RekeyTarget) throws(EngineError) -> RekeyStatus {
    try ceremonies.withLock { ceremonies throws(EngineError) in
      guard var rekey = ceremonies.rekeys[target] else { throw .invalid("no rekey configuration found") }
      rekey.restartVerification(nonce: composition.random.uuid())
      ceremonies.rekeys[target] = rekey
      return Self.status(rekey, required: rekey.required)
    }
  }

  /// Takes one of the new shares; with the last one needed the new key counts.
  package func verifyRekey(
    _ target: RekeyTarget, _ state: ActiveState, share: SecretBytes, nonce: String
  ) throws -> RekeyOutcome {
    try ShareCollection.check(share)
    return try ceremonies.withLock { ceremonies throws in
      guard var rekey = ceremonies.rekeys[target] else { throw EngineError.invalid("no rekey configuration found") }
      let candidate: Rekey.Candidate?
      do { candidate = try rekey.giveBack(share, nonce: nonce) } catch {
        ceremonies.rekeys[target] = rekey
        throw error
      }
      ceremonies.rekeys[target] = rekey
      let status = Self.status(rekey, required: rekey.required)
      guard let candidate else { return .progress(status) }
      try install(candidate, target, plan: rekey.plan, KeyAuthority(node: self, state: state))
      ceremonies.end(target)
      return .complete(status, [])
    }
  }

  // MARK: Inside

  private static func noRekey(_ target: RekeyTarget) -> EngineError {
    .invalid(target == .barrier ? "no barrier rekey in progress" : "no recovery rekey in progress")
  }

  private func makeCandidate(_ shares: ShareConfiguration) throws -> Rekey.Candidate {
    let key = SecretBytes(count: 32, fill: composition.random.fill)
    return Rekey.Candidate(key: key, shares: try Shares.split(key, shares, random: composition.random))
  }

  /// Makes the new key count, in one commit with everything that depends on it: a process that dies on the way leaves the old
  /// key or the new one.
  private func install(
    _ candidate: Rekey.Candidate, _ target: RekeyTarget, plan: Rekey.Plan, _ authority: KeyAuthority
  ) throws {
    var configuration = authority.configuration
    var batch = WriteBatch(preconditions: [
      .unchanged(key: StoragePaths.sealConfiguration, since: authority.configurationIndex)
    ])
    switch target {
    case .recovery:
      configuration.recovery = plan.shares
      batch.put(StoragePaths.sealConfiguration, configuration.bytes)
      batch.put(StoragePaths.recoveryKey, candidate.key.withBytes { Array($0) })
      _ = try authority.state.barrier.commit(batch)
    case .barrier:
      let rootKey = SecretBytes(count: 32, fill: composition.random.fill)
      switch composition.seal {
      case .shares(_, let makeSeal):
        configuration.unseal = plan.shares
        configuration.rootKey = try makeSeal(candidate.key).wrap(rootKey)
      case .automatic(let seal):
        configuration.rootKey = try seal.wrap(rootKey)
      }
      batch.put(StoragePaths.sealConfiguration, configuration.bytes)
      try authority.state.barrier.rotateRootKey(to: rootKey, alongside: batch)
    }
    log.info("new key shares count from now on")
  }
}

extension Ceremonies {
  /// What else was under way was begun under the old key.
  mutating func end(_ target: RekeyTarget) {
    rekeys[target] = nil
    rootGeneration = nil
  }
}
