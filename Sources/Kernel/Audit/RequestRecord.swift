internal import AuditTrail
internal import EngineAPI
internal import JSONText
internal import Primitives
internal import Tokens

/// The two entries that the audit log gets of one request.
struct RequestRecord {
  private let broker: AuditBroker
  private let exchange: Exchange
  private var receipt: AuditReceipt?
  private var refusal: String?

  init(_ exchange: Exchange, broker: AuditBroker) {
    self.exchange = exchange
    self.broker = broker
  }

  /// Must be done before the request is; with why it will not be, where that is known.
  /// - Throws: `AuditFailure`; the request must then not be done.
  mutating func request(refusal: (any Error)?) throws {
    self.refusal = refusal.map { Failures.message($0) }
    let inbound = exchange.request
    var request = AuditRequest(id: inbound.id, operation: exchange.operation.rawValue, path: exchange.path)
    request.mount = mount
    request.clientToken = inbound.token
    if let known = exchange.known {
      request.clientTokenAccessor = known.entry.accessor
      request.clientID = known.entry.clientID
    }
    request.data = exchange.fields
    request.headers = { inbound.headers.values($0) }
    request.wrapTTL = inbound.wrapTTL
    request.remoteAddress = inbound.remoteAddress
    request.remotePort = inbound.remotePort
    receipt = try broker.request(
      request, by: caller, error: self.refusal ?? "", waitsForAnswer: refusal != nil || exchange.isPure)
  }

  /// Must be done before the answer is sent.
  func response(_ outcome: Outcome) throws {
    guard let receipt else { return }
    let response = AuditResponse(mount: mount)
    var error = ""
    switch outcome.body {
    case .failure(let failure):
      let message = Failures.message(failure)
      // Texts about what a client sent are kept as digests in the answer's data and do not stand here as well.
      error = Failures.isInvalidRequest(failure) ? Failures.invalidRequest : message
      response.data = JSONText(["error": .string(message)] as JSONObject)
    case .none: return try broker.response(receipt, nil)
    case .envelope(let envelope):
      response.data = envelope.data.flatMap { $0.isNull ? nil : $0 }
      response.warnings = envelope.warnings
    case .bare(let reply):
      if exchange.route?.traits.contains(.wrappingToken) == true { try? response.tell(unwrapped: reply) }
    }
    var login: AuditCaller?
    if let issued = outcome.issued {
      var face = Self.face(
        of: issued.entry, text: issued.text,
        identityPolicies: state.identityPolicies(of: issued.entry))
      face.entityCreated = outcome.hasNewEntity
      if exchange.known == nil { login = AuditCaller(face) }
      face.numUses = issued.entry.grantedUses
      if outcome.wrap == nil { response.auth = face }
    }
    if outcome.wrap == nil { response.leaseID = outcome.leaseID }
    if let wrap = outcome.wrap {
      response.wrapInfo = AuditResponse.WrapInfo(
        token: wrap.token, accessor: wrap.accessor, ttl: wrap.ttl, creationTime: wrap.creationTime,
        creationPath: wrap.creationPath, wrappedAccessor: wrap.wrappedAccessor)
    }
    response.headers = outcome.headers
    try broker.response(receipt, response, by: login, error: error)
  }

  private var mount: AuditMount? {
    // Without a valid token the log does not tell which mount it was that the caller could not use.
    let isKnown = exchange.known != nil || exchange.isOpen
    return isKnown ? exchange.face?.audited.known : exchange.face?.audited.unknown
  }

