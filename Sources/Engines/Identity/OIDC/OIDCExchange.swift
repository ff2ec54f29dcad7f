internal import EngineAPI
internal import Identity
internal import IdentityTokens
internal import JSONText
internal import Primitives
internal import SecretMemory

private enum Fields {
  static let name = Field.string("name", "The name of the provider.")
  static let grantType = Field.string("grant_type", "`authorization_code`.", required: true)
  static let code = Field.string("code", "The code.", required: true, secret: true)
  static let redirectURI = Field.string("redirect_uri", "The one that the code was asked for with.", required: true)
  static let clientID = Field.string("client_id", "The client, where no `Authorization` header says it.")
  static let clientSecret = Field.string("client_secret", "Its secret, in the same way.", secret: true)
  static let verifier = Field.string("code_verifier", "What the challenge of PKCE was made of.", secret: true)

  static let all = [
    name.description, grantType.description, code.description, redirectURI.description, clientID.description,
    clientSecret.description, verifier.description,
  ]
}

/// The token endpoint (OpenID Connect Core 1.0, section 3.1.3).
extension IdentityEngine {
  static let oidcExchangeRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/provider/{name}/token", traits: .unauthenticated, fields: Fields.all,
      summary: "Exchanges a code for tokens", [.update: { try $0.exchange($1) }])
  ]

  private static let headers = [(name: "Pragma", value: "no-cache")]

  private func exchange(_ call: Call) throws -> Reply {
    do { return OAuthReply.json(try tokens(call), headers: Self.headers) } catch let error as OAuthError {
      return error.reply(headers: Self.headers)
    }
  }

  private func tokens(_ call: Call) throws -> JSONObject {
    let name = call.capture("name")
    guard let provider = try oidc.read(OIDCProvider.self, name) else {
      throw OAuthError(.invalidRequest, "provider not found")
    }
    let client = try authenticatedClient(call)
    try checkUse(of: client, at: provider, refusing: .invalidClient)
    let type = try call[Fields.grantType] ?? ""
    if type.isEmpty { throw OAuthError(.invalidRequest, "grant_type parameter is required") }
    guard type == "authorization_code" else {
      throw OAuthError(.unsupportedGrantType, "unsupported grant_type value")
    }
    let code = try call[Fields.code] ?? ""
    if code.isEmpty { throw OAuthError(.invalidRequest, "code parameter is required") }
    guard let grant = oidc.codes.withLock({ $0.take(code, now: call.now) }) else {
      throw OAuthError(.invalidGrant, "authorization grant is invalid or expired")
    }
    try check(grant, client, provider: name, call)
    guard let signing = try oidc.signingKey(client.key, now: call.now) else {
      throw OAuthError(.invalidClient, "client is not authorized to use the key")
    }
    let accessToken = try oidc.accessTokenSeal().seal(
      UserInfoGrant(
        provider: name, clientID: client.clientID, entityID: grant.entityID, scopes: grant.scopes,
        expires: call.now + client.accessTokenTTL))

    var claims = try self.claims(of: grant.entityID, scopes: grant.scopes, call)
    claims["iss"] = .string(try OIDCIssuer.provider(name, provider, call))
    claims["sub"] = .string(grant.entityID)
    claims["aud"] = .string(client.clientID)
    claims["iat"] = .int(call.now.seconds)
    claims["exp"] = .int((call.now + client.idTokenTTL).seconds)
    claims["namespace"] = "root"
    claims["at_hash"] = .string(Self.halfHash(accessToken, signing))
    claims["c_hash"] = .string(Self.halfHash(code, signing))
    if !grant.nonce.isEmpty { claims["nonce"] = .string(grant.nonce) }
    if let authenticated = grant.authenticated { claims["auth_time"] = .int(authenticated.seconds) }
    return [
      "access_token": .string(accessToken), "expires_in": .int(client.accessTokenTTL.seconds),
      "id_token": .string(try signing.sign(claims)), "token_type": "Bearer",
    ]
  }

  /// The left half of the hash that the signature uses (OpenID Connect Core 1.0, section 3.1.3.6).
  private static func halfHash(_ text: String, _ key: SigningKey) -> String {
    let hash = key.algorithm.hash
    return Base64.encode(hash.digest(of: text.utf8).prefix(hash.outputBytes / 2), alphabet: .url, padded: false)
  }

  // MARK: Clients

  /// The client that the request proves to come from; a public one proves it by PKCE, later.
  private func authenticatedClient(_ call: Call) throws -> OIDCClient {
    let failed = OAuthError(.invalidClient, "client failed to authenticate")
    let named = try call[Fields.clientID] ?? ""
    var id = named
    var secret = try call[Fields.clientSecret] ?? ""
    if let header = call.headers["authorization"]?.first, header.lowercased().hasPrefix("basic ") {
      guard let credentials = Self.basicCredentials(header), named.isEmpty || named == credentials.id else {
        throw failed
      }
      (id, secret) = credentials
    }
    guard let client = try oidc.client(id: id)?.client else { throw failed }
    let shown = SecretBytes(copying: Array(secret.utf8))
    guard client.secret.map({ $0 == shown }) ?? secret.isEmpty else { throw failed }
    return client
  }

  /// Both parts are encoded as in forms (RFC 7617; RFC 6749, section 2.3.1). Nil where they cannot be read.
  private static func basicCredentials(_ header: String) -> (id: String, secret: String)? {
    let text = header.dropFirst("basic ".count).filter { $0 != " " }
    guard let bytes = try? Base64.decode(text), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
      let id = PercentEncoding.decode(bytes[..<colon], plusIsSpace: true),
      let secret = PercentEncoding.decode(bytes[(colon + 1)...], plusIsSpace: true)
    else { return nil }
    return (id, secret)
  }

  // MARK: Grants

  private func check(_ grant: AuthorizationGrant, _ client: OIDCClient, provider: String, _ call: Call) throws {
    guard grant.clientID == client.clientID else {
      throw OAuthError(.invalidGrant, "authorization code was not issued to the client")
    }
    guard grant.provider == provider else {
      throw OAuthError(.invalidGrant, "authorization code was not issued by the provider")
    }
    let redirectURI = try call[Fields.redirectURI] ?? ""
    if redirectURI.isEmpty { throw OAuthError(.invalidRequest, "redirect_uri parameter is required") }
    guard grant.redirectURI.utf8.elementsEqual(redirectURI.utf8) else {
      throw OAuthError(
        .invalidGrant, "redirect_uri does not match the redirect_uri used in the authorization request")
    }
    try checkVerifier(call[Fields.verifier] ?? "", grant)
    let identity = try call.identity.store
    guard let entity = identity.entity(id: grant.entityID), !entity.isDisabled else {
      throw OAuthError(.invalidGrant, "identity entity associated with the request not found")
    }
    guard try isAssigned(entity, to: client, identity) else {
      throw OAuthError(.invalidGrant, "identity entity not authorized by client assignment")
    }
  }

  private func checkVerifier(_ verifier: String, _ grant: AuthorizationGrant) throws {
    guard let challenge = grant.challenge else {
      // Somebody took the challenge away on its way here (RFC 9700, section 4.8.2).
      if !verifier.isEmpty { throw OAuthError(.invalidRequest, "unexpected code_verifier for token exchange") }
      return
    }
    if verifier.isEmpty { throw OAuthError(.invalidRequest, "code_verifier parameter is required") }
    guard challenge.isMet(by: verifier) else {
      throw OAuthError(.invalidGrant, "invalid code_verifier for token exchange")
    }
  }
}
