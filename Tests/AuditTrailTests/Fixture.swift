import AuditAPI
import AuditTrail
import JSONText
import Logging
import Metrics
import Primitives
import SecretMemory
import Testing

/// A device that keeps what it gets, and fails or hangs when told to.
final class Tape: AuditDevice {
  struct State {
    var bytes: [UInt8] = []
    var writes = 0
    var fails = false
    var blocks = false
    var isBlocked = false
    var isClosed = false
    var reopened = 0
  }

  let state = Monitored(State())
  let isPrompt: Bool

  init(isPrompt: Bool = true) { self.isPrompt = isPrompt }

  func write(_ entries: [UInt8]) throws(AuditDeviceError) {
    state.update { $0.isBlocked = $0.blocks }
    _ = state.wait { $0.blocks ? nil : true }
    try state.update { state throws(AuditDeviceError) in
      state.isBlocked = false
      if state.fails { throw AuditDeviceError("broken") }
      state.bytes += entries
      state.writes += 1
    }
  }

  func reopen() throws(AuditDeviceError) { state.update { $0.reopened += 1 } }
  func close() { state.update { $0.isClosed = true } }

  var text: String { String(decoding: state.withLock { $0.bytes }, as: UTF8.self) }
  var lines: [String] { text.split(separator: "\n").map(String.init) }

  func entries() throws -> [JSONValue] { try lines.map { try JSONText(checking: Array($0.utf8)).parsed() } }
  func last() throws -> JSONValue { try #require(try entries().last) }
}

/// A broker whose devices are tapes: the `type` of a device is the tape's name.
struct Trail {
  let broker: AuditBroker
  let metrics: MetricsRegistry
  let logged: Locked<[String]>

  init(
    _ tapes: [String: Tape], bound: TimeSpan = .seconds(60), patience: Patience? = nil, allowsPrefix: Bool = false
  ) {
    let types = tapes.map { name, tape in AuditDeviceType(name: name) { _ throws(AuditDeviceError) in tape } }
    self.init(types: types, bound: bound, patience: patience, allowsPrefix: allowsPrefix)
  }

  init(
    types: [AuditDeviceType], bound: TimeSpan = .seconds(60), patience: Patience? = nil, allowsPrefix: Bool = false
  ) {
    let logged = Locked<[String]>([])
    let sink = LogSink(output: { line in logged.withLock { $0.append(String(decoding: line, as: UTF8.self)) } })
    self.logged = logged
    metrics = MetricsRegistry(clock: .system)
    broker = AuditBroker(
      types: types, clock: WallClock { Timestamp(nanoseconds: 1_767_323_045_678_000_000) }, random: .seeded(1),
      log: sink.logger("audit"), metrics: metrics, patience: patience ?? Patience(bound: bound),
      allowsPrefix: allowsPrefix)
  }

  static let salt = SecretBytes(copying: Array("salt".utf8))

  func enable(_ type: String, at path: String? = nil, options: [String: String] = [:]) throws {
    var options = options
    options["skip_test"] = options["skip_test"] ?? "true"
    let handle = try broker.prepare(path: path ?? type, type: type, options: options, salt: Self.salt)
    try broker.add(handle)
  }

  func refusal(_ type: String, at path: String? = nil, options: [String: String] = [:]) -> String {
    do {
      try enable(type, at: path, options: options)
      return ""
    } catch {
      return (error as? AuditConfigurationError)?.message ?? "\(error)"
    }
  }
}

func request(_ operation: String = "update", _ path: String = "secret/data/app") -> AuditRequest {
  let mount = AuditMount(
    point: "secret/", type: "kv", accessor: "kv_12345678", mountClass: "secret", version: "v1+builtin")
  var request = AuditRequest(id: "9f1d2c3b-0000-4000-8000-000000000000", operation: operation, path: path)
  request.mount = mount
  request.clientToken = "hvs.token"
  request.clientTokenAccessor = "accessor"
  request.remoteAddress = "127.0.0.1"
  request.remotePort = 4321
  return request
}

func tokenAuth() -> AuditAuth {
  var auth = AuditAuth()
  auth.clientToken = "hvs.token"
  auth.accessor = "accessor"
  auth.displayName = "token"
  auth.policies = ["root"]
  auth.tokenPolicies = ["root"]
  auth.policyResults = AuditAuth.PolicyResults(
    allowed: true, grantingPolicies: [AuditAuth.GrantingPolicy(name: "root")])
  auth.tokenType = "service"
  auth.tokenIssueTime = Timestamp(seconds: 1_767_323_000)
  return auth
}
