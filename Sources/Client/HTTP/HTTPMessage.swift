/// A request as it goes onto the wire.
package struct HTTPRequest: Sendable {
  package var method: String
  /// Scheme, authority and endpoint to reach.
  package var server: ServerAddress
  /// Path and query, escaped.
  package var target: String
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]?

  package init(
    method: String, server: ServerAddress, target: String, headers: [(name: String, value: String)] = [],
    body: [UInt8]? = nil
  ) {
    self.method = method
    self.server = server
    self.target = target
    self.headers = headers
    self.body = body
  }

  /// The whole URL, as error messages show it.
  package var url: String { server.origin + target }
}

/// A response, whole, except for a body that went to a sink.
package struct HTTPResponse: Sendable {
  package var status: Int
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The first field of that name, in any case.
  package subscript(header name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }
}

/// Takes a body piece by piece; false ends the exchange.
package typealias BodySink = (ArraySlice<UInt8>) -> Bool

/// Why no answer came, in the words that the operating system or TLS gave.
package struct TransportError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
  /// False where asking again cannot help, such as a certificate that is not trusted.
  package let mayPass: Bool

  package init(_ description: String, mayPass: Bool = true) {
    self.description = description
    self.mayPass = mayPass
  }
}

/// Sends one request and brings its answer. Implemented by connections, and by scripts in tests.
package protocol Transport: AnyObject {
  /// With a sink, the body of a 2xx answer goes there instead of into the response.
  func exchange(_ request: HTTPRequest, sink: BodySink?) throws(TransportError) -> HTTPResponse
}
