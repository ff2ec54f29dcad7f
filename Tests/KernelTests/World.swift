import AuditAPI
import CubbyholeEngine
import EngineAPI
import IdentityEngine
import JSONText
import KVEngine
import Logging
import Metrics
import Primitives
import SecretMemory
import ShamirSeal
import StorageAPI
import SystemEngine
import Testing
import TokenMethod

@testable import Kernel

/// A clock that stands until it is moved.
final class SteppedClock: Sendable {
  private let time = Locked(Timestamp(seconds: 1_800_000_000))
  var now: Timestamp { time.withLock { $0 } }
  func advance(_ span: TimeSpan) { time.withLock { $0 = $0 + span } }
  var wall: WallClock { WallClock { self.now } }
}

struct Headers: HeaderSource {
  var fields: [String: [String]] = [:]
  func values(_ name: String) -> [String] { fields[name] ?? [] }
}

/// What a client got.
struct Answer {
  let status: Int
  let contentType: String
  let text: String

  var json: JSONValue { (try? JSONParser.parse(text)) ?? .null }
  var data: JSONValue { json["data"] ?? .null }
  var errors: [String]? { json["errors"]?.arrayValue?.compactMap(\.stringValue) }
  var warnings: [String]? { json["warnings"]?.arrayValue?.compactMap(\.stringValue) }
}

/// A node of the real parts over a store in memory, and clients of it.
final class World {
  static let engines = [
    SystemEngine.type, Cubbyhole.type, IdentityEngine.type, TokenMethod.type, KV.type, Badge.type, Lock.type,
  ]
  static let seal = SealKind.shares(type: "shamir") { key in
    let seal = ShamirSeal(random: .seeded(99))
    seal.use(key)
    return seal
  }

  let disk: Disk
  let clock = SteppedClock()
  let random: RandomSource
  let tape = Tape()
  private(set) var node: Node
  private(set) var root = ""
  private(set) var shares: [SecretBytes] = []

  /// Initialised and unsealed where it has shares.
  init(disk: Disk = Disk(), seed: UInt64 = 1, shares: Int = 1, threshold: Int = 1) throws {
    self.disk = disk
    random = .seeded(seed)
    node = try Self.node(disk, clock, random, tape, World.engines)
    guard shares > 0 else { return }
    try initialize(shares: shares, threshold: threshold)
    try unseal()
  }

  deinit { node.seal() }

  private static func node(
    _ disk: Disk, _ clock: SteppedClock, _ random: RandomSource, _ tape: Tape, _ engines: [EngineType]
  ) throws -> Node {
    let type = AuditDeviceType(name: "tape") { _ throws(AuditDeviceError) in tape }
    let settings = NodeSettings(version: "1.21.0", buildDate: "2026-01-01T00:00:00Z", storageType: "inmem")
    return try Node(
      Composition(
        engineTypes: engines, auditDeviceTypes: [type], seal: seal, store: disk, clock: clock.wall, random: random,
        log: .silent, metrics: MetricsRegistry()),
      settings: settings)
  }

  func initialize(shares: Int = 1, threshold: Int = 1) throws {
    let result = try node.initialize(
      InitializationRequest(
        unseal: ShareConfiguration(shares: shares, threshold: threshold),
        recovery: ShareConfiguration(shares: 0, threshold: 0)))
    root = result.rootToken
    self.shares = result.unsealShares
  }

  func unseal() throws { for share in shares { try node.unseal(share: share) } }

  /// As after a crash: nothing but the disk is left of the old node.
  func replaceNode(engines: [EngineType] = World.engines) throws {
    node.seal()
    node = try Self.node(disk, clock, random, tape, engines)
  }

  func restart(engines: [EngineType] = World.engines) throws {
    try replaceNode(engines: engines)
    try unseal()
  }

  func request(
    _ operation: EngineAPI.Operation, _ path: String, _ body: String = "", token: String? = nil,
    query: JSONObject = [:], wrap: TimeSpan? = nil, contentType: String = "application/json",
    limits: JSONLimits = .standard, headers: [String: [String]] = [:]
  ) -> InboundRequest {
    InboundRequest(
      id: random.uuid(), operation: operation, path: path, query: query, body: Array(body.utf8),
      contentType: contentType, headers: Headers(fields: headers), token: token ?? root, wrapTTL: wrap,
      wrapsAsJWT: false,
      remoteAddress: "192.0.2.1", remotePort: 4321, received: clock.now, limits: limits)
  }

