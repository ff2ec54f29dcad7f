internal import EngineAPI
internal import Identity
internal import IdentityTokens
internal import JSONText
internal import Primitives

private enum Fields {
  static let name = Field.string("name", "The name of the provider.")
  static let scope = Field.string("scope", "The scopes, with blanks between them; `openid` among them.", required: true)
  static let responseType = Field.string("response_type", "`code`.", required: true)
  static let clientID = Field.string("client_id", "Who asks.", required: true)
  static let redirectURI = Field.string("redirect_uri", "Where the person is sent back to.", required: true)
  static let state = Field.string("state", "Given back as it is.")
  static let nonce = Field.string("nonce", "Will stand in the ID token.")
  static let maxAge = Field.int("max_age", "How many seconds ago the person may have logged in.")
  static let challenge = Field.string("code_challenge", "The challenge of PKCE; required of public clients.")
  static let challengeMethod = Field.string("code_challenge_method", "`plain` (default) or `S256`.")
  static let prompt = Field.string("prompt", "Accepted; it is the user interface that prompts.")
  static let request = Field.string("request", "Not supported.")
  static let requestURI = Field.string("request_uri", "Not supported.")

  static let all = [
    name.description, scope.description, responseType.description, clientID.description, redirectURI.description,
    state.description, nonce.description, maxAge.description, challenge.description, challengeMethod.description,
    prompt.description, request.description, requestURI.description,
  ]
}

