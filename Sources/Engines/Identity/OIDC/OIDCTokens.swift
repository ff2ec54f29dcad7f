internal import EngineAPI
internal import Identity
internal import IdentityTokens
internal import JOSE
internal import JSONText
internal import Primitives

private enum Fields {
  static let issuer = Field.string(
    "issuer", "Scheme, host and port of the issuer's URL; the server's own address where it is empty.")
  static let name = Field.string("name", "The name of the role.")
  static let token = Field.string("token", "An identity token.", required: true, secret: true)
  static let clientID = Field.string("client_id", "Whom the token must be for; anybody where it is not said.")
}

extension IdentityEngine {
  static let oidcTokenRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/config", fields: [Fields.issuer.description], summary: "Who the issuer of identity tokens is",
      [
        .read: { engine, _ in .data(["issuer": .string(try engine.oidc.issuer)]) },
        .update: { try $0.configureIssuer($1) },
      ]),
    Route(
      "oidc/token/{name}", fields: [Fields.name.description],
      summary: "An identity token of a role for the caller", [.read: { try $0.issueToken($1) }]),
    Route(
      "oidc/introspect", fields: [Fields.token.description, Fields.clientID.description],
      summary: "Tells whether an identity token is good now", [.update: { try $0.introspect($1) }]),
  ]

  private func configureIssuer(_ call: Call) throws -> Reply {
    guard let issuer = try call[Fields.issuer] else { return .none }
    let checked = try OIDCIssuer.checked(issuer)
    try oidc.change { $0.put(issuer: checked) }
    if checked.isEmpty { return .none }
    return .warning(OIDCIssuer.setWarning)
  }

  private func issueToken(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let role = try oidc.read(OIDCRole.self, name) else {
      throw EngineError.invalid("role \"\(name)\" not found")
    }
    guard let entityID = call.principal?.entityID, !entityID.isEmpty,
      let subject = try call.active.state.templateSubject(entityID)
    else { throw EngineError.invalid("no entity associated with the request's token") }
    guard let key = try oidc.read(NamedKey.self, role.key) else {
      throw EngineError.invalid("key \"\(role.key)\" not found")
    }
    guard key.allows(clientID: role.clientID) else {
      throw EngineError.invalid(
        "the key \"\(role.key)\" does not list the client ID of the role \"\(name)\" as an allowed client ID")
    }
    guard let signing = try oidc.signingKey(role.key, now: call.now) else {
      throw EngineError.invalid("key \"\(role.key)\" not found")
    }
    var claims = try OIDCTemplate.stored(role.template).claims(for: subject, now: call.now)
    claims["iss"] = .string(try OIDCIssuer.tokens(oidc.issuer, call))
    claims["sub"] = .string(entityID)
    claims["aud"] = .string(role.clientID)
    claims["iat"] = .int(call.now.seconds)
    claims["exp"] = .int((call.now + role.ttl).seconds)
    claims["namespace"] = "root"
    return .data([
      "client_id": .string(role.clientID), "token": .string(try signing.sign(claims)), "ttl": .int(role.ttl.seconds),
    ])
  }

  private func introspect(_ call: Call) throws -> Reply {
    let reason = try fault(of: call[Fields.token] ?? "", audience: call[Fields.clientID] ?? "", call)
    guard let reason else { return OAuthReply.json(["active": true]) }
    return OAuthReply.json(["active": false, "error": .string(reason)])
  }

  /// Why the token is not good; nil where it is.
  private func fault(of text: String, audience: String, _ call: Call) throws -> String? {
    guard let token = SignedToken(text) else { return "the token is no signed JWT" }
    guard let id = token.header["kid"]?.stringValue, let key = try publishedKey(id, now: call.now),
      token.isSigned(by: key.publicKey, algorithm: key.algorithm)
    else { return "unable to validate the token signature" }
    let claims = token.claims
    guard try claims["iss"]?.stringValue == OIDCIssuer.tokens(oidc.issuer, call) else {
      return "the token was not issued here, or for another use"
    }
    guard audience.isEmpty || claims["aud"]?.stringValue == audience else {
      return "the token is for another client_id"
    }
    guard let expires = claims["exp"]?.int64Value, call.now.seconds < expires else { return "the token is expired" }
    // A template may say from when on it holds.
    if let begins = claims["nbf"]?.int64Value, call.now.seconds < begins { return "the token is not valid yet" }
    guard let subject = claims["sub"]?.stringValue, let entity = try call.identity.store.entity(id: subject) else {
      return "entity was not found"
    }
    return entity.isDisabled ? "entity was disabled" : nil
  }

  private func publishedKey(_ id: String, now: Timestamp) throws -> KeyRing.PublishedKey? {
    for (name, key) in try oidc.all(NamedKey.self) {
      let published = try oidc.ring(name)?.published(at: now, rules: key.rules) ?? []
      if let found = published.first(where: { $0.id == id }) { return found }
    }
    return nil
  }
}