  /// With the root token where no other is given; an empty one is none.
  @discardableResult
  func send(
    _ operation: EngineAPI.Operation, _ path: String, _ body: String = "", token: String? = nil,
    query: JSONObject = [:], wrap: TimeSpan? = nil, headers: [String: [String]] = [:]
  ) -> Answer {
    Self.answer(
      RequestPipeline(node: node).handle(
        request(operation, path, body, token: token, query: query, wrap: wrap, headers: headers)))
  }

  static func answer(_ response: WireResponse) -> Answer {
    var bytes: [UInt8] = []
    switch response.body {
    case .bytes(let all): bytes = all
    case .stream(let produce): try? produce { bytes += $0 }
    }
    return Answer(
      status: response.status, contentType: response.contentType, text: String(decoding: bytes, as: UTF8.self))
  }

  /// Enables an engine, or a failure is recorded.
  func enable(_ path: String, _ type: String, options: String = "{}") {
    let answer = send(.update, "sys/mounts/\(path)", #"{"type":"\#(type)","options":\#(options)}"#)
    #expect(answer.status == 204, "\(answer.text)")
  }

  func policy(_ name: String, _ text: String) throws {
    let body = JSONText(["policy": .string(text)] as JSONObject).string
    #expect(send(.update, "sys/policies/acl/\(name)", body).status == 204)
  }

  /// A token with these policies and nothing else.
  func token(_ policies: [String], uses: Int = 0) throws -> String {
    let body: JSONObject = [
      "policies": .strings(policies), "no_default_policy": true, "num_uses": .int(uses), "ttl": "1h",
    ]
    return try #require(
      send(.update, "auth/token/create", JSONText(body).string).json["auth"]?["client_token"]?.stringValue)
  }
}

/// An audit device that keeps what it gets, and fails after a number of writes that is told.
final class Tape: AuditDevice {
  private let state = Locked((text: "", writesLeft: Int?.none))
  let isPrompt = true

  var text: String { state.withLock { $0.text } }
  var entries: [JSONValue] { text.split(separator: "\n").compactMap { try? JSONParser.parse(String($0)) } }
  func failAfter(writes: Int?) { state.withLock { $0.writesLeft = writes } }

  func write(_ entries: [UInt8]) throws(AuditDeviceError) {
    try state.withLock { state throws(AuditDeviceError) in
      if let left = state.writesLeft {
        if left <= 0 { throw AuditDeviceError("torn") }
        state.writesLeft = left - 1
      }
      state.text += String(decoding: entries, as: UTF8.self)
    }
  }

  func reopen() throws(AuditDeviceError) {}
  func close() {}
}

/// Lets in whoever says a name.
struct Badge: Engine {
  static let type = EngineType(name: "badge", mountClass: .auth, version: "v1") { context in
    MountedEngine(Badge(context: context))
  }
  static let name = Field.string("name", "Who it is.")
  static let routes: [Route<Badge>] = [
    Route(
      "login", traits: .login, fields: [name.description], summary: "Logs in",
      [
        .update: { _, call in
          let who = try call[name] ?? ""
          return Reply(.login(LoginGrant(aliasName: who, displayName: who, policies: [])))
        }
      ])
  ]

  let context: MountContext
}

/// Its one secret is behind a door that tests open.
struct Lock: Engine {
  struct State {
    var isInside = false
    var isOpen = false
  }
  static let door = Monitored(State())
  static let type = EngineType(name: "lock", mountClass: .secret, version: "v1") { context in
    MountedEngine(Lock(context: context))
  }
  static let routes: [Route<Lock>] = [
    Route(
      "wait", summary: "Answers when the door is open",
      [
        .read: { _, _ in
          door.update { $0.isInside = true }
          _ = door.wait { $0.isOpen ? true : nil }
          return .data(["inside": true])
        }
      ])
  ]

  let context: MountContext
}
