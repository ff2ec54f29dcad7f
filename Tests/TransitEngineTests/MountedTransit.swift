import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import TransitEngine

private struct NoOrigin: CallOrigin {}

/// Keys and values in memory; can be told to refuse writes.
final class LogicalMemory: LogicalStore {
  struct State {
    var values: [String: StoredValue] = [:]
    var index: CommitIndex = 0
    var isFull = false
  }
  let state = Locked(State())

  func get(_ key: String) throws(StoreError) -> StoredValue? { state.withLock { $0.values[key] } }

  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    let names = state.withLock { state in
      state.values.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted()
    }
    return Array(names.filter { name in after.map { $0 < name } ?? true }.prefix(limit))
  }

  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    try state.withLock { (state) throws(StoreError) -> CommitIndex in
      if state.isFull { throw .full }
      for precondition in batch.preconditions {
        switch precondition {
        case .absent(let key): if state.values[key] != nil { throw .conflict }
        case .unchanged(let key, let since): if state.values[key]?.index != since { throw .conflict }
        }
      }
      state.index += 1
      for write in batch.writes {
        switch write {
        case .put(let key, let value): state.values[key] = StoredValue(bytes: value, index: state.index)
        case .delete(let key): state.values[key] = nil
        case .deletePrefix(let prefix):
          for key in state.values.keys where key.hasPrefix(prefix) { state.values[key] = nil }
        }
      }
      return state.index
    }
  }
}

/// What a request got: a status as the kernel would give it, and the answer's parts.
struct Answer: Equatable {
  var status: Int
  var data: JSONValue?
  var warnings: [String] = []
  var errors: [String] = []

  subscript(name: String) -> JSONValue? { data?[name] }
  func text(_ name: String) -> String { data?[name]?.stringValue ?? "" }
  var error: String { errors.first ?? "" }
}

/// A transit mount with a clock that tests step, called the way the kernel calls it.
final class MountedTransit: Sendable {
  let store: LogicalMemory
  let now = Locked(Timestamp(seconds: 1_700_000_000))
  let mount: TransitMount
  private let engine: MountedEngine

  init(store: LogicalMemory = LogicalMemory(), seed: UInt64 = 1, options: [String: String] = [:]) throws {
    self.store = store
    let now = now
    let context = MountContext(
      path: { "transit/" }, accessor: "transit_00000000", uuid: "u", type: "transit",
      storage: StorageView(store, prefix: "mount/"), clock: WallClock { now.withLock { $0 } }, random: .seeded(seed),
      settings: { MountSettings(defaultTTL: .seconds(1), maxTTL: .seconds(1), options: options) }, log: { _, _ in })
    mount = try TransitMount(context: context)
    engine = MountedEngine(mount)
  }

  func step(_ span: TimeSpan) { now.withLock { $0 = $0 + span } }

  @discardableResult
  func call(_ operation: Operation, _ path: String, _ fields: JSONObject = [:]) throws -> Answer {
    guard let (route, captures) = engine.route(path) else { return Answer(status: 404, errors: ["unsupported path"]) }
    func made(_ operation: Operation) -> Call {
      Call(
        id: "id", operation: operation, mountPoint: "transit/", path: path, captures: captures, fields: fields,
        rawBody: [], headers: [:], remoteAddress: "127.0.0.1", now: now.withLock { $0 }, principal: nil, wrapTTL: nil,
        origin: NoOrigin())
    }
    do {
      var operation = operation
      if operation == .update, let exists = route.exists, try !exists(made(.update)) { operation = .create }
      let reply = try route.run(made(operation))
      var answer = Answer(status: 200, warnings: reply.warnings)
      switch reply.content {
      case .none: answer.status = operation == .read || operation == .list ? 404 : 204
      case .data(let text): answer.data = try text.parsed()
      default: Issue.record("an answer of a kind that transit does not have")
      }
      answer.status = reply.status ?? answer.status
      return answer
    } catch let error as EngineError {
      return Answer(status: error.status, errors: error.messages)
    }
  }

  @discardableResult
  func write(_ path: String, _ fields: JSONObject = [:]) throws -> Answer { try call(.update, path, fields) }
  func read(_ path: String) throws -> Answer { try call(.read, path) }

  /// A key that must be made.
  func key(_ name: String, _ fields: JSONObject = [:]) throws {
    let answer = try write("keys/" + name, fields)
    #expect(answer.status == 200, "\(answer.errors)")
  }

  func encrypt(_ name: String, _ text: String, _ fields: JSONObject = [:]) throws -> String {
    var fields = fields
    fields["plaintext"] = .string(Base64.encode(Array(text.utf8)))
    return try write("encrypt/" + name, fields).text("ciphertext")
  }

  /// The text, or the error.
  func decrypt(_ name: String, _ ciphertext: String, _ fields: JSONObject = [:]) throws -> String {
    var fields = fields
    fields["ciphertext"] = .string(ciphertext)
    let answer = try write("decrypt/" + name, fields)
    guard answer.status == 200 else { return "error: " + answer.error }
    return String(decoding: try Base64.decode(answer.text("plaintext")), as: UTF8.self)
  }
}
