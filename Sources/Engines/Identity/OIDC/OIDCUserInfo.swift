internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel

/// The userinfo endpoint (OpenID Connect Core 1.0, section 5.3). Open to the kernel, because its tokens are the
/// provider's own.
extension IdentityEngine {
  static let oidcUserInfoRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/provider/{name}/userinfo", traits: .unauthenticated,
      summary: "What an access token's scopes say of a person",
      [.read: { try $0.userInfo($1) }, .update: { try $0.userInfo($1) }])
  ]

  private func userInfo(_ call: Call) throws -> Reply {
    do {
      guard let grant = try validGrant(call) else {
        return OAuthError(.invalidToken, "access token is invalid or expired").reply()
      }
      var claims = try claims(of: grant.entityID, scopes: grant.scopes, call)
      claims["sub"] = .string(grant.entityID)
      return OAuthReply.json(claims)
    } catch let error as OAuthError { return error.reply() }
  }

  /// The grant in the caller's token, where all that it was given for still holds.
  private func validGrant(_ call: Call) throws -> UserInfoGrant? {
    let token = try call.session.inbound.token
    guard let grant = try oidc.accessTokenSeal().open(token, now: call.now), grant.provider == call.capture("name"),
      let provider = try oidc.read(OIDCProvider.self, grant.provider), provider.allows(clientID: grant.clientID),
      let client = try oidc.client(id: grant.clientID)?.client
    else { return nil }
    let identity = try call.identity.store
    guard let entity = identity.entity(id: grant.entityID), !entity.isDisabled,
      try isAssigned(entity, to: client, identity)
    else { return nil }
    return grant
  }
}
