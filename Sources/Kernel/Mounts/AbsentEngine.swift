internal import EngineAPI
import Primitives

/// Stands in for an engine that this program does not have, as after a step back to an older version: the mount keeps
/// path and data, says why it does not serve, and can be disabled.
struct AbsentEngine: Engine {
  let name: String

  static func type(_ name: String, _ mountClass: MountClass) -> EngineType {
    EngineType(name: name, mountClass: mountClass, version: "") { _ in
      // Who logs in has no token to ask with.
      mountClass == .auth
        ? MountedEngine(AbsentMethod(name: name)) : MountedEngine(AbsentEngine(name: name))
    }
  }

  static let routes: [Route<AbsentEngine>] = everything([.freeFields, .hidden]) { $0.failure }

  /// 501, which clients do not try again.
  var failure: EngineError {
    EngineError(
      status: 501,
      messages: ["the engine \"\(name)\" of this mount is not in this program; its data is kept and not served"])
  }

  func revoke(_ lease: LeaseRequest) throws { throw failure }
  func renew(_ lease: LeaseRequest, increment: TimeSpan) throws -> LeaseRequest { throw failure }
  func renew(_ login: LoginGrant) throws -> LoginGrant { throw failure }

  fileprivate static func everything<E: Engine>(
    _ traits: RouteTraits, _ failure: @escaping @Sendable (E) -> EngineError
  ) -> [Route<E>] {
    let refuse: Route<E>.Handler = { engine, _ in throw failure(engine) }
    return [
      Route(
        "{path...?}", traits: traits, summary: "Nothing is served here",
        [.read: refuse, .list: refuse, .update: refuse, .patch: refuse, .delete: refuse, .header: refuse])
    ]
  }
}

/// The same for an auth method.
private struct AbsentMethod: Engine {
  let name: String
  static let routes: [Route<AbsentMethod>] = AbsentEngine.everything([.freeFields, .hidden, .unauthenticated]) {
    AbsentEngine(name: $0.name).failure
  }

  func renew(_ login: LoginGrant) throws -> LoginGrant { throw AbsentEngine(name: name).failure }
}