  private var caller: AuditCaller? {
    let isAllowed = refusal == nil
    guard let known = exchange.known else {
      guard exchange.isOpen else { return nil }
      return AuditCaller(isAllowed ? Self.anyone : Self.anyoneRefused) {
        var auth = AuditAuth()
        auth.tokenType = "default"
        auth.policyResults = AuditAuth.PolicyResults(allowed: isAllowed)
        return auth
      }
    }
    let (granting, identityPolicies) = (exchange.grantingPolicies, exchange.identityPolicies)
    let judgement = AuditFaces.Judgement(isAllowed: isAllowed, granting: granting, identity: identityPolicies)
    let text = exchange.request.token
    return AuditCaller(AuditFaces.memory(of: known, judged: judgement)) {
      var auth = Self.face(of: known.entry, text: text, identityPolicies: identityPolicies)
      auth.remainingUses = known.entry.numberOfUses
      auth.tokenTTL = known.entry.ttl
      auth.tokenIssueTime = known.entry.issueTime
      auth.policyResults = AuditAuth.PolicyResults(
        allowed: isAllowed, grantingPolicies: granting.map { AuditAuth.GrantingPolicy(name: $0) })
      return auth
    }
  }

  private static let anyone = AuditMemory()
  private static let anyoneRefused = AuditMemory()

  private var state: ActiveState { exchange.state }

  private static func face(of token: TokenEntry, text: String, identityPolicies: [String]) -> AuditAuth {
    var auth = AuditAuth()
    auth.clientToken = text
    auth.accessor = token.accessor
    auth.displayName = token.displayName
    auth.policies = identityPolicies.isEmpty ? token.policies : Set(token.policies + identityPolicies).sorted()
    auth.identityPolicies = identityPolicies
    auth.tokenPolicies = token.policies
    auth.metadata = token.metadata ?? [:]
    auth.entityID = token.entityID
    auth.tokenType = token.type.rawValue
    auth.tokenTTL = token.ttl
    return auth
  }
}

extension AuditResponse {
  /// Tells what a wrapping token gave: the answer that it kept, or, where that was moved on, the next wrapping token.
  /// - Throws: where the body is no JSON object, which no such answer is.
  fileprivate func tell(unwrapped reply: Reply) throws {
    let body: JSONText
    switch reply.content {
    case .envelope(let text), .plain(let text): body = text
    default: return
    }
    let members = try JSONParser.rawMembers(body.bytes, limits: .unlimited)
    func member(_ name: String) -> JSONText? { members.first { $0.name == name }?.text }
    data = member("data").flatMap { $0.isNull ? nil : $0 }
    leaseID = (try? member("lease_id")?.parsed().stringValue) ?? ""
    warnings = (try? member("warnings")?.parsed().arrayValue?.compactMap(\.stringValue)) ?? []
    auth = (try? member("auth")?.parsed()).flatMap(AuditAuth.init(answer:))
    wrapInfo = (try? member("wrap_info")?.parsed()).flatMap(WrapInfo.init(answer:))
  }
}

extension AuditAuth {
  /// Of an envelope's `auth`; nil for null.
  fileprivate init?(answer: JSONValue) {
    guard let object = answer.objectValue else { return nil }
    func text(_ name: String) -> String { object[name]?.stringValue ?? "" }
    func texts(_ name: String) -> [String] { object[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    self.init()
    clientToken = text("client_token")
    accessor = text("accessor")
    policies = texts("policies")
    identityPolicies = texts("identity_policies")
    tokenPolicies = texts("token_policies")
    for member in object["metadata"]?.objectValue?.members ?? [] { metadata[member.name] = member.value.stringValue }
    entityID = text("entity_id")
    tokenType = text("token_type")
    tokenTTL = .seconds(object["lease_duration"]?.int64Value ?? 0)
    numUses = object["num_uses"]?.int64Value ?? 0
  }
}

extension AuditResponse.WrapInfo {
  /// Of an envelope's `wrap_info`; nil for null.
  fileprivate init?(answer: JSONValue) {
    guard let object = answer.objectValue,
      let created = object["creation_time"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
    else { return nil }
    func text(_ name: String) -> String { object[name]?.stringValue ?? "" }
    self.init(
      token: text("token"), accessor: text("accessor"), ttl: .seconds(object["ttl"]?.int64Value ?? 0),
      creationTime: created, creationPath: text("creation_path"), wrappedAccessor: text("wrapped_accessor"))
  }
}
