package import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives
internal import Tokens

/// The auth method that is always there, at `auth/token/`: tokens made from tokens, looked up, renewed and revoked.
package enum TokenMethod {
  package static let type = EngineType(
    name: "token", mountClass: .auth, version: "v1.0.0+builtin.coffer", isSingleton: true
  ) { context in MountedEngine(TokenEndpoints(context: context)) }
}

struct TokenEndpoints: Engine {
  let context: MountContext

  static let routes: [Route<TokenEndpoints>] =
    [
      Route(
        "lookup", traits: [.pureReads, .pureUpdates], fields: [Inputs.token.description],
        summary: "Properties of a token",
        help: "Without a token in the request, those of the caller's own. Does not use the token up.",
        [.read: { engine, call in try engine.lookup(call) }, .update: { engine, call in try engine.lookup(call) }]),
      Route(
        "lookup-self", traits: [.pureReads, .pureUpdates], fields: [Inputs.ignoredToken.description],
        summary: "Properties of the caller's token",
        [
          .read: { engine, call in try engine.lookupSelf(call) },
          .update: { engine, call in try engine.lookupSelf(call) },
        ]),
      Route(
        "lookup-accessor", traits: .pureUpdates, fields: [Inputs.accessor.description],
        summary: "Properties of the token with an accessor",
        help: "The answer does not show the token itself.",
        [.update: { engine, call in try engine.lookupAccessor(call) }]),
      Route(
        "renew", fields: [Inputs.token.description, Inputs.increment.description], summary: "Prolong a token's life",
        help: "Within the limits of the token and of the mount, counted from its creation.",
        [.update: { engine, call in try engine.renew(call) }]),
      Route(
        "renew-self", fields: [Inputs.ignoredToken.description, Inputs.increment.description],
        summary: "Prolong the life of the caller's token", [.update: { engine, call in try engine.renewSelf(call) }]),
      Route(
        "renew-accessor", fields: [Inputs.accessor.description, Inputs.increment.description],
        summary: "Prolong the life of the token with an accessor",
        [.update: { engine, call in try engine.renewAccessor(call) }]),
      Route(
        "revoke", fields: [Inputs.token.description], summary: "End a token and all that were made from it",
        [.update: { engine, call in try engine.revoke(call) }]),
      Route(
        "revoke-self", fields: [Inputs.ignoredToken.description],
        summary: "End the caller's token and all made from it",
        [.update: { engine, call in try engine.revokeSelf(call) }]),
      Route(
        "revoke-accessor", fields: [Inputs.accessor.description],
        summary: "End the token with an accessor and all that were made from it",
        [.update: { engine, call in try engine.revokeAccessor(call) }]),
      Route(
        "revoke-orphan", traits: .sudo, fields: [Inputs.token.description],
        summary: "End a token alone; those made from it live on as orphans",
        [.update: { engine, call in try engine.revokeOrphan(call) }]),
      Route(
        "accessors/", traits: .sudo, summary: "The accessors of all tokens",
        [.list: { _, call in .keys(try call.active.state.tokens.accessors()) }]),
      Route(
        "tidy", summary: "Remove what is left of dead tokens", help: "Runs in the background.",
        [.update: { engine, call in try engine.tidy(call) }]),
      Route(
        "create", traits: .prompt, fields: Inputs.creation, summary: "Make a token from the caller's own",
        help: "It ends with the caller's token, unless it is made as an orphan.",
        [.update: { engine, call in try engine.create(call, isOrphanPath: false) }]),
      Route(
        "create-orphan", traits: .prompt, fields: Inputs.creation,
        summary: "Make a token that does not end with the caller's",
        [.update: { engine, call in try engine.create(call, isOrphanPath: true) }]),
      Route(
        "create/{role_name}", traits: .prompt, fields: Inputs.creation + [RoleInputs.name.description],
        summary: "Make a token by a role", help: "The role's fields limit what the request may ask for.",
        [.update: { engine, call in try engine.create(call, isOrphanPath: false) }]),
    ] + roleRoutes