/// The authorisation endpoint (OpenID Connect Core 1.0, section 3.1.2). Whoever calls it has logged in, as its token
/// shows; what sends the person to the client with the code is the caller's part.
extension IdentityEngine {
  static let oidcAuthorizationRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/provider/{name}/authorize", fields: Fields.all, summary: "A code by which a client gets to know the caller",
      [.read: { try $0.authorize($1) }, .update: { try $0.authorize($1) }])
  ]

  /// Codes hold these in memory.
  private static let longestText = 1024
  private static let codeCharacters = 32

  private func authorize(_ call: Call) throws -> Reply {
    let state = try call[Fields.state] ?? ""
    do {
      let grant = try grant(call)
      let code = oidc.random.base62(Self.codeCharacters)
      guard oidc.codes.withLock({ $0.add(code, grant, now: call.now) }) else {
        throw OAuthError(.temporarilyUnavailable, "too many codes wait to be exchanged; try again in some minutes")
      }
      var answer: JSONObject = ["code": .string(code)]
      if !state.isEmpty { answer["state"] = .string(state) }
      return OAuthReply.json(answer)
    } catch let error as OAuthError { return error.reply(state: state) }
  }

  private func grant(_ call: Call) throws -> AuthorizationGrant {
    let clientID = try call[Fields.clientID] ?? ""
    if clientID.isEmpty { throw OAuthError(.invalidClientID, "client_id parameter is required") }
    guard let client = try oidc.client(id: clientID)?.client else {
      throw OAuthError(.invalidClientID, "client with client_id not found")
    }
    let redirectURI = try call[Fields.redirectURI] ?? ""
    if redirectURI.isEmpty { throw OAuthError(.invalidRequest, "redirect_uri parameter is required") }
    guard RedirectURI.isAllowed(redirectURI, client.redirectURIs) else {
      throw OAuthError(.invalidRedirectURI, "redirect_uri is not allowed for the client")
    }
    let name = call.capture("name")
    guard let provider = try oidc.read(OIDCProvider.self, name) else {
      throw OAuthError(.invalidRequest, "provider not found")
    }
    try checkUse(of: client, at: provider, refusing: .unauthorizedClient)
    if call.has(Fields.request) { throw OAuthError(.requestNotSupported, "request parameter is not supported") }
    if call.has(Fields.requestURI) {
      throw OAuthError(.requestURINotSupported, "request_uri parameter is not supported")
    }
    let scopes = try requestedScopes(call, provider)
    try checkResponseType(call)
    let challenge = try challenge(call, client)
    let nonce = try call[Fields.nonce] ?? ""
    guard nonce.utf8.count <= Self.longestText else { throw OAuthError(.invalidRequest, "nonce is too long") }
    let entity = try entity(call, of: client)
    return AuthorizationGrant(
      provider: name, clientID: clientID, entityID: entity.id, redirectURI: redirectURI, nonce: nonce, scopes: scopes,
      challenge: challenge, authenticated: try authentication(call))
  }

  /// - Throws: where the provider does not take the client, or its key does not sign for it.
  func checkUse(of client: OIDCClient, at provider: OIDCProvider, refusing code: OAuthError.Code) throws {
    guard provider.allows(clientID: client.clientID) else {
      throw OAuthError(code, "client is not authorized to use the provider")
    }
    guard try oidc.read(NamedKey.self, client.key)?.allows(clientID: client.clientID) == true else {
      throw OAuthError(code, "client is not authorized to use the key")
    }
  }

  /// Those that the provider has, without `openid`; others are ignored (OpenID Connect Core 1.0, section 3.1.2.1).
  private func requestedScopes(_ call: Call, _ provider: OIDCProvider) throws -> [String] {
    let text = try call[Fields.scope] ?? ""
    guard text.utf8.count <= Self.longestText else { throw OAuthError(.invalidScope, "scope is too long") }
    let wanted = text.split(separator: " ").map(String.init)
    guard wanted.contains(OIDCScope.openID) else {
      throw OAuthError(.invalidScope, "scope parameter must contain the \"\(OIDCScope.openID)\" value")
    }
    let scopes = OIDCAccess.unique(wanted).filter(provider.scopes.contains)
    _ = try templates(of: scopes)
    return scopes
  }

  private func checkResponseType(_ call: Call) throws {
    let type = try call[Fields.responseType] ?? ""
    if type.isEmpty { throw OAuthError(.invalidRequest, "response_type parameter is required") }
    guard type == "code" else { throw OAuthError(.unsupportedResponseType, "unsupported response_type value") }
  }

  private func challenge(_ call: Call, _ client: OIDCClient) throws -> CodeChallenge? {
    let text = try call[Fields.challenge] ?? ""
    if text.isEmpty {
      if client.kind == .public { throw OAuthError(.invalidRequest, "PKCE is required for public clients") }
      return nil
    }
    guard CodeChallenge.isWellFormed(text) else { throw OAuthError(.invalidRequest, "invalid code_challenge") }
    let method = try call[Fields.challengeMethod] ?? ""
    guard let method = CodeChallenge.Method(rawValue: method.isEmpty ? "plain" : method) else {
      throw OAuthError(.invalidRequest, "invalid code_challenge_method")
    }
    return CodeChallenge(text, method: method)
  }

  private func entity(_ call: Call, of client: OIDCClient) throws -> Entity {
    guard let id = call.principal?.entityID, !id.isEmpty else {
      throw OAuthError(.accessDenied, "identity entity must be associated with the request")
    }
    let identity = try call.identity.store
    guard let entity = identity.entity(id: id), !entity.isDisabled else {
      throw OAuthError(.accessDenied, "identity entity associated with the request not found")
    }
    guard try isAssigned(entity, to: client, identity) else {
      throw OAuthError(.accessDenied, "identity entity not authorized by client assignment")
    }
    return entity
  }

  /// When the caller logged in; nil where the client does not care.
  private func authentication(_ call: Call) throws -> Timestamp? {
    guard let maxAge = try call[Fields.maxAge] else { return nil }
    guard maxAge > 0 else { throw OAuthError(.invalidRequest, "max_age must be greater than zero") }
    guard let token = try call.session.token else {
      throw OAuthError(.accessDenied, "token associated with request not found")
    }
    guard (call.now - token.creationTime).seconds <= maxAge else {
      throw OAuthError(.maxAgeViolation, "active re-authentication is required by max_age")
    }
    return token.creationTime
  }

  // MARK: Claims

  /// - Throws: where two scopes make the same claim.
  private func templates(of scopes: [String]) throws -> [ClaimsTemplate] {
    var names: Set<String> = []
    var templates: [ClaimsTemplate] = []
    for scope in scopes {
      guard let scope = try oidc.read(OIDCScope.self, scope) else { continue }
      let template = try OIDCTemplate.stored(scope.template)
      for name in template.names where !names.insert(name).inserted {
        throw OAuthError(.invalidScope, "the requested scopes have conflicting claims")
      }
      templates.append(template)
    }
    return templates
  }

  /// What the scopes say of the entity.
  func claims(of entityID: String, scopes: [String], _ call: Call) throws -> JSONObject {
    guard let subject = try call.active.state.templateSubject(entityID) else { return [:] }
    var claims: JSONObject = [:]
    for template in try templates(of: scopes) {
      for member in template.claims(for: subject, now: call.now).members { claims[member.name] = member.value }
    }
    return claims
  }
}
