internal import EngineAPI
internal import JSONText
internal import Leases
internal import LoginMFA
internal import Primitives
internal import Tokens

extension Exchange {
  /// From what the engine answered to what the client gets: leases and tokens made, warnings added, the answer wrapped.
  func finish(_ reply: consuming Reply) throws -> Outcome {
    guard let request = reply.lease else { return try finish(reply, lease: nil) }
    let lease = try register(request)
    reply.warnings = lease.warnings + reply.warnings
    do { return try finish(reply, lease: lease.lease) } catch {
      state.leases.discard(lease.lease.id, now: self.request.received)
      throw error
    }
  }

  /// - Throws: where the lease could not be kept or the client must not have the secret; it is given back then.
  private func register(_ secret: LeaseRequest) throws -> (lease: Lease, warnings: [String]) {
    guard let mount else { throw Failures.internalError }
    let now = request.received
    let made: (lease: Lease, warnings: [String])
    var reservation: LeaseCounts.Reservation?
    do {
      reservation = try state.leaseCounts.reserve(path: path)
      made = try state.leases.register(
        secret, path: path, mountAccessor: mount.entry.accessor, settings: state.mounts.settings(of: mount.entry),
        token: token, endsAtOnce: isLastUse || mount.isLeaving, now: now)
      if let reservation { state.leaseCounts.settle(reservation, id: made.lease.id) }
    } catch {
      if let reservation { state.leaseCounts.settle(reservation, id: nil) }
      do { try mount.engine.revoke(secret) } catch {
        node.log.error(
          "a secret was made that could be neither leased nor given back; look for it where the engine made it",
          [("path", path), ("kind", secret.kind)])
      }
      throw error
    }
    if isLastUse {
      // What fails is tried again.
      try? state.leases.revoke(made.lease.id, now: now)
      throw EngineError.invalid(
        "Secret cannot be returned; token had one use left, so leased credentials were immediately revoked.")
    }
    if mount.isLeaving {
      try? state.leases.revokeForce(made.lease.id, now: now)
      throw unmounted
    }
    return made
  }

  private func finish(_ reply: consuming Reply, lease: Lease?) throws -> Outcome {
    var issued: IssuedToken?
    var hasNewEntity = false
    var wrapping = (ttl: request.wrapTTL, asJWT: request.wrapsAsJWT, path: path)
    switch reply.content {
    case .none:
      if reply.warnings.isEmpty {
        let isRead = operation == .read || operation == .list || operation == .header
        return Outcome(.none, status: reply.status ?? (isRead ? 404 : 204), headers: reply.headers)
      }
      reply.content = .data(.null)
    case .plain, .raw, .stream:
      return Self.bare(reply)
    case .envelope(let text):
      guard let ttl = request.wrapTTL else { return Self.bare(reply) }
      let wrapped = try state.wrapping.wrap(
        envelope: text, path: path, ttl: ttl, asJWT: request.wrapsAsJWT, wrappedAccessor: reply.wrappedAccessor,
        status: reply.status ?? 200, now: request.received)
      return Self.outcome(wrapped, headers: reply.headers)
    case .login(let grant):
      let login = try login(grant)
      if let requirement = try state.secondFactors.requirement(
        for: login, headers: request.headers.values("x-vault-mfa"), now: request.received)
      {
        reply.content = .auth(requirement)
        reply.warnings.append(MFARequirement.warning)
        // What the client needs to go on is no secret; the wish to wrap is kept for the token.
        wrapping.ttl = nil
      } else {
        issued = try issue(login)
        hasNewEntity = login.hasNewEntity
      }
    case .resumed(let held):
      guard let login = held as? Login else { throw Failures.internalError }
      issued = try issue(login)
      hasNewEntity = login.hasNewEntity
      if wrapping.ttl == nil { wrapping = (login.wrapTTL, login.wrapsAsJWT, login.path) }
    case .data, .auth: break
    }
    if let issued {
      reply.content = .auth(issued)
      reply.warnings += issued.warnings
    }

    if operation == .list, case .data(let data) = reply.content, reply.warnings.isEmpty, hasNoKeys(data) {
      return Outcome(.none, status: 404)
    }
    let status = reply.status ?? 200
    let envelope = Envelope()
    envelope.requestID = request.id
    if let lease {
      (envelope.leaseID, envelope.renewable, envelope.leaseDuration) = (lease.id, lease.renewable, lease.ttl.seconds)
    } else {
      envelope.leaseID = reply.leaseID
      (envelope.renewable, envelope.leaseDuration) = (reply.isRenewable, reply.leaseDuration)
    }
    envelope.warnings = warnings(reply)
    var handedOut: IssuedToken?
    switch reply.content {
    case .data(let data): envelope.data = data
    case .auth(let answer):
      envelope.auth = answer.authObject
      handedOut = answer as? IssuedToken
    default: break
    }
    if status == 200 { envelope.mountType = face?.entry.type ?? "" } else { envelope.endsWithLineFeed = false }
    envelope.repeatsData = route?.traits.contains(.dataAtTop) == true

    var outcome: Outcome
    if let ttl = wrapping.ttl {
      let wrapped = try state.wrapping.wrap(
        envelope: JSONText(trusted: envelope.bytes), path: wrapping.path, ttl: ttl, asJWT: wrapping.asJWT,
        wrappedAccessor: reply.wrappedAccessor.isEmpty ? (issued?.entry.accessor ?? "") : reply.wrappedAccessor,
        status: status, now: request.received)
      outcome = Self.outcome(wrapped, headers: reply.headers)
    } else {
      outcome = Outcome(.envelope(envelope), status: status, headers: reply.headers)
    }
    outcome.issued = handedOut
    outcome.hasNewEntity = hasNewEntity
    outcome.leaseID = envelope.leaseID
    outcome.hasNewLease = lease != nil
    return outcome
  }

  private static func bare(_ reply: Reply) -> Outcome {
    Outcome(.bare(reply), status: reply.status ?? 200, headers: reply.headers)
  }

  private static func outcome(_ wrapped: WrapInfo, headers: [(name: String, value: String)]) -> Outcome {
    let envelope = Envelope()
    envelope.wrapInfo = wrapped.json
    var outcome = Outcome(.envelope(envelope), status: 200, headers: headers)
    outcome.wrap = wrapped
    return outcome
  }

  private func hasNoKeys(_ data: JSONText) -> Bool {
    if data.isNull || data == .emptyObject { return true }
    guard data.bytes.count < 32, let keys = try? data.parsed()["keys"] else { return false }
    return keys.isNull || keys == .array([])
  }

  /// The engine's own warnings, then those about fields that nobody read.
  private func warnings(_ reply: Reply) -> [String] {
    var warnings = reply.warnings
    guard !fields.isEmpty, let route, route.traits.isDisjoint(with: [.freeFields, .rawBody])
    else { return warnings }
    let replaced = fields.names.filter { captures[$0] != nil }.sorted()
    let unknown = fields.names.filter { !route.fieldNames.contains($0) && captures[$0] == nil }.sorted()
    if !unknown.isEmpty {
      warnings.append("Endpoint ignored these unrecognized parameters: [\(unknown.joined(separator: " "))]")
    }
    if !replaced.isEmpty {
      warnings.append(
        "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: "
          + "[\(replaced.joined(separator: " "))]")
    }
    return warnings
  }
}
