package import EngineAPI
package import JSONText
package import MemoryStore
package import Primitives
internal import StorageAPI

private struct NoOrigin: CallOrigin {}

/// A mount of an engine with a clock that tests step, called the way the kernel calls it.
package final class MountedFixture<E: Engine>: Sendable {
  package let store: MemoryStore
  package let now = Locked(Timestamp(seconds: 1_700_000_000))
  /// The engine itself, for what is no request.
  package let method: E
  package let engine: MountedEngine
  private let path: String

  /// - Parameter path: where it is mounted, with `/` at its end.
  package init(
    _ path: String, store: MemoryStore = MemoryStore(), defaultTTL: TimeSpan = .hours(768),
    maxTTL: TimeSpan = .hours(768), _ make: (MountContext) throws -> E
  ) rethrows {
    let now = now
    self.path = path
    self.store = store
    method = try make(
      MountContext(
        path: { path }, accessor: "accessor_1", uuid: "u", type: "type",
        storage: StorageView(PlainStore(store: store), prefix: "mount/"), clock: WallClock { now.withLock { $0 } },
        random: .seeded(1),
        settings: { MountSettings(defaultTTL: defaultTTL, maxTTL: maxTTL, options: [:]) }, log: { _, _ in }))
    engine = MountedEngine(method)
  }

  package func step(_ span: TimeSpan) { now.withLock { $0 = $0 + span } }

  @discardableResult
  package func call(
    _ operation: Operation, _ path: String, _ fields: JSONObject = [:], from address: String = "127.0.0.1",
    principal: Principal? = nil, identity: @escaping @Sendable (String) -> String? = { _ in nil }
  ) throws -> Answer {
    guard let (route, captures) = engine.route(path) else { return Answer(status: 404, error: "unsupported path") }
    func made(_ operation: Operation) -> Call {
      Call(
        id: "id", operation: operation, mountPoint: self.path, path: path, captures: captures, fields: fields,
        rawBody: [], headers: [:], remoteAddress: address, now: now.withLock { $0 }, principal: principal, wrapTTL: nil,
        identity: identity, origin: NoOrigin())
    }
    do {
      var operation = operation
      if operation == .update, let exists = route.exists, try !exists(made(.update)) { operation = .create }
      return try Answer(route.run(made(operation)), to: operation)
    } catch let error as EngineError {
      return Answer(error)
    }
  }

  /// By which name the kernel counts this login.
  package func loginName(_ path: String, _ fields: JSONObject = [:]) throws -> String? {
    guard let (route, captures) = engine.route(path) else { return nil }
    return try route.loginName?(
      Call(
        id: "id", operation: .update, mountPoint: self.path, path: path, captures: captures, fields: fields,
        rawBody: [], headers: [:], remoteAddress: "127.0.0.1", now: now.withLock { $0 }, principal: nil, wrapTTL: nil,
        origin: NoOrigin()))
  }
}
