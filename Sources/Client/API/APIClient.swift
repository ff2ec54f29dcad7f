package import JSONText
package import Primitives

/// One call of the API, before the client adds what goes with every call.
package struct APIRequest: Sendable {
  package var method: String
  /// Below `/v1`, as a person writes it.
  package var path: String
  package var query: [(name: String, value: String)]
  package var body: [UInt8]?
  package var contentType: String?
  /// Looks around before the request that was meant: never wrapped, never shown in its place.
  package var isPreflight = false

  package init(
    _ method: String, _ path: String, query: [(name: String, value: String)] = [], body: JSONObject? = nil
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.body = body.map { JSONText($0).bytes }
  }
}

/// Speaks the API over a transport: headers, retries, redirects, errors, envelopes.
package struct APIClient {
  package var configuration: ClientConfiguration
  /// Set, no request is sent.
  package var showsInstead: RequestInWords?
  private let transport: any Transport
  private let sleep: (TimeSpan) -> Void
  private let random: RandomSource

  package init(
    _ configuration: ClientConfiguration, transport: any Transport, random: RandomSource,
    sleep: @escaping (TimeSpan) -> Void
  ) {
    self.configuration = configuration
    self.transport = transport
    self.random = random
    self.sleep = sleep
  }

  // MARK: The verbs of the API

  /// Nil where nothing is there.
  package func read(
    _ path: String, query: [(name: String, value: String)] = []
  ) throws(APIError) -> Secret? {
    try secret(APIRequest("GET", path, query: query), absentIsNil: true)
  }

  package func list(_ path: String) throws(APIError) -> Secret? {
    try secret(APIRequest("GET", path, query: [("list", "true")]), absentIsNil: true)
  }

  package func put(_ path: String, _ body: JSONObject?) throws(APIError) -> Secret? {
    try secret(APIRequest("PUT", path, body: body))
  }

  package func post(_ path: String, _ body: JSONObject?) throws(APIError) -> Secret? {
    try secret(APIRequest("POST", path, body: body))
  }

  package func patch(_ path: String, _ body: JSONObject) throws(APIError) -> Secret? {
    var request = APIRequest("PATCH", path, body: body)
    request.contentType = "application/merge-patch+json"
    return try secret(request)
  }

  package func delete(
    _ path: String, query: [(name: String, value: String)] = []
  ) throws(APIError) -> Secret? {
    try secret(APIRequest("DELETE", path, query: query))
  }

  /// Sends and reads the envelope. A 404 that still carries data or warnings is an answer, such as the metadata of a
  /// deleted version; where `absentIsNil`, any other 404 means that nothing is there.
  package func secret(_ request: APIRequest, absentIsNil: Bool = false) throws(APIError) -> Secret? {
    let (response, url) = try exchange(request)
    if response.status == 404, absentIsNil {
      if let secret = try? Secret(body: response.body), secret.data?["errors"] == nil,
        secret.data?.isEmpty == false || secret.warnings?.isEmpty == false
      {
        return secret
      }
      return nil
    }
    try check(response, request, url)
    return try Secret(body: response.body)
  }

  /// Sends and reads an answer that is a JSON object without the envelope.
  package func object(_ request: APIRequest) throws(APIError) -> JSONObject {
    let response = try raw(request)
    let parsed: JSONValue
    do throws(JSONError) { parsed = try JSONParser.parse(response.body, limits: .unlimited) } catch {
      throw .malformed("answer is not JSON: \(error)")
    }
    guard case .object(let object) = parsed else { throw .malformed("answer is not a JSON object") }
    return object
  }

  /// The answer as it came; refusals are errors.
  package func raw(_ request: APIRequest, sink: BodySink? = nil) throws(APIError) -> HTTPResponse {
    let (response, url) = try exchange(request, sink: sink)
    try check(response, request, url)
    return response
  }

  private func check(_ response: HTTPResponse, _ request: APIRequest, _ url: String) throws(APIError) {
    if (200..<400).contains(response.status) { return }
    throw .refused(
      ResponseError(response, method: request.method, url: url, namespace: configuration.namespace))
  }

  // MARK: One exchange, with retries and one redirect

  private func exchange(
    _ request: APIRequest, sink: BodySink? = nil
  ) throws(APIError) -> (HTTPResponse, url: String) {
    var http = assemble(request)
    if let showsInstead, !request.isPreflight {
      let isList = request.query.contains { $0.name == "list" && $0.value == "true" }
      let path = String(RequestTarget.path(request.path).dropFirst(4))
      throw .shown(showsInstead.text(http, path: path, isList: isList, tls: configuration.tls))
    }
    let url = http.url
    var response = try attempt(http, sink: sink)
    if configuration.followsRedirects, [301, 302, 307, 308].contains(response.status),
      let location = response[header: "location"]
    {
      http = try redirect(http, to: location, url: url)
      response = try attempt(http, sink: sink)
    }
    return (response, http.url)
  }

  private func attempt(_ http: HTTPRequest, sink: BodySink?) throws(APIError) -> HTTPResponse {
    let policy = configuration.retries
    var attempt = 0
    while true {
      attempt += 1
      var wait: TimeSpan
      do throws(TransportError) {
        let response = try transport.exchange(http, sink: sink)
        if attempt > policy.limit || !policy.repeats(status: response.status) { return response }
        let retryAfter = response[header: "retry-after"].flatMap { Int64($0) }
        wait = policy.delay(attempt: attempt, retryAfter: retryAfter, random: random)
      } catch {
        if attempt > policy.limit || !error.mayPass {
          throw .unreachable(method: http.method, url: http.url, error)
        }
        wait = policy.delay(attempt: attempt, retryAfter: nil, random: random)
      }
      sleep(wait)
    }
  }

  private func redirect(_ http: HTTPRequest, to location: String, url: String) throws(APIError) -> HTTPRequest {
    var http = http
    if location.hasPrefix("/") {
      http.target = location
      return http
    }
    let address: ServerAddress
    do throws(ConfigurationError) { address = try ServerAddress(location) } catch {
      throw .malformed("redirect from \(url): \(error)")
    }
    if http.server.isSecure && !address.isSecure { throw .malformed("redirect would cause protocol downgrade") }
    let rest = location.dropFirst(address.origin.utf8.count)
    http.server = address
    http.target = rest.hasPrefix("/") ? String(rest) : "/" + rest
    return http
  }

  private func assemble(_ request: APIRequest) -> HTTPRequest {
    let address = configuration.address
    var target = RequestTarget.path(request.path, base: address.basePath)
    if !request.query.isEmpty { target += "?" + RequestTarget.query(request.query) }
    var headers: [(name: String, value: String)] = []
    if !configuration.namespace.isEmpty { headers.append(("X-Vault-Namespace", configuration.namespace)) }
    headers.append(("X-Vault-Request", "true"))
    if !configuration.token.isEmpty { headers.append(("X-Vault-Token", configuration.token)) }
    if !request.isPreflight {
      if let ttl = wrapTTL(request) { headers.append(("X-Vault-Wrap-TTL", ttl)) }
      for factor in configuration.multiFactor { headers.append(("X-Vault-MFA", factor)) }
      if configuration.overridesPolicy { headers.append(("X-Vault-Policy-Override", "true")) }
    }
    if let type = request.contentType { headers.append(("Content-Type", type)) }
    headers += configuration.headers
    // PUT and POST without a body still say that it is empty.
    let needsBody = request.method == "PUT" || request.method == "POST"
    return HTTPRequest(
      method: request.method, server: address, target: target, headers: headers,
      body: request.body ?? (needsBody && showsInstead == nil ? [] : nil))
  }

  /// What was asked for; wrapping itself always needs a time.
  private func wrapTTL(_ request: APIRequest) -> String? {
    if let ttl = configuration.wrapTTL, ttl > .zero { return ttl.goDescription }
    let isWrap = request.path == "sys/wrapping/wrap" && (request.method == "PUT" || request.method == "POST")
    return isWrap ? "5m" : nil
  }
}
