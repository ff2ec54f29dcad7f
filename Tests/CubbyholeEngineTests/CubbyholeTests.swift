import CubbyholeEngine
import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing

private struct NoOrigin: CallOrigin {}

private final class Values: LogicalStore {
  let values = Locked([String: [UInt8]]())

  func get(_ key: String) throws(StoreError) -> StoredValue? {
    values.withLock { $0[key] }.map { StoredValue(bytes: $0, index: 1) }
  }
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    let keys = values.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) } }
    return Set(keys.map { key in key.firstIndex(of: "/").map { String(key[...$0]) } ?? String(key) }).sorted()
  }
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    values.withLock { values in
      for write in batch.writes {
        switch write {
        case .put(let key, let value): values[key] = value
        case .delete(let key): values[key] = nil
        case .deletePrefix(let prefix): for key in values.keys where key.hasPrefix(prefix) { values[key] = nil }
        }
      }
    }
    return 1
  }
}

struct CubbyholeTests {
  private let store = Values()
  private let engine: MountedEngine

  init() throws {
    engine = try Cubbyhole.type.make(
      MountContext(
        path: { "cubbyhole/" }, accessor: "cubbyhole_0", uuid: "u", type: "cubbyhole",
        storage: StorageView(store, prefix: "c/"), clock: .system, random: .seeded(1),
        settings: { MountSettings(defaultTTL: .zero, maxTTL: .zero, options: [:]) }, log: { _, _ in }))
  }

  private func call(_ operation: Operation, _ path: String, _ fields: JSONObject = [:], folder: String) throws -> Reply
  {
    let (route, captures) = try #require(engine.route(path))
    let principal = Principal(
      displayName: "token", accessor: "", policies: [], entityID: "", type: folder.isEmpty ? .batch : .service,
      metadata: [:], cubbyholeID: folder, clientID: "", isRoot: false, expires: nil)
    return try route.run(
      Call(
        id: "", operation: operation, mountPoint: "cubbyhole/", path: path, captures: captures, fields: fields,
        rawBody: [], headers: [:], remoteAddress: "", now: Timestamp(seconds: 0), principal: principal, wrapTTL: nil,
        origin: NoOrigin()))
  }

  private func text(_ reply: Reply) -> String? {
    if case .data(let text) = reply.content { text.string } else { nil }
  }

  @Test func eachTokenHasItsOwn() throws {
    let fields: JSONObject = [
      "ttl": "1h", "big": .number(JSONNumber(text: "12345678901234567890")), "a": ["y": 1, "x": 2],
    ]
    _ = try call(.update, "dir/key", fields, folder: "one")
    let read = try call(.read, "dir/key", folder: "one")
    #expect(text(read) == #"{"a":{"x":2,"y":1},"big":12345678901234567890,"ttl":"1h"}"#)
    #expect(read.leaseDuration == 0)
    #expect(text(try call(.read, "dir/key", folder: "two")) == nil)
    #expect(text(try call(.list, "", folder: "one")) == #"{"keys":["dir/"]}"#)
    #expect(text(try call(.list, "dir", folder: "one")) == #"{"keys":["key"]}"#)
    #expect(text(try call(.list, "", folder: "two")) == nil)
    _ = try call(.delete, "dir/key", folder: "two")
    #expect(store.values.withLock { Array($0.keys) } == ["c/one/dir/key"])
    _ = try call(.delete, "dir/key", folder: "one")
    #expect(store.values.withLock { $0.isEmpty })
  }

  @Test func whatIsRefused() throws {
    func error(_ operation: Operation, _ path: String, _ fields: JSONObject = [:], folder: String = "one") -> [String] {
      do {
        _ = try call(operation, path, fields, folder: folder)
        return []
      } catch { return (error as? EngineError)?.messages ?? ["\(error)"] }
    }
    #expect(error(.update, "k") == ["missing data fields"])
    #expect(error(.update, "k/", ["a": 1]) == ["cannot write to a path ending in '/'"])
    for operation in [Operation.read, .update, .delete] {
      #expect(error(operation, "", ["a": 1]) == ["missing path"])
    }
    for operation in [Operation.read, .update, .delete, .list] {
      #expect(error(operation, "../two/k", ["a": 1]) == ["relative paths not supported"])
      #expect(
        error(operation, "k", ["a": 1], folder: "") == [
          "cubbyhole operations are only supported by \"service\" or enterprise type tokens"
        ])
    }
    #expect(error(.patch, "k", ["a": 1]) == ["1 error occurred:\n\t* unsupported operation\n\n"])
    #expect(store.values.withLock { $0.isEmpty })
  }
}
