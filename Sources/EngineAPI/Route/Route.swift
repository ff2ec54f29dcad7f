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
}

/// One endpoint: its path, fields, operations and help in one value. Routing, OpenAPI, path help and documentation derive from it.
///
/// Patterns are slash-separated segments: a literal, `{name}` for one segment (letters, digits, `_`, inner `-` and `.`), `{name:any}` for one segment of
/// anything, or, last, `{name...}` for the rest of the path (at least one character) and `{name...?}` for a rest that may be empty.
/// A pattern that ends in "/" matches the same path with and without the slash. The first route of an engine that matches wins.
package struct Route<E: Engine>: Sendable {
  package typealias Handler = @Sendable (E, Call) throws -> Reply
  package typealias ExistenceCheck = @Sendable (E, Call) throws -> Bool

  package let pattern: PathPattern
  package let traits: RouteTraits
  package let fields: [FieldDescription]
  /// One line, without a full stop.
  package let summary: String
  package let help: String
  package let handlers: [Operation: Handler]
  /// Tells a create from an update; without it every write is an update.
  package let exists: ExistenceCheck?
  /// Operations that need `sudo`, where not all of the route do.
  package let sudoOperations: Set<Operation>

  package init(
    _ pattern: PathPattern, traits: RouteTraits = [], sudo sudoOperations: Set<Operation> = [],
    fields: [FieldDescription] = [],
    summary: String, help: String = "", exists: ExistenceCheck? = nil, _ handlers: [Operation: Handler]
  ) {
    self.pattern = pattern
    self.traits = traits
    self.sudoOperations = sudoOperations
    self.fields = fields
    self.summary = summary
    self.help = help
    self.exists = exists
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
  func revoke(_ lease: LeaseRequest) throws

  /// Prolongs a lease by `increment` from now; returns how it stands then.
  func renew(_ lease: LeaseRequest, increment: TimeSpan) throws -> LeaseRequest
}

extension Engine {
  package func tuned() throws {}
  package func revoke(_ lease: LeaseRequest) throws { throw EngineError.invalid("this engine has no leases") }
  package func renew(_ lease: LeaseRequest, increment: TimeSpan) throws -> LeaseRequest {
    throw EngineError.invalid("lease is not renewable")
  }
}
