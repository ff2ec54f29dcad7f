package import EngineAPI
internal import Identity
package import JSONText
package import LoginMFA
package import Primitives
internal import StorageAPI

/// Asks logins for their second factor, and holds those that have not shown it yet. What is pending and how often was
/// guessed is kept in memory; which codes are used up is stored.
package final class SecondFactors: Sendable {
  package let configuration: MFAStore
  package let enrolments: EnrolmentStore
  private let identity: IdentityStore
  private let mounts: MountTable
  private let random: RandomSource
  private let pending = Locked(PendingLogins<Login>())
  private let guesses = Locked(GuessLimit())

  init(store: any LogicalStore, identity: IdentityStore, mounts: MountTable, random: RandomSource) {
    configuration = MFAStore(store: store)
    enrolments = EnrolmentStore(store: store)
    self.identity = identity
    self.mounts = mounts
    self.random = random
  }

  /// What the login still has to show before a token is made; nil where nothing is missing.
  ///
  /// - Parameter headers: the values of `X-Vault-MFA`. With any of them the second factor is judged at once.
  /// - Throws: 403 where it is not good.
  func requirement(for login: Login, headers: [String], now: Timestamp) throws -> MFARequirement? {
    let credentials = try Self.reading { () throws(MFACredentialError) in try MFACredentials(headers: headers) }
    let enforcements = enforcements(for: login)
    if enforcements.isEmpty { return nil }
    guard !login.entityID.isEmpty else {
      throw EngineError.denied(
        "a second factor is required, and this login has no entity that could have one: "
          + enforcements.map(\.name).joined(separator: ", "))
    }
    if !headers.isEmpty {
      try check(credentials, enforcements, entityID: login.entityID, now: now)
      return nil
    }
    let id = random.uuid()
    guard pending.withLock({ $0.hold(login, id: id, entityID: login.entityID, now: now) }) else {
      throw EngineError(status: 503, messages: ["too many logins wait for their second factor; try again later"])
    }
    return MFARequirement(requestID: id, enforcements: enforcements, method: configuration.method(id:))
  }

  /// Lets a held login go on that has shown its second factor now. It can try again where it has not, until its time is
  /// over.
  ///
  /// - Throws: 400 where no such login is held, 403 where the second factor is not good.
  package func validate(_ requestID: String, payload: JSONObject, now: Timestamp) throws -> any HeldLogin {
    let credentials = try Self.reading { () throws(MFACredentialError) in try MFACredentials(payload: payload) }
    guard let held = pending.withLock({ $0.take(requestID, now: now) }) else {
      throw EngineError.invalid("invalid request ID")
    }
    let login = held.login
    // What was there when the password was looked at may be gone.
    guard mounts.mount(accessor: login.mountAccessor) != nil, let entity = identity.entity(id: login.entityID),
      !entity.isDisabled
    else { throw EngineError.denied }
    do {
      try check(credentials, enforcements(for: login), entityID: login.entityID, now: now)
    } catch {
      pending.withLock { $0.giveBack(held, now: now) }
      throw error
    }
    return login
  }

  /// Deletes what is left of entities that are gone.
  package func forget(entityIDs: [String]) throws {
    try enrolments.remove(entityIDs: entityIDs, methodIDs: configuration.methods.map(\.id))
  }

  /// Makes secrets of entities another's that has none of the method.
  /// - Parameter keepsHeirs: where that has one, it stays so, and the others' is left.
  /// - Returns: an entity whose secret was in the way, where nothing was changed therefore.
  package func handOver(
    from entityIDs: [String], to heir: String, keepsHeirs: Bool
  ) throws -> EnrolmentStore.Conflict? {
    try enrolments.handOver(
      from: entityIDs, to: heir, methodIDs: configuration.methods.map(\.id), keepsHeirs: keepsHeirs)
  }

  private func enforcements(for login: Login) -> [LoginEnforcement] {
    configuration.enforcements {
      LoginSubject(
        mountAccessor: login.mountAccessor, mountType: mounts.mount(accessor: login.mountAccessor)?.entry.type ?? "",
        entityID: login.entityID,
        groupIDs: login.entityID.isEmpty ? [] : Set(identity.groups(of: login.entityID).map(\.id)))
    }
  }

  // MARK: Judging

  private typealias UsedCode = (known: EnrolmentStore.Known, next: Enrolment)

  private func check(
    _ credentials: MFACredentials, _ enforcements: [LoginEnforcement], entityID: String, now: Timestamp
  ) throws {
    var check = SecondFactorCheck(credentials)
    var codes: [UsedCode] = []
    let reason: String?
    do {
      reason = try check.unsatisfied(of: enforcements, method: configuration.method(id:)) { method, passcode in
        try judge(passcode, of: method, entityID: entityID, now: now, &codes)
      }
    } catch let error as MFACredentialError { throw EngineError.invalid(error.message) }
    if let reason { throw EngineError.denied(reason) }
    // Only now, so that a code is not used up by a login that fails for want of another one.
    guard try enrolments.useUp(codes) else { throw EngineError.denied("code already used; wait for a new code") }
  }

  private func judge(
    _ passcode: String, of method: MFAMethod, entityID: String, now: Timestamp, _ codes: inout [UsedCode]
  ) throws -> FactorOutcome {
    guard case .totp(let settings) = method.settings else {
      return .failed(
        "this server keeps the settings of MFA methods of type \"\(method.kind.rawValue)\" but cannot reach the "
          + "service; let the enforcement have a TOTP method")
    }
    guard !passcode.isEmpty else { return .failed("MFA credentials not supplied") }
    guard let known = try enrolments.known(entityID: entityID, methodID: method.id) else {
      return .failed("MFA secret for method ID \"\(method.id)\" not present in entity")
    }
    let key = GuessKey(entityID: entityID, methodID: method.id)
    let verdict = guesses.withLock {
      $0.attempt(key, allowed: settings.mostAttempts, period: known.enrolment.key.parameters.period, now: now)
    }
    if case .refused(let attempts, let wait) = verdict {
      return .failed(
        "maximum TOTP validation attempts \(attempts) exceeded the allowed attempts \(settings.mostAttempts). "
          + "Please try again in \(wait.wholeSeconds) seconds")
    }
    switch known.enrolment.judge(passcode, now: now) {
    case .wrong: return .failed("failed to validate TOTP passcode")
    case .used(let wait): return .failed("code already used; new code is available in \(wait.wholeSeconds) seconds")
    case .accepted(let next):
      guesses.withLock { $0.succeeded(key) }
      codes.append((known, next))
      return .passed
    }
  }

  private static func reading(
    _ read: () throws(MFACredentialError) -> MFACredentials
  ) throws -> MFACredentials {
    do throws(MFACredentialError) { return try read() } catch { throw EngineError.invalid(error.message) }
  }
}

extension TimeSpan {
  /// Rounded up, so that who waits that long has waited long enough.
  fileprivate var wholeSeconds: Int64 { nanoseconds > 0 ? (nanoseconds &- 1) / 1_000_000_000 &+ 1 : 0 }
}

extension MFARequirement: AuthAnswer {}
