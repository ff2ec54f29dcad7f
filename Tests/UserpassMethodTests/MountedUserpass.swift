import EngineAPI
import JSONText
import MemoryStore
import Primitives
import StorageAPI
import Testing

@testable import UserpassMethod

private struct NoOrigin: CallOrigin {}

private struct Plain: LogicalStore {
  let store: MemoryStore
  func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(key) }
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try store.list(prefix, after: after, limit: limit)
  }
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { try store.commit(batch) }
}

/// What a request got.
struct Answer: Equatable {
  var status: Int
  var data: JSONValue?
  var grant: LoginGrant?
  var warnings: [String] = []
  var error = ""
  var isFailedLogin = false
  var wrappedAccessor = ""
}

/// A mount with a clock that tests step, called the way the kernel calls it.
final class MountedUserpass: Sendable {
  let store = MemoryStore()
  let now = Locked(Timestamp(seconds: 1_700_000_000))
  let method: UserpassMethod
  let engine: MountedEngine

  init() {
    let now = now
    method = UserpassMethod(
      context: MountContext(
        path: { "auth/m/" }, accessor: "auth_m_1", uuid: "u", type: "m",
        storage: StorageView(Plain(store: store), prefix: "mount/"), clock: WallClock { now.withLock { $0 } },
        random: .seeded(1),
        settings: { MountSettings(defaultTTL: .hours(768), maxTTL: .hours(768), options: [:]) }, log: { _, _ in }))
    engine = MountedEngine(method)
  }

  func step(_ span: TimeSpan) { now.withLock { $0 = $0 + span } }

  private func made(
    _ operation: Operation, _ path: String, _ captures: [String: String], _ fields: JSONObject, _ address: String
  ) -> Call {
    Call(
      id: "id", operation: operation, mountPoint: "auth/m/", path: path, captures: captures, fields: fields,
      rawBody: [], headers: [:], remoteAddress: address, now: now.withLock { $0 }, principal: nil, wrapTTL: nil,
      origin: NoOrigin())
  }

  @discardableResult
  func call(
    _ operation: Operation, _ path: String, _ fields: JSONObject = [:], from address: String = "127.0.0.1"
  ) throws -> Answer {
    guard let (route, captures) = engine.route(path) else { return Answer(status: 404, error: "unsupported path") }
    do {
      var operation = operation
      let call = made(operation, path, captures, fields, address)
      if operation == .update, let exists = route.exists, try !exists(call) { operation = .create }
      let reply = try route.run(made(operation, path, captures, fields, address))
      var answer = Answer(status: 200, warnings: reply.warnings, wrappedAccessor: reply.wrappedAccessor)
      switch reply.content {
      case .none: answer.status = operation == .read || operation == .list ? 404 : 204
      case .data(let text): answer.data = try text.parsed()
      case .login(let grant): answer.grant = grant
      default: Issue.record("an answer of a kind that this method does not have")
      }
      answer.status = reply.status ?? answer.status
      return answer
    } catch let error as EngineError {
      return Answer(
        status: error.status, error: error.messages.joined(separator: "; "), isFailedLogin: error.isFailedLogin)
    }
  }

  /// By which name the kernel counts this login.
  func loginName(_ path: String, _ fields: JSONObject = [:]) throws -> String? {
    guard let (route, captures) = engine.route(path) else { return nil }
    return try route.loginName?(made(.update, path, captures, fields, "127.0.0.1"))
  }
}
