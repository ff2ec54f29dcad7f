import EngineAPI
import JSONText
import MemoryStore
import Primitives
import StorageAPI
import Testing

@testable import TOTPEngine

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
  var warnings: [String] = []
  var error = ""
}

/// A mount with a clock that tests step, called the way the kernel calls it.
final class MountedTOTP: Sendable {
  let store: MemoryStore
  let now = Locked(Timestamp(seconds: 1_700_000_000))
  let engine: MountedEngine

  init(store: MemoryStore = MemoryStore()) {
    self.store = store
    let now = now
    engine = MountedEngine(
      TOTPEngine(
        context: MountContext(
          path: { "totp/" }, accessor: "totp_1", uuid: "u", type: "totp",
          storage: StorageView(Plain(store: store), prefix: "mount/"), clock: WallClock { now.withLock { $0 } },
          random: .seeded(1),
          settings: { MountSettings(defaultTTL: .hours(768), maxTTL: .hours(768), options: [:]) }, log: { _, _ in })))
  }

  func step(_ span: TimeSpan) { now.withLock { $0 = $0 + span } }

  private func made(
    _ operation: Operation, _ path: String, _ captures: [String: String], _ fields: JSONObject
  ) -> Call {
    Call(
      id: "id", operation: operation, mountPoint: "totp/", path: path, captures: captures, fields: fields,
      rawBody: [], headers: [:], remoteAddress: "127.0.0.1", now: now.withLock { $0 }, principal: nil, wrapTTL: nil,
      origin: NoOrigin())
  }

  @discardableResult
  func call(
    _ operation: Operation, _ path: String, _ fields: JSONObject = [:]
  ) throws -> Answer {
    guard let (route, captures) = engine.route(path) else { return Answer(status: 404, error: "unsupported path") }
    do {
      let reply = try route.run(made(operation, path, captures, fields))
      var answer = Answer(status: 200, warnings: reply.warnings)
      switch reply.content {
      case .none: answer.status = operation == .read || operation == .list ? 404 : 204
      case .data(let text): answer.data = try text.parsed()
      default: Issue.record("an answer of a kind that this engine does not have")
      }
      answer.status = reply.status ?? answer.status
      return answer
    } catch let error as EngineError {
      return Answer(status: error.status, error: error.messages.joined(separator: "; "))
    }
  }
}
