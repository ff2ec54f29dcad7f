package import EngineAPI
package import JSONText
package import Primitives

/// Where a request's headers are looked up; names in lower case.
package protocol HeaderSource: Sendable {
  func values(_ name: String) -> [String]
}

/// A request as it came over the wire, with the API's conventions read but nothing believed yet.
package final class InboundRequest: Sendable {
  /// A UUID of ours.
  package let id: String
  /// What the method says; writes come as `update`.
  package let operation: Operation
  /// Below `/v1/`, percent-decoded, without a leading slash.
  package let path: String
  /// Fields from a query, for operations without a body.
  package let query: JSONObject
  package let body: [UInt8]
  /// The media type of the body in lower case without parameters; empty where none was named.
  package let contentType: String
  package let headers: any HeaderSource
  /// The token as it came; empty for none.
  package let token: String
  package let wrapTTL: TimeSpan?
  /// `X-Vault-Wrap-Format: jwt`.
  package let wrapsAsJWT: Bool
  package let remoteAddress: String
  package let remotePort: Int
  package let received: Timestamp
  package let limits: JSONLimits
  /// In monotonic nanoseconds: not carried out any more after that.
  package let deadline: UInt64
  package let acceptsUnprintablePaths: Bool
  /// Routes with one of these traits work without a token at the request's listener.
  package let opens: RouteTraits

  package init(
    id: String, operation: Operation, path: String, query: JSONObject, body: [UInt8], contentType: String,
    headers: any HeaderSource, token: String, wrapTTL: TimeSpan?, wrapsAsJWT: Bool, remoteAddress: String,
    remotePort: Int, received: Timestamp, limits: JSONLimits, deadline: UInt64 = .max,
    acceptsUnprintablePaths: Bool = false, opens: RouteTraits = []
  ) {
    self.id = id
    self.operation = operation
    self.path = path
    self.query = query
    self.body = body
    self.contentType = contentType
    self.headers = headers
    self.token = token
    self.wrapTTL = wrapTTL
    self.wrapsAsJWT = wrapsAsJWT
    self.remoteAddress = remoteAddress
    self.remotePort = remotePort
    self.received = received
    self.limits = limits
    self.deadline = deadline
    self.acceptsUnprintablePaths = acceptsUnprintablePaths
    self.opens = opens
  }

  /// The same request as if it had come with another token.
  func bearing(_ token: String) -> InboundRequest {
    InboundRequest(
      id: id, operation: operation, path: path, query: query, body: body, contentType: contentType, headers: headers,
      token: token, wrapTTL: wrapTTL, wrapsAsJWT: wrapsAsJWT, remoteAddress: remoteAddress, remotePort: remotePort,
      received: received, limits: limits, deadline: deadline, acceptsUnprintablePaths: acceptsUnprintablePaths,
      opens: opens)
  }
}

/// An answer ready for the wire.
package struct WireResponse: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    case stream(@Sendable (_ send: ([UInt8]) throws -> Void) throws -> Void)
  }
  package var status: Int
  /// Empty for an answer without a body.
  package var contentType: String
  package var headers: [(name: String, value: String)]
  package var body: Body

  package init(status: Int, contentType: String, headers: [(name: String, value: String)] = [], body: Body) {
    self.status = status
    self.contentType = contentType
    self.headers = headers
    self.body = body
  }

  package static func json(_ status: Int, _ bytes: [UInt8]) -> WireResponse {
    WireResponse(status: status, contentType: "application/json", body: .bytes(bytes))
  }

  /// `{"errors": […]}` in one line.
  package static func errors(_ status: Int, _ messages: [String], data: JSONText? = nil) -> WireResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("errors")
    writer.strings(messages)
    if let data {
      writer.name("data")
      writer.text(data)
    }
    writer.endObject()
    writer.endLine()
    return .json(status, writer.bytes)
  }
}
