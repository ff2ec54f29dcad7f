package import Primitives

/// Facts about a route that the kernel acts on. They stand here and nowhere else.
package struct RouteTraits: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  /// Works without a token.
  package static let unauthenticated = RouteTraits(rawValue: 1 << 0)
  /// Unauthenticated, and may answer a `LoginGrant`.
  package static let login: RouteTraits = [.unauthenticated, RouteTraits(rawValue: 1 << 1)]
  /// Needs `sudo` beside the operation's capability.
  package static let sudo = RouteTraits(rawValue: 1 << 2)
  /// Works while the server is sealed or not initialised.
  package static let beforeUnseal = RouteTraits(rawValue: 1 << 3)
  /// The body is bytes, not fields.
  package static let rawBody = RouteTraits(rawValue: 1 << 4)
  /// Members of `data` stand at the top of the envelope too, for old clients.
  package static let dataAtTop = RouteTraits(rawValue: 1 << 5)
  /// Not written to the audit log (health, seal status and the like).
  package static let unaudited = RouteTraits(rawValue: 1 << 6)
  /// Not in the OpenAPI document.
  package static let hidden = RouteTraits(rawValue: 1 << 7)
  /// The request's fields are the secret itself (KV): unknown fields are not warned about.
  package static let freeFields = RouteTraits(rawValue: 1 << 8)
  /// Any token may use it, whatever its policies say, and a use is not counted.
  package static let noPolicy = RouteTraits(rawValue: 1 << 9)
  /// About a wrapped answer: the field `token`, or else the caller's token, must be a good wrapping token, which is looked at before the caller's right
  /// to make the request, so that a request with a bad one uses up nothing.
  package static let wrappingToken = RouteTraits(rawValue: 1 << 10)
  /// Works without a token where the configuration lists `rekey` in `enable_unauthenticated_access`.
  package static let unauthenticatedIfConfigured = RouteTraits(rawValue: 1 << 11)
  /// Case and outer blanks of the pattern's first hole do not count: it is a name that engines keep as `FoldedName.of` gives it.
  /// Policies are asked about the path with the name folded, or else a rule for it could be passed by another spelling.
  package static let foldedName = RouteTraits(rawValue: 1 << 12)
  /// Works without a token at listeners that show the requests under way to everybody.
  package static let openWhereInFlightIsShown = RouteTraits(rawValue: 1 << 13)
  /// Works without a token at listeners that show profiles of the process to everybody.
  package static let openWhereProfilesAreShown = RouteTraits(rawValue: 1 << 18)
  /// An operation that the route does not have is refused without a text, as it was before there were engines.
  package static let refusesWithoutText = RouteTraits(rawValue: 1 << 14)
  /// Handlers wait for nothing but the store, and compute for no longer than that takes, or do so in `Blocking.run`. They run on the fiber of
  /// their request; all others get a thread for the time, so that nobody waits for them.
  package static let prompt = RouteTraits(rawValue: 1 << 17)
  /// Reads and lists change nothing, here or elsewhere, so that such a request may be recorded together with its answer.
  package static let pureReads: RouteTraits = [.prompt, RouteTraits(rawValue: 1 << 15)]
  /// Updates change nothing either: they compute an answer.
  package static let pureUpdates: RouteTraits = [.prompt, RouteTraits(rawValue: 1 << 16)]
}

