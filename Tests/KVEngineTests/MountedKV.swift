import EngineAPI
import JSONText
import Primitives
import Testing

@testable import KVEngine

private struct NoOrigin: CallOrigin {}

/// What a request got: a status as the kernel would give it, and the answer's parts.
struct Answer: Equatable {
  var status: Int
  var data: JSONValue?
  var warnings: [String] = []
  var errors: [String] = []
  var leaseDuration: Int64 = 0
}

/// A KV mount with a clock that tests step, called the way the kernel calls it.
final class MountedKV: Sendable {
  let store: MemoryLogicalStore
  let now = Locked(Timestamp(seconds: 1_700_000_000))
  let settings: Locked<MountSettings>
  private let engine: Locked<MountedEngine>

  init(version: String?, store: MemoryLogicalStore = MemoryLogicalStore()) throws {
    self.store = store
    let settings = Locked(
      MountSettings(
        defaultTTL: .seconds(2_764_800), maxTTL: .seconds(2_764_800), options: version.map { ["version": $0] } ?? [:]))
    self.settings = settings
    engine = Locked(try KV.type.make(Self.context(store, settings, now)))
  }

  private static func context(
    _ store: MemoryLogicalStore, _ settings: Locked<MountSettings>, _ now: Locked<Timestamp>
  ) -> MountContext {
    MountContext(
      path: { "secret/" }, accessor: "kv_00000000", uuid: "u", type: "kv",
      storage: StorageView(store, prefix: "mount/"), clock: WallClock { now.withLock { $0 } },
      random: .seeded(1), settings: { settings.withLock { $0 } }, log: { _, _ in })
  }

  /// What `tune` does when it raises the version.
  func upgrade() throws {
    settings.withLock { $0.options["version"] = "2" }
    try engine.withLock { $0 }.tuned()
    try remount()
  }

  func remount() throws {
    let fresh = try KV.type.make(Self.context(store, settings, now))
    engine.withLock { $0 = fresh }
  }

  func step(_ span: TimeSpan) { now.withLock { $0 = $0 + span } }

  static func person(_ name: String, entity: String = "") -> Principal {
    Principal(
      displayName: name, accessor: "a", policies: [], entityID: entity, type: .service, metadata: [:],
      cubbyholeID: "c", clientID: entity.isEmpty ? "digest" : entity, isRoot: false, expires: nil)
  }

  @discardableResult
  func call(
    _ operation: Operation, _ path: String, _ fields: JSONObject = [:], by principal: Principal? = person("token")
  ) throws -> Answer {
    let engine = engine.withLock { $0 }
    guard let (route, captures) = engine.route(path) else { return Answer(status: 404, errors: ["unsupported path"]) }
    func made(_ operation: Operation) -> Call {
      Call(
        id: "id", operation: operation, mountPoint: "secret/", path: path, captures: captures, fields: fields,
        rawBody: [], headers: [:], remoteAddress: "127.0.0.1", now: now.withLock { $0 }, principal: principal,
        wrapTTL: nil, origin: NoOrigin())
    }
    do {
      var operation = operation
      if operation == .update, let exists = route.exists, try !exists(made(.update)) { operation = .create }
      let reply = try route.run(made(operation))
      var answer = Answer(status: 200, warnings: reply.warnings, leaseDuration: reply.leaseDuration)
      switch reply.content {
      case .none: answer.status = operation == .read || operation == .list ? 404 : 204
      case .data(let text): answer.data = try text.parsed()
      default: Issue.record("an answer of a kind that KV does not have")
      }
      answer.status = reply.status ?? answer.status
      return answer
    } catch let error as EngineError {
      return Answer(status: error.status, errors: error.messages)
    }
  }

  /// Writes a value of version 2 that must be accepted; returns its number.
  @discardableResult
  func put(_ key: String, _ value: JSONObject) throws -> Int64? {
    let answer = try call(.update, "data/" + key, ["data": .object(value)])
    #expect(answer.status == 200)
    return answer.data?["version"]?.int64Value
  }

  func version(_ key: String, _ number: Int64 = 0) throws -> Answer {
    try call(.read, "data/" + key, ["version": .int(number)])
  }
}
