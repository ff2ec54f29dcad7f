internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI
internal import TokenParameters

extension AppRoleMethod {
  private static let roleMember = "role_name"
  private static let wrong = EngineError.failedLogin("invalid role or secret ID")

  /// Fails where there is no role of that id, so that guesses at ids are not counted against anybody.
  func roleOfLogin(_ call: Call) throws -> Role {
    let roleID = try call[Fields.roleID] ?? ""
    if roleID.isEmpty { throw EngineError.invalid("failed to determine alias name from login request") }
    guard let stored = try storage.get(Self.roleIDKey(try digest(roleID))),
      let role = try role(named: String(decoding: stored.bytes, as: UTF8.self)), role.roleID == roleID
    else { throw Self.wrong }
    return role
  }

  func login(_ call: Call) throws -> Reply {
    let role = try roleOfLogin(call)
    let used = role.bindsSecretID ? try useSecretID(of: role, call) : nil
    guard Blocks.contain(role.secretIDBlocks, call.remoteAddress) else {
      throw Self.unauthorized(call, by: "role")
    }
    guard role.token.admits(call.remoteAddress) else { throw EngineError.denied }

    var grant = LoginGrant(aliasName: role.roleID, displayName: "", policies: [])
    role.token.fill(&grant)
    if let used, !used.tokenBlocks.isEmpty {
      grant.boundCIDRs = used.tokenBlocks.compactMap { AddressBlock($0)?.description }
    }
    grant.metadata = used?.metadata ?? [:]
    grant.metadata["role_name"] = role.name
    grant.role = role.name
    grant.internalData = [Self.roleMember: .string(role.name)]
    return Reply(.login(grant))
  }

  /// Finds the SecretID that the login shows and uses it once, at most as often as it may be used.
  private func useSecretID(of role: Role, _ call: Call) throws -> SecretID {
    let digest = try digest(try Fields.required(call, Fields.secretID))
    guard let known = try secretID(digest: digest, of: role, now: call.now) else { throw Self.wrong }
    // A login that is refused for where it comes from uses nothing up.
    try check(known, of: role, call)
    if known.usesLeft == 0 { return known }
    return try inTurn(digest) {
      try storage.transaction { transaction in
        guard let bytes = try transaction.get(Self.secretIDs(role) + digest) else { throw Self.wrong }
        var known = try SecretID(bytes)
        if known.isOver(at: call.now) { throw Self.wrong }
        try check(known, of: role, call)
        if known.usesLeft == 1 {
          try Self.destroy(digest: digest, of: role, &transaction)
        } else if known.usesLeft > 1 {
          known.usesLeft -= 1
          known.updated = call.now
          transaction.put(Self.secretIDs(role) + digest, known.encoded)
        }
        return known
      }
    }
  }

  private func check(_ known: SecretID, of role: Role, _ call: Call) throws(EngineError) {
    guard Blocks.contain(known.blocks, call.remoteAddress) else {
      if known.usesLeft > 0 { throw Self.unauthorized(call, by: "secret ID") }
      throw .invalid(
        "source address \"\(call.remoteAddress)\" unauthorized through CIDR restrictions on the secret ID")
    }
    guard Blocks.contain(role.secretIDBlocks, call.remoteAddress) else { throw Self.unauthorized(call, by: "role") }
    guard role.token.admits(call.remoteAddress), Blocks.contain(known.tokenBlocks, call.remoteAddress) else {
      throw .denied
    }
  }

  private static func unauthorized(_ call: Call, by what: String) -> EngineError {
    // Clients match the whole of this text, its end included.
    .invalid(
      "source address \"\(call.remoteAddress)\" unauthorized by CIDR restrictions on the \(what): %!w(<nil>)")
  }

  /// A token is renewed while its role is there and has the same policies.
  func renew(_ login: LoginGrant) throws -> LoginGrant {
    guard let name = login.internalData[Self.roleMember]?.stringValue, let role = try role(named: name) else {
      throw EngineError.invalid("the role does not exist any more")
    }
    return try role.token.renew(login)
  }
}
