package import Primitives

/// Whether a mount holds secrets, lets people in, or is the server's own face.
package enum MountClass: String, Sendable { case secret, auth }

/// A kind of engine that can be mounted. The list of them is made by the program's composition, not by a registry.
package struct EngineType: Sendable {
  /// The `type` of the mount, such as `kv`.
  package let name: String
  package let mountClass: MountClass
  /// What `running_plugin_version` shows.
  package let version: String
  /// At most one mount of this type may be there, and clients cannot enable it.
  package let isSingleton: Bool
  /// The `plugin_name`s of databases that mounts of this type take, for the catalogue of plugins.
  package let databasePlugins: [String]
  /// Makes the engine for a mount, by its options where the type has variants.
  package let make: @Sendable (MountContext) throws -> MountedEngine

  package init(
    name: String, mountClass: MountClass, version: String, isSingleton: Bool = false,
    databasePlugins: [String] = [], make: @escaping @Sendable (MountContext) throws -> MountedEngine
  ) {
    self.name = name
    self.mountClass = mountClass
    self.version = version
    self.isSingleton = isSingleton
    self.databasePlugins = databasePlugins
    self.make = make
  }
}

/// An engine with its type forgotten: what the kernel's router calls. A class, like its routes, because every request
/// passes them on several times.
package final class MountedEngine: Sendable {
  /// A route without its engine's type.
  package final class BoundRoute: Sendable {
    package let pattern: PathPattern
    package let traits: RouteTraits
    package let sudoOperations: Set<Operation>
    package let fields: [FieldDescription]
    package let fieldNames: Set<String>
    package let summary: String
    package let help: String
    package let operations: Set<Operation>
    package let run: @Sendable (Call) throws -> Reply
    /// Nil where every write is an update.
    package let exists: (@Sendable (Call) throws -> Bool)?
    /// Nil where failed logins are not counted.
    package let loginName: (@Sendable (Call) throws -> String)?
    /// Nil where a login names its role, if any.
    package let loginRole: (@Sendable (Call) throws -> String)?

    init<E: Engine>(_ route: Route<E>, of engine: E) {
      pattern = route.pattern
      traits = route.traits
      sudoOperations = route.sudoOperations
      fields = route.fields
      fieldNames = Set(route.fields.map(\.name))
      summary = route.summary
      help = route.help
      operations = Set(route.handlers.keys)
      run = { call in
        // A create is answered by the update handler where the route has only one for both.
        guard
          let handler = route.handlers[call.operation] ?? (call.operation == .create ? route.handlers[.update] : nil)
        else {
          throw route.traits.contains(.refusesWithoutText)
            ? EngineError(status: 405, messages: []) : EngineError.unsupportedOperation
        }
        return try handler(engine, call)
      }
      if let check = route.exists { exists = { call in try check(engine, call) } } else { exists = nil }
      if let name = route.loginName { loginName = { call in try name(engine, call) } } else { loginName = nil }
      if let role = route.loginRole { loginRole = { call in try role(engine, call) } } else { loginRole = nil }
    }
  }

  package let routes: [BoundRoute]
  /// The routes that paths with that first segment can match, in their order; there are engines with hundreds.
  private let byFirstLiteral: [String: [BoundRoute]]
  /// Those that do not say what the first segment is.
  private let unfixed: [BoundRoute]
  package let tuned: @Sendable () throws -> Void
  package let revoke: @Sendable (LeaseRequest) throws -> Void
  package let renew: @Sendable (LeaseRequest, _ increment: TimeSpan) throws -> LeaseRequest
  package let renewLogin: @Sendable (LoginGrant) throws -> LoginGrant
  package let work: @Sendable (_ now: Timestamp) throws -> Timestamp?
  package let close: @Sendable () -> Void

  package init<E: Engine>(_ engine: E) {
    let routes = E.routes.map { BoundRoute($0, of: engine) }
    self.routes = routes
    var unfixed: [BoundRoute] = []
    var byFirstLiteral: [String: [BoundRoute]] = [:]
    for route in routes {
      if let literal = route.pattern.firstLiteral {
        byFirstLiteral[literal, default: unfixed].append(route)
      } else {
        unfixed.append(route)
        for literal in byFirstLiteral.keys { byFirstLiteral[literal]?.append(route) }
      }
    }
    self.unfixed = unfixed
    self.byFirstLiteral = byFirstLiteral
    tuned = { try engine.tuned() }
    revoke = { lease in try Blocking.run { try engine.revoke(lease) } }
    renew = { lease, increment in try Blocking.run { try engine.renew(lease, increment: increment) } }
    renewLogin = { login in try Blocking.run { try engine.renew(login) } }
    work = { try engine.work(now: $0) }
    close = { engine.close() }
  }

  /// The first route that matches, with what its pattern captured.
  package func route(_ path: String) -> (route: BoundRoute, captures: [String: String])? {
    let first = path.utf8.firstIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? path
    for route in byFirstLiteral[first] ?? unfixed {
      if let captures = route.pattern.match(path) { return (route, captures) }
    }
    return nil
  }
}
