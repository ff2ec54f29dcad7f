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
    request.clientTokenAccessor = exchange.token?.accessor ?? ""
    request.clientID = exchange.token?.clientID ?? ""
    request.data = exchange.fields
    let headers = inbound.headers
    request.headers = { headers.values($0) }
    request.wrapTTL = inbound.wrapTTL
    request.remoteAddress = inbound.remoteAddress
    request.remotePort = inbound.remotePort
    receipt = try broker.request(request, auth: auth, error: self.refusal ?? "")
  }

  /// Must be done before the answer is sent.
  func response(_ outcome: Outcome) throws {
    guard let receipt else { return }
    var response = AuditResponse(mount: mount)
    var error = ""
    switch outcome.body {
    case .failure(let failure):
      let message = Failures.message(failure)
      // Texts about what a client sent are kept as digests in the answer's data and do not stand here as well.
      error = Failures.isInvalidRequest(failure) ? Failures.invalidRequest : message
      response.data = JSONText(["error": .string(message)] as JSONObject)
    case .none: return try broker.response(receipt, nil, auth: nil)
    case .envelope(let envelope):
      response.data = envelope.data.flatMap { $0.isNull ? nil : $0 }
      response.warnings = envelope.warnings
    case .bare: break
    }
    var loginAuth: AuditAuth?
    if let issued = outcome.issued {
      var face = Self.face(
        of: issued.entry, text: issued.text,
        identityPolicies: state.identityPolicies(of: issued.entry))
      face.entityCreated = outcome.hasNewEntity
      if outcome.wrap == nil { response.auth = face }
      if exchange.token == nil { loginAuth = face }
    }
    if let wrap = outcome.wrap {
      response.wrapInfo = AuditResponse.WrapInfo(
        token: wrap.token, accessor: wrap.accessor, ttl: wrap.ttl, creationTime: wrap.creationTime,
        creationPath: wrap.creationPath, wrappedAccessor: wrap.wrappedAccessor)
    }
    response.headers = outcome.headers
    try broker.response(receipt, response, auth: loginAuth, error: error)
  }

  private var mount: AuditMount? {
    guard let mount = exchange.mount else { return nil }
    let entry = mount.entry
    // Without a valid token the log does not tell which mount it was that the caller could not use.
    let isKnown = exchange.token != nil || exchange.isOpen
    var face = AuditMount(
      point: entry.requestPath, type: entry.type, accessor: isKnown ? entry.accessor : "",
      mountClass: entry.mountClass.rawValue, version: mount.type.version)
    face.clearRequestKeys = entry.configuration.auditNonHMACRequestKeys ?? []
    face.clearResponseKeys = entry.configuration.auditNonHMACResponseKeys ?? []
    return face
  }

  private var auth: AuditAuth? {
    if let token = exchange.token {
      var auth = Self.face(of: token, text: exchange.request.token, identityPolicies: exchange.identityPolicies)
      auth.tokenTTL = token.ttl
      auth.tokenIssueTime = token.issueTime
      auth.policyResults = AuditAuth.PolicyResults(
        allowed: refusal == nil, grantingPolicies: exchange.grantingPolicies.map { AuditAuth.GrantingPolicy(name: $0) })
      return auth
    }
    guard exchange.isOpen else { return nil }
    var auth = AuditAuth()
    auth.tokenType = "default"
    auth.policyResults = AuditAuth.PolicyResults(allowed: refusal == nil)
    return auth
  }

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
    auth.numUses = token.grantedUses
    auth.remainingUses = token.numberOfUses
    return auth
  }
}