  // MARK: Making

  private func create(_ call: Call, isOrphanPath: Bool) throws -> Reply {
    let (session, state) = try call.active
    guard let parent = session.token else { throw EngineError.denied }
    let path = call.mountPoint + call.path
    let settings = context.settings()
    var role: TokenRole?
    if let name = call.captures["role_name"] {
      role = try self.role(name)
      if role == nil { throw EngineError.invalid("unknown role \(name)") }
    }
    let circumstances = TokenCircumstances(
      hasSudo: try state.hasSudo(parent, path: path), defaultTTL: settings.defaultTTL, maxTTL: settings.maxTTL,
      // A policy that cannot be read is there.
      policyExists: { name in (try? state.policies.exists(name)) ?? true },
      entity: { [accessor = context.accessor] alias in
        let login = try state.identity.login(
          mountAccessor: accessor, name: alias, metadata: [:], groupAliases: [], now: call.now)
        if login.entity.isDisabled { throw EngineError.denied("entity from given entity alias is disabled") }
        return AliasedEntity(id: login.entity.id, policies: state.identity.policies(of: login.entity.id))
      })
    let request = try Inputs.request(call, path: path, isOrphanPath: isOrphanPath)
    let issued = try state.tokens.create(
      request: request, parent: parent, role: role, under: circumstances, now: call.now,
      identityPolicies: request.noParent ? [] : state.identityPolicies(of: parent))
    return Self.reply(issued)
  }

  private static func reply(_ issued: IssuedToken) -> Reply {
    var reply = Reply(.auth(issued), warnings: issued.warnings)
    reply.wrappedAccessor = issued.entry.accessor
    return reply
  }

  // MARK: Looking up

  private func lookup(_ call: Call) throws -> Reply {
    guard let text = try call[Inputs.token], !text.isEmpty else { return try lookupSelf(call) }
    guard let entry = try call.active.state.tokens.lookup(text, now: call.now) else {
      throw EngineError.denied("bad token")
    }
    return try shown(entry, id: text, call)
  }

  private func lookupSelf(_ call: Call) throws -> Reply {
    let (session, _) = try call.active
    return try shown(try own(call), id: session.inbound.token, call)
  }

  private func lookupAccessor(_ call: Call) throws -> Reply {
    try shown(try byAccessor(call), id: "", call)
  }

  private func shown(_ entry: TokenEntry, id: String, _ call: Call) throws -> Reply {
    .data(
      entry.lookupObject(
        id: id, now: call.now, identityPolicies: try call.active.state.identityPolicies(of: entry)))
  }

  // MARK: Renewing

  private func renew(_ call: Call) throws -> Reply {
    let text = try requiredToken(call)
    guard let entry = try call.active.state.tokens.lookup(text, now: call.now) else {
      throw EngineError.invalid("token not found")
    }
    return try renew(entry, text: text, call)
  }

  private func renewSelf(_ call: Call) throws -> Reply {
    try renew(try own(call), text: try call.session.inbound.token, call)
  }

  private func renewAccessor(_ call: Call) throws -> Reply { try renew(try byAccessor(call), text: "", call) }

  private func renew(_ entry: TokenEntry, text: String, _ call: Call) throws -> Reply {
    let state = try call.active.state
    let (terms, settings) = try terms(entry, state)
    let renewed = try state.tokens.renew(
      entry, increment: try call[Inputs.increment] ?? .zero, terms: terms, defaultTTL: settings.defaultTTL,
      maxTTL: settings.maxTTL, now: call.now)
    let auth = renewed.entry.authObject(token: text, identityPolicies: state.identityPolicies(of: renewed.entry))
    return Self.reply(IssuedToken(text: text, authObject: auth, warnings: renewed.warnings, entry: renewed.entry))
  }

