import EngineAPI
import JSONText
import MemoryStore
import Primitives
import SSHKeys
import StorageAPI
import Testing

@testable import SSHEngine

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
struct Answer {
  var status: Int
  var data: JSONValue?
  var raw = ""
  var warnings: [String] = []
  var error = ""
  var lease: LeaseRequest?

  subscript(name: String) -> JSONValue? { data?[name] }
  func text(_ name: String) -> String { data?[name]?.stringValue ?? "" }

  /// The certificate, whose signature must be good.
  func certificate() throws -> Certificate {
    #expect(status == 200, "\(error)")
    let signed = try SignedCertificate(line: text("signed_key"))
    #expect(try signed.isGenuine())
    return signed.certificate
  }
}

/// Who asks.
struct Caller: Sendable {
  var displayName = "token-mona"
  var entityID = ""
  var identity: [String: String] = [:]

  static let root = Caller()
  static func entity(_ identity: [String: String]) -> Caller { Caller(entityID: "e1", identity: identity) }
}

/// A mount with a clock that tests step, called the way the kernel calls it.
final class MountedSSH: Sendable {
  let store = MemoryStore()
  let now = Locked(Timestamp(seconds: 1_700_000_000))
  let engine: MountedEngine

  init() {
    let now = now
    engine = MountedEngine(
      SSHMount(
        context: MountContext(
          path: { "ssh/" }, accessor: "ssh_1", uuid: "u", type: "ssh",
          storage: StorageView(Plain(store: store), prefix: "mount/"), clock: WallClock { now.withLock { $0 } },
          random: .seeded(1),
          settings: { MountSettings(defaultTTL: .hours(1), maxTTL: .hours(10), options: [:]) }, log: { _, _ in })))
  }

  /// With an authority, and a role that lets anybody be signed for by users.
  static func withRole(_ name: String, _ fields: JSONObject) throws -> MountedSSH {
    let ssh = MountedSSH()
    #expect(try ssh.write("config/ca", ["key_type": "ssh-ed25519"]).status == 200)
    try ssh.role(name, fields)
    return ssh
  }

  func role(_ name: String, _ fields: JSONObject) throws {
    var fields = fields
    if fields["key_type"] == nil { fields["key_type"] = "ca" }
    let answer = try write("roles/" + name, fields)
    #expect(answer.status == 204, "\(answer.error)")
  }

  func step(_ span: TimeSpan) { now.withLock { $0 = $0 + span } }

  func call(
    _ operation: Operation, _ path: String, _ fields: JSONObject = [:], _ caller: Caller = .root
  ) throws -> Answer {
    guard let (route, captures) = engine.route(path) else { return Answer(status: 404, error: "unsupported path") }
    let principal = Principal(
      displayName: caller.displayName, accessor: "a", policies: ["p"], entityID: caller.entityID, type: .service,
      metadata: [:], cubbyholeID: "c", clientID: "i", isRoot: false, expires: nil)
    let call = Call(
      id: "id", operation: operation, mountPoint: "ssh/", path: path, captures: captures, fields: fields, rawBody: [],
      headers: [:], remoteAddress: "127.0.0.1", now: now.withLock { $0 }, principal: principal, wrapTTL: nil,
      identity: { caller.identity[$0] }, origin: NoOrigin())
    do {
      let reply = try route.run(call)
      var answer = Answer(status: 200, warnings: reply.warnings, lease: reply.lease)
      switch reply.content {
      case .none: answer.status = operation == .read || operation == .list ? 404 : 204
      case .data(let text): answer.data = try text.parsed()
      case .raw(_, let bytes): answer.raw = String(decoding: bytes, as: UTF8.self)
      default: Issue.record("an answer of a kind that this engine does not have")
      }
      return answer
    } catch let error as EngineError {
      return Answer(status: error.status, error: error.messages.first ?? "")
    }
  }

  @discardableResult
  func write(_ path: String, _ fields: JSONObject = [:], _ caller: Caller = .root) throws -> Answer {
    try call(.update, path, fields, caller)
  }
  func read(_ path: String) throws -> Answer { try call(.read, path) }

  func sign(_ role: String, _ fields: JSONObject = [:], _ caller: Caller = .root) throws -> Answer {
    var fields = fields
    if fields["public_key"] == nil { fields["public_key"] = .string(Self.publicKey) }
    return try write("sign/" + role, fields, caller)
  }

  static let publicKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKxaIjhnS5fC7wf+PVmtZytYLUV4/7Nom8h/EAU2XBUW mona@laptop"
}
