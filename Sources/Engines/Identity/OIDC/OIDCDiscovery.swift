internal import EngineAPI
internal import IdentityTokens
internal import JOSE
internal import JSONText
internal import Primitives

extension IdentityEngine {
  static let oidcDiscoveryRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/.well-known/openid-configuration", traits: .unauthenticated,
      summary: "What verifiers of identity tokens need to know", [.read: { try $0.discoverTokens($1, child: "") }]),
    Route(
      "oidc/.well-known/keys", traits: .unauthenticated, summary: "The keys that verify identity tokens",
      [.read: { engine, call in try engine.publish(engine.keysOfRoles(), call) }]),
    // Tokens that plugins get have an issuer of their own.
    Route(
      "oidc/plugins/.well-known/openid-configuration", traits: [.unauthenticated, .hidden],
      summary: "The same below the issuer of plugins' tokens",
      [.read: { try $0.discoverTokens($1, child: "/plugins") }]),
    Route(
      "oidc/plugins/.well-known/keys", traits: [.unauthenticated, .hidden],
      summary: "The keys that verify plugins' tokens",
      [.read: { engine, call in try engine.publish(engine.keysOfRoles(), call) }]),
    Route(
      "oidc/provider/{name}/.well-known/openid-configuration", traits: .unauthenticated,
      summary: "What clients of a provider need to know", [.read: { try $0.discoverProvider($1) }]),
    Route(
      "oidc/provider/{name}/.well-known/keys", traits: .unauthenticated,
      summary: "The keys that verify a provider's ID tokens",
      [
        .read: { engine, call in
          guard let provider = try engine.oidc.read(OIDCProvider.self, call.capture("name")) else { return .none }
          return try engine.publish(engine.keys(of: provider), call)
        }
      ]),
  ]

  private static let cacheSeconds: Int64 = 3600
  private static let algorithms = JSONValue.strings(SignatureAlgorithm.allCases.map(\.rawValue))

  private func discoverTokens(_ call: Call, child: String) throws -> Reply {
    let issuer = try OIDCIssuer.tokens(oidc.issuer, call) + child
    return OAuthReply.cached(
      [
        "id_token_signing_alg_values_supported": Self.algorithms, "issuer": .string(issuer),
        "jwks_uri": .string(issuer + "/.well-known/keys"), "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
      ], seconds: Self.cacheSeconds)
  }

  private func discoverProvider(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let provider = try oidc.read(OIDCProvider.self, name) else { return .none }
    let issuer = try OIDCIssuer.provider(name, provider, call)
    let document: JSONObject = [
      "issuer": .string(issuer), "jwks_uri": .string(issuer + "/.well-known/keys"),
      "authorization_endpoint": .string(try OIDCIssuer.authorization(name, provider, call)),
      "token_endpoint": .string(issuer + "/token"), "userinfo_endpoint": .string(issuer + "/userinfo"),
      "claims_supported": [], "code_challenge_methods_supported": ["plain", "S256"],
      "grant_types_supported": ["authorization_code"], "id_token_signing_alg_values_supported": Self.algorithms,
      "request_parameter_supported": false, "request_uri_parameter_supported": false,
      "response_types_supported": ["code"], "scopes_supported": .strings(provider.scopes + [OIDCScope.openID]),
      "subject_types_supported": ["public"],
      "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
    ]
    return OAuthReply.cached(document, seconds: Self.cacheSeconds)
  }

  private func keysOfRoles() throws -> Set<String> { Set(try oidc.all(OIDCRole.self).map(\.value.key)) }

  private func keys(of provider: OIDCProvider) throws -> Set<String> {
    if provider.allowedClientIDs.contains(OIDCAccess.everybody) {
      return Set(try oidc.all(OIDCClient.self).map(\.value.key))
    }
    return Set(try provider.allowedClientIDs.compactMap { try oidc.client(id: $0)?.client.key })
  }

  /// A set of JSON Web Keys (RFC 7517, section 5), which may be kept until one of them rotates.
  private func publish(_ names: Set<String>, _ call: Call) throws -> Reply {
    var keys: [JSONValue] = []
    var untilRotation: Int64?
    for name in names.sorted() {
      guard let key = try oidc.read(NamedKey.self, name), let ring = try oidc.ring(name) else { continue }
      for published in ring.published(at: call.now, rules: key.rules) {
        keys.append(
          .object(
            try JSONWebKey.publicKey(published.publicKey, id: published.id, algorithm: published.algorithm)))
      }
      let left = (ring.nextRotation - call.now).seconds
      untilRotation = min(untilRotation ?? left, left)
    }
    return OAuthReply.cached(["keys": .array(keys)], seconds: untilRotation ?? 0)
  }
}
