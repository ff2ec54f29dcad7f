import CubbyholeEngine
import EngineAPI
import HTTPServer
import IdentityEngine
import JSONText
import KVEngine
import Kernel
import Logging
import MemoryStore
import Metrics
import Primitives
import ShamirSeal
import SystemEngine
import TokenMethod

@testable import Gateway

/// What a client got over HTTP.
struct Message {
  let status: Int
  let headers: [(name: String, value: String)]
  let text: String

  init(_ response: HTTPResponse) {
    status = response.status
    headers = response.headers
    if case .bytes(let bytes) = response.body { text = String(decoding: bytes, as: UTF8.self) } else { text = "" }
  }

  var json: JSONValue { (try? JSONParser.parse(text)) ?? .null }
  var errors: [String]? { json["errors"]?.arrayValue?.compactMap(\.stringValue) }
  func values(_ name: String) -> [String] { headers.filter { $0.name.lowercased() == name }.map(\.value) }
}

/// A node over a store in memory, behind the gateway.
final class Front {
  let node: Node
  let root: String
  /// The one share of the unseal key, in hexadecimal.
  let share: String
  var behaviour = ListenerBehaviour()

  init() throws {
    let random = RandomSource.seeded(7)
    let seal = SealKind.shares(type: "shamir") { key in
      let seal = ShamirSeal(random: .seeded(99))
      seal.use(key)
      return seal
    }
    node = try Node(
      Composition(
        engineTypes: [SystemEngine.type, Cubbyhole.type, IdentityEngine.type, TokenMethod.type, KV.type],
        auditDeviceTypes: [], seal: seal, store: MemoryStore(),
        clock: WallClock { Timestamp(seconds: 1_800_000_000) }, random: random, log: .silent,
        metrics: MetricsRegistry()),
      settings: NodeSettings(version: "1.21.0", buildDate: "2026-01-01T00:00:00Z", storageType: "inmem"))
    let result = try node.initialize(
      InitializationRequest(
        unseal: ShareConfiguration(shares: 1, threshold: 1), recovery: ShareConfiguration(shares: 0, threshold: 0)))
    root = result.rootToken
    share = result.unsealShares[0].withBytes { Hex.encode(Array($0)) }
    for share in result.unsealShares { try node.unseal(share: share) }
    send("POST", "/v1/sys/mounts/secret", body: #"{"type":"kv"}"#)
    send("POST", "/v1/secret/a", body: #"{"v":1}"#)
  }

  deinit { node.seal() }

  /// With the root token where headers name no other; an empty one is none.
  @discardableResult
  func send(
    _ method: String, _ path: String, query: String = "", _ headers: [(name: String, value: String)] = [],
    body: String = "", from address: String = "192.0.2.1"
  ) -> Message {
    var headers = headers
    if !headers.contains(where: { ["x-vault-token", "authorization"].contains($0.name) }) {
      headers.append((name: "x-vault-token", value: root))
    }
    let request = HTTPRequest(
      method: method, path: path, query: query, headers: HTTPHeaders(headers), body: Array(body.utf8),
      remoteAddress: address, remotePort: 1234)
    return Message(HTTPGateway(node: node, listeners: [behaviour]).handle(request))
  }
}