/// One endpoint: its path, fields, operations and help in one value. Routing, OpenAPI, path help and documentation derive from it.
///
/// Patterns are slash-separated segments: a literal, `{name}` for one segment (letters, digits, `_`, inner `-` and `.`), `{name:any}` for one segment of
/// anything, or, last, `{name...}` for the rest of the path (at least one character) and `{name...?}` for a rest that may be empty.
/// A pattern that ends in "/" matches the same path with and without the slash. The first route of an engine that matches wins.
package struct Route<E: Engine>: Sendable {
  package typealias Handler = @Sendable (E, Call) throws -> Reply
  package typealias ExistenceCheck = @Sendable (E, Call) throws -> Bool
  package typealias LoginName = @Sendable (E, Call) throws -> String

  package let pattern: PathPattern
  package let traits: RouteTraits
  package let fields: [FieldDescription]
  /// One line, without a full stop.
  package let summary: String
  package let help: String
  package let handlers: [Operation: Handler]
  /// Tells a create from an update; without it every write is an update.
  package let exists: ExistenceCheck?
  /// Of a login that guessing could get through: the canonical name of who wants in, as the alias will have it, by
  /// which failed logins are counted and users locked out. Asked before the handler.
  package let loginName: LoginName?
  /// Of a login that does not name its role: the role behind what it shows, by which requests are limited.
  package let loginRole: LoginName?
  /// Operations that need `sudo`, where not all of the route do.
  package let sudoOperations: Set<Operation>

  package init(
    _ pattern: PathPattern, traits: RouteTraits = [], sudo sudoOperations: Set<Operation> = [],
    fields: [FieldDescription] = [],
    summary: String, help: String = "", exists: ExistenceCheck? = nil, loginName: LoginName? = nil,
    loginRole: LoginName? = nil,
    _ handlers: [Operation: Handler]
  ) {
    self.pattern = pattern
    self.traits = traits
    self.sudoOperations = sudoOperations
    self.fields = fields
    self.summary = summary
    self.help = help
    self.exists = exists
    self.loginName = loginName
    self.loginRole = loginRole
    self.handlers = handlers
  }
}

/// A secrets engine or an auth method: one value per mount, called from many threads at once.
package protocol Engine: Sendable {
  /// Every endpoint, in the order in which they are tried.
  static var routes: [Route<Self>] { get }

  /// The mount's options or times changed.
  func tuned() throws

  /// Ends a lease; returns normally when there is nothing left to give back.
  /// - Throws: an `EngineError` with status 503 where what has to take the secret back cannot be reached: it is tried until
  ///   it can. After any other failure it is tried some times and then left to an operator.
  func revoke(_ lease: LeaseRequest) throws

  /// Prolongs a lease by `increment` from now (zero: as long as the engine likes) and returns how it stands then, with
  /// the `ttl` that is wanted and the engine's `maxTTL` of today. The kernel caps what is returned by both and by the
  /// mount's limits, and warns; an engine that must know the end itself finds it by `LifeSpan.granted` in the same way.
  func renew(_ lease: LeaseRequest, increment: TimeSpan) throws -> LeaseRequest

  /// Asks an auth method whether it still vouches for a login whose token is to be renewed. `login` is what it granted,
  /// with the token's policies as they are (`default` among them, sorted) and without alias. What is returned says
  /// which times hold from now on; its `ttl`, zero for the mount's default, is for a client that asks for none.
  /// - Throws: where the token is not to be renewed; the text is shown after "failed to renew entry: ".
  func renew(_ login: LoginGrant) throws -> LoginGrant

  /// Does what is due in the background, such as rotations and the cleaning up of what was interrupted. Called by one
  /// thread for all mounts, one call at a time: soon after the mount is ready, at the time that the last call returned,
  /// and when `MountContext.requestWork` asks for it. It must not wait for anything without a bound.
  /// - Returns: when there is something to do next; nil where nothing is until it is asked for.
  /// - Throws: where it failed as a whole; it is called again after a while.
  func work(now: Timestamp) throws -> Timestamp?

  /// The mount is disabled or the node seals: gives back what is held outside storage, such as connections. Nothing is
  /// asked of the engine afterwards but what is already under way.
  func close()
}

extension Engine {
  package func tuned() throws {}
  package func revoke(_ lease: LeaseRequest) throws { throw EngineError.invalid("this engine has no leases") }
  package func renew(_ lease: LeaseRequest, increment: TimeSpan) throws -> LeaseRequest {
    throw EngineError.invalid("lease is not renewable")
  }
  package func renew(_ login: LoginGrant) throws -> LoginGrant { login }
  package func work(now: Timestamp) throws -> Timestamp? { nil }
  package func close() {}
}
