internal import EngineAPI
package import HTTPServer
internal import JSONText
package import Kernel
internal import Primitives

/// Between HTTP and the kernel: methods, headers and queries become requests, answers become messages. Nothing here decides what a client may do.
package struct HTTPGateway: HTTPHandler {
  private let node: Node
  private let pipeline: RequestPipeline
  private let listeners: [ListenerBehaviour]

  /// - Parameter listeners: in the order in which the HTTP server has them.
  package init(node: Node, listeners: [ListenerBehaviour]) {
    self.node = node
    pipeline = RequestPipeline(node: node)
    self.listeners = listeners
  }

  private static let apiPrefix = "/v1/"
  private static let replicationStatus: Set<String> = [
    "sys/replication/status", "sys/replication/dr/status", "sys/replication/performance/status",
  ]

  package func handle(_ request: HTTPRequest) -> HTTPResponse {
    let behaviour = behaviour(request.listener)
    guard let origin = CrossOrigin(request, node: node) else {
      return message(route(request, behaviour), request, behaviour)
    }
    // Asked first: what a page of a foreign origin may not do is not done.
    guard origin.isAllowed else { return message(.errors(403, ["origin not allowed"]), request, behaviour) }
    if origin.asksForUnknownMethod { return message(.errors(405, []), request, behaviour) }
    var answer =
      request.method == "OPTIONS" && origin.isPreflight
      ? WireResponse(status: 200, contentType: "", body: .bytes([])) : route(request, behaviour)
    answer.headers += origin.responseHeaders
    return message(answer, request, behaviour)
  }

  package func failure(_ failure: HTTPFailure, listener: Int) -> HTTPResponse {
    let text =
      switch failure {
      case .badRequest(let text): text
      case .bodyTooLarge: "http: request body too large"
      case .headersTooLarge: "the request's headers are too large"
      case .timeout: "the request did not arrive in time"
      case .notImplemented: "not implemented"
      case .unsupportedVersion: "unsupported HTTP version"
      case .overloaded: "the server is overloaded; try again"
      }
    return message(.errors(failure.status, [text]), nil, behaviour(listener))
  }

  private func behaviour(_ listener: Int) -> ListenerBehaviour {
    listeners.indices.contains(listener) ? listeners[listener] : ListenerBehaviour()
  }

  // MARK: Paths

  private func route(_ request: HTTPRequest, _ behaviour: ListenerBehaviour) -> WireResponse {
    if let clean = RequestPath.cleaned(request.path) {
      return Self.redirect(to: clean + (request.query.isEmpty ? "" : "?" + request.query))
    }
    guard request.path.hasPrefix(Self.apiPrefix) else {
      var answer = Self.redirect(to: request.path == "/v1" ? Self.apiPrefix : "/ui/", unless: request.path)
      if request.path.hasPrefix("/ui/") { answer.headers += interfaceHeaders }
      return answer
    }
    do { return try api(request, behaviour) } catch let error as EngineError {
      return .errors(error.status, error.messages, data: error.data)
    } catch { return .errors(500, ["internal error"]) }
  }

  /// What operators set at sys/config/ui/headers.
  private var interfaceHeaders: [(name: String, value: String)] {
    guard let stored = node.state?.responseHeaders.value else { return [] }
    return stored.members.flatMap { member in
      (member.value.arrayValue ?? []).compactMap(\.stringValue).map { (member.name, $0) }
    }
  }

  private static func redirect(to target: String, unless path: String) -> WireResponse {
    // There is no user interface to send people to, so that its own address is simply not there.
    path.hasPrefix("/ui/") ? .errors(404, []) : redirect(to: target)
  }

  private static func redirect(to target: String) -> WireResponse {
    let escaped = target.replacing("&", with: "&amp;").replacing("\"", with: "&#34;").replacing("<", with: "&lt;")
    return WireResponse(
      status: 307, contentType: "text/html; charset=utf-8", headers: [("Location", target)],
      body: .bytes(Array("<a href=\"\(escaped)\">Temporary Redirect</a>.\n\n".utf8)))
  }

  // MARK: Requests

  private func api(_ request: HTTPRequest, _ behaviour: ListenerBehaviour) throws -> WireResponse {
    if behaviour.requiresRequestHeader && request.headers["x-vault-request"] != "true" {
      throw EngineError(status: 412, messages: ["missing 'X-Vault-Request' header"])
    }
    var query = try QueryFields.read(request.query)
    try Self.refuseSnapshots(request, &query)
    guard var operation = Self.operation(request.method) else { throw EngineError(status: 405, messages: []) }
    let path = try Self.path(request.path, operation)
    if operation == .read {
      if let list = query.take("list") {
        guard let wanted = Coercion.parseBool(list) else { throw EngineError(status: 400, messages: []) }
        if wanted { operation = .list }
      }
      if let help = query.take("help"), Coercion.parseBool(help) == true { operation = .help }
    } else if operation == .list {
      query.remove("list")
    }
    let remote = try Forwarding.client(of: request, behaviour.forwarding)
    let headers = request.headers
    let contentType = Self.mediaType(headers["content-type"])
    if operation == .patch {
      try Self.checkPatch(headers["content-type"], contentType)
    }
    try RareHeaders.check(headers, path: path)
    var token = try Self.token(headers, atMost: behaviour.maxTokenBytes)
    if behaviour.hidesReplicationStatus, Self.replicationStatus.contains(path) { throw EngineError.unsupportedPath }
    if behaviour.metricsWithoutToken && path == "sys/metrics" { return try metrics(request, query.object) }
    if token.utf8.contains(where: { $0 < 0x20 }) { token = "" }
    let maxDuration = behaviour.maxRequestDuration
    let inbound = InboundRequest(
      id: node.composition.random.uuid(), operation: operation, path: path, query: query.object, body: request.body,
      contentType: contentType, headers: HeaderView(headers: headers), token: token,
      wrapTTL: try Self.wrapTTL(headers), wrapsAsJWT: headers["x-vault-wrap-format"]?.lowercased() == "jwt",
      remoteAddress: remote.address, remotePort: remote.port, received: node.composition.clock.now(),
      limits: behaviour.jsonLimits,
      deadline: maxDuration > .zero ? request.arrived &+ UInt64(maxDuration.nanoseconds) : .max,
      acceptsUnprintablePaths: !behaviour.checksPrintable, opens: behaviour.opens)
    return pipeline.handle(inbound)
  }

  /// What is asked for below the API's prefix.
  private static func path(_ target: String, _ operation: Operation) throws(EngineError) -> String {
    let encoded = target.utf8.dropFirst(apiPrefix.utf8.count)
    // Most paths have nothing to decode. Looking through the whole is faster than through a part.
    if !target.utf8.contains(UInt8(ascii: "%")) { return String(Substring(encoded)) }
    guard let bytes = PercentEncoding.decodeBytes(encoded) else { throw EngineError(status: 400, messages: []) }
    guard let path = String(validating: bytes, as: UTF8.self) else {
      // Nothing is stored under a name that is no text.
      throw EngineError(status: operation == .read || operation == .list ? 404 : 400, messages: [])
    }
    return path
  }

  private static func operation(_ method: String) -> Operation? {
    switch method {
    case "GET": .read
    case "PUT", "POST": .update
    case "LIST": .list
    case "DELETE": .delete
    case "PATCH": .patch
    case "HEAD": .header
    case "OPTIONS": .options
    case "HELP": .help
    default: nil
    }
  }

  /// Reading from and recovering out of loaded snapshots is a feature that this server does not have; not to say so would answer from, or
  /// write to, what is there now.
  private static func refuseSnapshots(_ request: HTTPRequest, _ query: inout QueryFields) throws(EngineError) {
    let isRecover = request.method == "RECOVER"
    var id = query.take("read_snapshot_id") ?? query.take("recover_snapshot_id") ?? ""
    if id.isEmpty && (isRecover || request.method == "POST" || request.method == "PUT") {
      id = request.headers["x-vault-recover-snapshot-id"] ?? ""
    }
    if !id.isEmpty { throw .invalid("unable to lock snapshot: loaded snapshots not supported") }
    if isRecover { throw .invalid("missing required snapshot ID") }
  }

  private static func mediaType(_ header: String?) -> String {
    guard let header else { return "" }
    // Nearly all requests with a body say this.
    if header == "application/json" { return header }
    let bytes = header.utf8.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != 0x20 && $0 != 9 }
    return String(decoding: bytes, as: UTF8.self).lowercased()
  }

  private static func checkPatch(_ header: String?, _ mediaType: String) throws(EngineError) {
    guard let header, !header.isEmpty else { throw .invalid("mime: no media type") }
    guard mediaType.contains("/") else { throw .invalid("mime: expected slash after first token") }
    guard mediaType == "application/merge-patch+json" || mediaType == "application/scim+json" else {
      throw EngineError(
        status: 415, messages: ["PATCH requires Content-Type of application/merge-patch+json, provided \(mediaType)"])
    }
  }

  private static func token(_ headers: HTTPHeaders, atMost limit: Int) throws(EngineError) -> String {
    var token = headers["x-vault-token"] ?? ""
    if token.isEmpty, let authorization = headers["authorization"], authorization.hasPrefix("Bearer ") {
      token = String(authorization.dropFirst(7))
    }
    guard token.utf8.count <= limit else {
      throw .invalid("authentication token exceeds maximum allowed header size of \(limit) bytes")
    }
    return token
  }

  /// Nil where the header is absent or zero: no wrapping.
  private static func wrapTTL(_ headers: HTTPHeaders) throws(EngineError) -> TimeSpan? {
    guard let text = headers["x-vault-wrap-ttl"], !text.isEmpty else { return nil }
    guard let span = TimeSpan(api: text) else {
      throw .invalid("error parsing X-Vault-Wrap-TTL header: \(Coercion.durationReason(text))")
    }
    guard span >= .zero else {
      throw .invalid("error parsing X-Vault-Wrap-TTL header: requested wrap ttl cannot be negative")
    }
    return span == .zero ? nil : span
  }

  private func metrics(_ request: HTTPRequest, _ query: JSONObject) throws(EngineError) -> WireResponse {
    let registry = node.composition.metrics
    let accepts = request.headers.values("accept").joined(separator: ",")
    if query["format"]?.stringValue == "prometheus" || accepts.contains("openmetrics") || accepts.contains("prometheus")
    {
      guard node.settings.prometheusIsEnabled else { throw .invalid("prometheus is not enabled") }
      return WireResponse(
        status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
        body: .bytes(Array(registry.prometheus().utf8)))
    }
    return .json(200, JSONText(registry.json()).bytes)
  }

  // MARK: Answers

  private static let transportSecurity = (
    name: "Strict-Transport-Security", value: "max-age=31536000; includeSubDomains"
  )

  private func message(
    _ answer: WireResponse, _ request: HTTPRequest?, _ behaviour: ListenerBehaviour
  ) -> HTTPResponse {
    var headers: [(name: String, value: String)] = []
    headers.reserveCapacity(4 + behaviour.nodeHeaders.count + answer.headers.count)
    if !answer.headers.contains(where: { $0.name == "Cache-Control" }) { headers.append(("Cache-Control", "no-store")) }
    // Clients compare this for equality, on empty answers too.
    headers.append(("Content-Type", answer.contentType.isEmpty ? "application/json" : answer.contentType))
    headers.append(Self.transportSecurity)
    if !behaviour.responseHeaders.isEmpty {
      let status = String(answer.status)
      for key in ["default", "\(status.prefix(1))xx", status] {
        for header in behaviour.responseHeaders[key] ?? [] {
          headers.removeAll { $0.name.lowercased() == header.name.lowercased() }
          headers.append(header)
        }
      }
    }
    headers += behaviour.nodeHeaders
    if let namespace = request?.headers["x-vault-namespace"], !namespace.isEmpty {
      headers.append(("X-Vault-Namespace", namespace.hasSuffix("/") ? namespace : namespace + "/"))
    }
    headers += answer.headers
    switch answer.body {
    case .bytes(let bytes):
      return HTTPResponse(
        status: answer.status, headers: headers, body: .bytes(redacted(bytes, request, behaviour)))
    case .stream(let produce):
      return HTTPResponse(
        status: answer.status, headers: headers, body: .stream { writer in try produce { try writer.write($0) } })
    }
  }

  private static let redactedPaths = [
    "/v1/sys/health", "/v1/sys/seal-status", "/v1/sys/leader", "/v1/sys/unseal",
  ].map { Array($0.utf8) }

  /// Takes what the listener must not show to callers without a valid token out of the status endpoints' answers.
  private func redacted(_ bytes: [UInt8], _ request: HTTPRequest?, _ behaviour: ListenerBehaviour) -> [UInt8] {
    guard behaviour.redactsVersion || behaviour.redactsAddresses || behaviour.redactsClusterName, let request,
      let path = PercentEncoding.decodeBytes(request.path.utf8[...]), Self.redactedPaths.contains(path),
      !isKnown(request, behaviour), var object = try? JSONParser.parse(bytes).objectValue
    else { return bytes }
    func clear(_ names: [String]) { for name in names where object[name] != nil { object[name] = "" } }
    if behaviour.redactsVersion { clear(["version", "build_date"]) }
    if behaviour.redactsAddresses { clear(["leader_address", "leader_cluster_address"]) }
    if behaviour.redactsClusterName { clear(["cluster_name"]) }
    return JSONText(object).bytes + [UInt8(ascii: "\n")]
  }

  /// The request came with a valid token. A sealed node knows none.
  private func isKnown(_ request: HTTPRequest, _ behaviour: ListenerBehaviour) -> Bool {
    guard let token = try? Self.token(request.headers, atMost: behaviour.maxTokenBytes), !token.isEmpty,
      let client = try? Forwarding.client(of: request, behaviour.forwarding)
    else { return false }
    return node.state?.knows(token: token, from: client.address) ?? false
  }
}

private struct HeaderView: HeaderSource {
  let headers: HTTPHeaders
  func values(_ name: String) -> [String] { headers.values(name) }
}
