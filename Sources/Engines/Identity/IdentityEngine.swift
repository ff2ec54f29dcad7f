package import EngineAPI
internal import Identity
internal import Kernel
package import Primitives

/// Who the clients are: entities, their aliases, and groups of them, and what others are told of them in signed tokens.
/// Mounted once, as `identity/`.
package struct IdentityEngine: Engine {
  package static let type = EngineType(
    name: "identity", mountClass: .secret, version: "v1.0.0+builtin.coffer", isSingleton: true,
    make: { context in
      MountedEngine(
        IdentityEngine(
          oidc: OIDCStore(
            storage: context.storage.view("oidc/"), random: context.random, requestWork: context.requestWork)))
    })

  let oidc: OIDCStore

  package func work(now: Timestamp) throws -> Timestamp? { try oidc.maintainRings(now: now) }

  package static let routes: [Route<IdentityEngine>] =
    entityRoutes + entityAliasRoutes + groupRoutes + groupAliasRoutes + lookupRoutes + mfaRoutes
    + oidcRoutes

  private static let oidcRoutes: [Route<IdentityEngine>] =
    oidcTokenRoutes + oidcKeyRoutes + oidcRoleRoutes + oidcScopeRoutes + oidcAssignmentRoutes + oidcClientRoutes
    + oidcProviderRoutes + oidcDiscoveryRoutes + oidcAuthorizationRoutes + oidcExchangeRoutes + oidcUserInfoRoutes
}

extension Call {
  /// What the routes of this engine work on.
  var identity: (store: IdentityStore, mounts: MountTable) {
    get throws {
      let state = try active.state
      return (state.identity, state.mounts)
    }
  }
}
