internal import AccessPolicy
internal import AuditTrail
import EngineAPI
internal import JSONText
internal import Logging
internal import Primitives
internal import StorageAPI
internal import Tokens

/// The way of every API request: resolve, read, identify, authorise, record, run, finish, record, answer. Each stage is a method of `Exchange`.
package struct RequestPipeline: Sendable {
  private let node: Node

  package init(node: Node) { self.node = node }

  package func handle(_ request: InboundRequest) -> WireResponse {
    guard let state = node.state, state.gate.enter() else { return SealedPipeline(node: node).handle(request) }
    defer { state.gate.leave() }
    let place = state.inFlight.begin(request)
    defer { state.inFlight.end(place) }
    let exchange = Exchange(node: node, state: state, request: request)
    let response = exchange.run()
    if let level = node.settings.requestsLevel { exchange.log(response, level) }
    return response
  }
}

/// One request on its way through an unsealed node. Belongs to the thread that carries it out.
final class Exchange {
  let node: Node
  let state: ActiveState
  private(set) var request: InboundRequest
  /// When the request came in, by the clock that never goes back.
  private let started = WallClock.monotonicNanoseconds()

  var operation: Operation
  /// With "/" at its end for lists, as policies and engines see it.
  var path: String
  /// Entered, where there is one.
  var mount: Mount?
  /// The mount as it was when it was entered.
  var face: MountFace?
  var mountPoint = ""
  var rest = ""
  var route: MountedEngine.BoundRoute?
  var captures: [String: String] = [:]
  var fields: JSONObject = [:]
  var known: KnownToken?
  /// What the token's entity adds to its policies.
  var identityPolicies: [String] = []
  var grantingPolicies: [String] = []
  var isLastUse = false
  /// Why policies or the token keep the request out, once that is known.
  private var denial: Denial.Cause?

  var token: TokenEntry? { known?.entry }

  init(node: Node, state: ActiveState, request: InboundRequest) {
    self.node = node
    self.state = state
    self.request = request
    operation = request.operation
    path = request.path
    if operation == .list && !path.hasSuffix("/") { path += "/" }
  }

  func run() -> WireResponse {
    var limitHeaders: [(name: String, value: String)] = []
    defer { mount?.leave() }
    do {
      try resolve()
      if let limit = limitFinding() {
        if let refusal = limit.refusal { return refuse(limit, refusal) }
        limitHeaders = limit.headers
      }
      if !isRaw { fields = try RequestFields.read(request) }
    } catch { return Failures.response(to: error, log: node.log) }
    var response = runAudited()
    if !limitHeaders.isEmpty { response.headers += limitHeaders }
    if response.status == 403 {
      recordDenial()
      response.headers.append((Self.requestIDHeader, request.id))
    }
    if isLastUse, let token { state.tokens.revokeLater(token) }
    return response
  }

  /// A line in the server's log for those who want to follow requests there.
  func log(_ response: WireResponse, _ level: LogLevel) {
    let duration = TimeSpan(nanoseconds: Int64(clamping: WallClock.monotonicNanoseconds() &- started))
    node.log.log(
      level, "completed_request",
      [
        ("start_time", request.received.rfc3339), ("duration", duration.goDescription),
        ("client_address", "\(request.remoteAddress):\(request.remotePort)"), ("status_code", String(response.status)),
        ("request_path", "/v1/" + request.path), ("request_method", request.operation.rawValue),
        ("request_id", request.id),
      ])
  }

  private func runAudited() -> WireResponse {
    let isRecorded = route?.traits.contains(.unaudited) != true && state.audit.isEnabled
    var refusal: (any Error)?
    do {
      try identify()
      try tellCreateFromUpdate()
      try authorise()
    } catch { refusal = error }

    var record = isRecorded ? RequestRecord(self, broker: state.audit.broker) : nil
    do { try record?.request(refusal: refusal) } catch { return Failures.auditResponse }
    var outcome: Outcome
    if let refusal {
      outcome = Outcome(failure: refusal)
    } else {
      do { outcome = try finish(try perform()) } catch {
        // Whoever is still inside a mount that is gone came too late.
        outcome = Outcome(failure: mount?.isGone == true ? unmounted : error)
      }
    }
    do { try record?.response(outcome) } catch {
      // Nobody learns of the secret.
      if outcome.hasNewLease { state.leases.discard(outcome.leaseID, now: request.received) }
      return Failures.auditResponse
    }
    node.requests.observe(since: started)
    return outcome.response(log: node.log)
  }

