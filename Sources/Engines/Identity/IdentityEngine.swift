package import EngineAPI
internal import Identity
internal import Kernel

/// Who the clients are: entities, their aliases, and groups of them. Mounted once, as `identity/`.
package struct IdentityEngine: Engine {
  package static let type = EngineType(
    name: "identity", mountClass: .secret, version: "v1.0.0+builtin.coffer", isSingleton: true,
    make: { _ in MountedEngine(IdentityEngine()) })

  package static let routes: [Route<IdentityEngine>] =
    entityRoutes + entityAliasRoutes + groupRoutes + groupAliasRoutes + lookupRoutes + mfaRoutes
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
