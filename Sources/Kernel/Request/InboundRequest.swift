package import EngineAPI
package import JSONText
package import Primitives

/// Where a request's headers are looked up; names in lower case.
package protocol HeaderSource: Sendable {
  func values(_ name: String) -> [String]
}

/// A request as it came over the wire, with the API's conventions read but nothing believed yet.
package struct InboundRequest: Sendable {
  /// A UUID of ours.
  package var id: String
  /// What the method says; writes come as `update`.
  package var operation: Operation
  /// Below `/v1/`, percent-decoded, without a leading slash.
  package var path: String
  /// Fields from a query, for operations without a body.
  package var query: JSONObject
  package var body: [UInt8]
  /// The media type of the body in lower case without parameters; empty where none was named.
  package var contentType: String
  package var headers: any HeaderSource
  /// The token as it came; empty for none.
  package var token: String
  package var wrapTTL: TimeSpan?
  /// `X-Vault-Wrap-Format: jwt`.
  package var wrapsAsJWT: Bool
  package var remoteAddress: String
  package var remotePort: Int
  package var received: Timestamp
  package var limits: JSONLimits
  /// In monotonic nanoseconds: not carried out any more after that.
  package var deadline = UInt64.max
  package var acceptsUnprintablePaths = false
  /// The listener shows the requests under way to everybody.
  package var mayListInFlight = false

  package init(
    id: String, operation: Operation, path: String, query: JSONObject, body: [UInt8], contentType: String,
    headers: any HeaderSource, token: String, wrapTTL: TimeSpan?, wrapsAsJWT: Bool, remoteAddress: String,
    remotePort: Int,
    received: Timestamp, limits: JSONLimits
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
    return .json(status, writer.bytes + [UInt8(ascii: "\n")])
  }
}