  // MARK: Resolve

  private func resolve() throws {
    guard request.acceptsUnprintablePaths || path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw EngineError(status: 400, messages: [])
    }
    if let (mount, rest) = state.mounts.enter(path) {
      self.mount = mount
      self.rest = rest
      let face = mount.face
      self.face = face
      mountPoint = face.requestPath
      if request.path.hasSuffix("/"), operation.isWrite || operation == .patch {
        guard face.entry.configuration.trimRequestTrailingSlashes else {
          throw EngineError.invalid("cannot write to a path ending in '/'")
        }
        while path.hasSuffix("/") { path.removeLast() }
        while self.rest.hasSuffix("/") { self.rest.removeLast() }
      }
      if let (route, captures) = mount.engine.route(self.rest) {
        self.route = route
        self.captures = captures
      }
    } else if request.path.hasSuffix("/"), operation.isWrite {
      throw EngineError.invalid("cannot write to a path ending in '/'")
    }
  }

  // MARK: Identify

  /// The route works without a token.
  var isOpen: Bool {
    guard let route else { return false }
    return route.isOpen(node.settings) || !route.traits.isDisjoint(with: request.opens)
  }

  private func identify() throws {
    let isOpen = isOpen && operation != .help
    if route?.traits.contains(.wrappingToken) == true, operation != .help {
      let wrapping = try state.wrapping.admit(
        field: fields["token"], callerToken: request.token, now: request.received)
      // The caller's may have been a JWT around it.
      if fields["token"] == nil { request = request.bearing(wrapping) }
    }
    if request.token.isEmpty {
      if isOpen { return }
      denial = .noToken
      throw EngineError.denied
    }
    switch try state.tokens.identification(
      request.token, now: request.received, remoteAddress: request.remoteAddress)
    {
    case .valid(let found): known = found
    case .unknown: break
    case .wrongAddress:
      if isOpen { break }
      denial = .wrongAddress
      throw EngineError.denied
    }
    if isOpen { return }
    guard let known else {
      denial = .unknownToken
      throw Failures.invalidToken
    }
    try admitEntity(of: known)
    if route?.traits.contains(.noPolicy) == true { return }
    guard known.entry.numberOfUses > 0 else { return }
    guard let isLast = try state.tokens.spendUse(known.entry) else {
      denial = .unknownToken
      throw Failures.invalidToken
    }
    isLastUse = isLast
  }

  /// A token dies with its entity, and sleeps while it is disabled.
  private func admitEntity(of known: KnownToken) throws {
    guard !known.entry.entityID.isEmpty else { return }
    guard let entity = state.identity.entity(id: known.entry.entityID), !entity.isDisabled else {
      denial = .entityUnusable
      throw EngineError.denied
    }
    identityPolicies = state.identityPolicies(of: known.entry)
  }

  // MARK: Authorise

  private func tellCreateFromUpdate() throws {
    guard operation == .update, let exists = route?.exists else { return }
    if try !exists(call) { operation = .create }
  }

  private func authorise() throws {
    guard let known, operation != .help, !isOpen else { return }
    if known.isRoot {
      grantingPolicies = Self.root
      return
    }
    guard route?.traits.contains(.noPolicy) != true else { return }
    guard let operation = AccessOperation(operation) else {
      denial = .operation
      throw Failures.denied
    }
    let verdict = try state.acl(for: known.entry).decide(
      operation, path: decidedPath, parameters: fields, wrapTTL: request.wrapTTL)
    guard verdict.isAllowed, verdict.hasSudo || !needsSudo else {
      denial = verdict.refusal.map { .policies($0) } ?? .missingSudo
      throw Failures.denied
    }
    grantingPolicies = verdict.grantingPolicies
  }

  /// The path as policies see it.
  private var decidedPath: String {
    guard let route, route.traits.contains(.foldedName) else { return path }
    return route.decidedPath(mountPoint: mountPoint, rest: rest)
  }

  /// Nothing remains of the request but its answer.
  var isPure: Bool {
    guard let route, request.wrapTTL == nil else { return false }
    switch operation {
    case .read, .list: return route.traits.contains(.pureReads)
    case .update: return route.traits.contains(.pureUpdates)
    default: return false
    }
  }

  private var needsSudo: Bool { route?.needsSudo(operation) ?? false }

  /// Under which an operator finds out why a request was refused; the body stays as clients know it.
  private static let requestIDHeader = "X-Vault-Request-Id"

  private func recordDenial() {
    func short(_ text: String) -> String { String(decoding: text.utf8.prefix(DenialLog.longestText), as: UTF8.self) }
    state.denials.add(
      Denial(
        id: request.id, time: request.received, operation: operation, path: short(decidedPath),
        remoteAddress: request.remoteAddress, cause: denial ?? .engine, needsSudo: needsSudo, wrapTTL: request.wrapTTL,
        displayName: short(token?.displayName ?? ""), accessor: token?.accessor ?? "", entityID: token?.entityID ?? "",
        policies: token.map { state.policyNames(of: $0) } ?? [], policyGeneration: state.policies.generation))
  }

  // MARK: Perform

  private static let root = ["root"]

  private var isRaw: Bool { route?.traits.contains(.rawBody) == true }

  var call: Call {
    Call(
      id: request.id, operation: operation, mountPoint: mountPoint, path: rest, captures: captures, fields: fields,
      rawBody: isRaw ? request.body : [], headers: passedHeaders,
      remoteAddress: request.remoteAddress, now: request.received, principal: known?.principal,
      wrapTTL: request.wrapTTL, identity: identityOfCaller,
      origin: Session(node: node, state: state, inbound: request, token: known))
  }

  /// Looked up when an engine asks, which few do.
  private var identityOfCaller: @Sendable (_ selector: String) -> String? {
    guard let entityID = known?.entry.entityID, !entityID.isEmpty else { return { _ in nil } }
    return { [state] selector in state.templateSubject(entityID)?.value(of: selector) }
  }

  private var passedHeaders: [String: [String]] {
    var headers: [String: [String]] = [:]
    for name in ["authorization", "content-type"] where route?.traits.contains(.unauthenticated) == true {
      let values = request.headers.values(name)
      if !values.isEmpty { headers[name] = values }
    }
    for name in face?.entry.configuration.passthroughRequestHeaders ?? [] {
      let name = name.lowercased()
      let values = request.headers.values(name)
      if !values.isEmpty { headers[name] = values }
    }
    return headers
  }

  var unmounted: EngineError { .notFound("no handler for route \"\(path)\". route entry not found.") }

  private func perform() throws -> Reply {
    if operation == .help { return try PathHelp.reply(for: self) }
    guard WallClock.monotonicNanoseconds() < request.deadline else { throw Failures.tooLate }
    guard let mount else { throw unmounted }
    guard let route else { throw EngineError.unsupportedPath }
    guard route.traits.isSuperset(of: .login) else { return try run(route) }
    guard operation.isWrite else { throw EngineError(status: 405, messages: ["unsupported operation"]) }
    guard let loginName = route.loginName else { return try run(route) }
    return try state.logins.guarded(
      mount.entry, now: request.received, name: { try loginName(call) }, login: { try run(route) })
  }

  private func run(_ route: MountedEngine.BoundRoute) throws -> Reply {
    try route.run(call, bodyBytes: request.body.count)
  }
}

extension AccessOperation {
  init?(_ operation: Operation) {
    switch operation {
    case .read: self = .read
    case .list: self = .list
    case .create: self = .create
    case .update: self = .update
    case .patch: self = .patch
    case .delete: self = .delete
    case .help: self = .help
    case .header, .options: return nil
    }
  }
}