  /// What holds for the token today: by its role, or by the auth method that it was logged in with.
  private func terms(_ entry: TokenEntry, _ state: ActiveState) throws -> (RenewalTerms?, MountSettings) {
    // What cannot be renewed is refused in the usual words, whatever became of its role.
    guard entry.type == .service, entry.renewable, entry.expireTime != nil else { return (nil, context.settings()) }
    if !entry.role.isEmpty {
      guard let role = try role(entry.role) else {
        throw EngineError.invalid(
          "failed to renew entry: original token role \"\(entry.role)\" could not be found, not renewing")
      }
      return (RenewalTerms(of: entry, role: role), context.settings())
    }
    if entry.path.hasPrefix(context.path()) || !entry.path.hasPrefix("auth/") { return (nil, context.settings()) }
    guard let mount = state.mounts.resolve(entry.path)?.mount else {
      throw EngineError.invalid("failed to renew entry: the auth method that made the token is gone")
    }
    do {
      let login = try mount.engine.renewLogin(entry.login)
      return (RenewalTerms(of: entry, renewed: login), state.mounts.settings(of: mount.entry))
    } catch let error as EngineError {
      throw EngineError.invalid("failed to renew entry: " + error.messages.joined(separator: "; "))
    }
  }

  // MARK: Revoking

  private func revoke(_ call: Call) throws -> Reply {
    let text = try requiredToken(call)
    let tokens = try call.active.state.tokens
    if let entry = try tokens.lookup(text, now: call.now), entry.type == .batch { throw Self.batchRevocation }
    _ = try tokens.revoke(tokenText: text)
    return .none
  }

  private func revokeSelf(_ call: Call) throws -> Reply {
    let entry = try own(call)
    if entry.type == .batch { throw Self.batchRevocation }
    try call.active.state.tokens.revoke(entry)
    return .none
  }

  private func revokeAccessor(_ call: Call) throws -> Reply {
    let accessor = try requiredAccessor(call)
    let tokens = try call.active.state.tokens
    guard let entry = try tokens.entry(accessor: accessor, now: call.now) else {
      return .warning("No token found with this accessor")
    }
    try tokens.revoke(entry)
    return .none
  }

  private func revokeOrphan(_ call: Call) throws -> Reply {
    let text = try requiredToken(call)
    let tokens = try call.active.state.tokens
    guard let entry = try tokens.lookup(text, now: call.now) else {
      throw EngineError.invalid("token to revoke not found")
    }
    if entry.type == .batch { throw Self.batchRevocation }
    try tokens.revokeOrphan(entry)
    return .none
  }

  private func tidy(_ call: Call) throws -> Reply {
    guard try call.active.state.tokens.startTidying() else {
      return .warning("Tidy operation already in progress.")
    }
    return .warning(
      "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
      status: 202)
  }

  private static let batchRevocation = EngineError.invalid("batch tokens cannot be revoked")

  // MARK: Which token

  private func own(_ call: Call) throws -> TokenEntry {
    let (session, state) = try call.active
    guard let token = session.token, let entry = try state.tokens.current(token) else {
      throw EngineError.denied("bad token")
    }
    return entry
  }

  private func requiredToken(_ call: Call) throws -> String {
    guard let text = try call[Inputs.token], !text.isEmpty else { throw EngineError.invalid("missing token ID") }
    return text
  }

  private func requiredAccessor(_ call: Call) throws -> String {
    guard let accessor = try call[Inputs.accessor], !accessor.isEmpty else {
      throw EngineError.list(status: 400, ["missing accessor"])
    }
    return accessor
  }

  private func byAccessor(_ call: Call) throws -> TokenEntry {
    let accessor = try requiredAccessor(call)
    guard let entry = try call.active.state.tokens.entry(accessor: accessor, now: call.now) else {
      throw EngineError.list(status: 400, ["invalid accessor"])
    }
    return entry
  }
}
