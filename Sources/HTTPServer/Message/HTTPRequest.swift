internal import Primitives

/// A whole request: the server hands it over when the body has come in.
package struct HTTPRequest: Sendable {
  /// As it came; any token is possible (`LIST` for one).
  package var method: String
  /// The target's path before percent-decoding; `*` for a request about the server itself, `host:port` for CONNECT.
  package var path: String
  /// What follows the first `?` of the target, undecoded; empty when there is none.
  package var query: String
  package var headers: HTTPHeaders
  /// Without transfer coding.
  package var body: [UInt8]
  /// The place of the listener in the list the server was made with.
  package var listener: Int
  /// The peer's numeric address; empty for a unix socket.
  package var remoteAddress: String
  /// Zero for a unix socket.
  package var remotePort: Int
  package var isTLS: Bool
  /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
  package var protocolName: String
  /// The TLS client's certificate in DER; it was checked against a CA only where the listener requires certificates.
  package var clientCertificate: [UInt8]?
  /// When its first byte came, in monotonic nanoseconds.
  package var arrived: UInt64

  package init(
    method: String, path: String, query: String = "", headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
    listener: Int = 0, remoteAddress: String = "", remotePort: Int = 0, isTLS: Bool = false,
    protocolName: String = "HTTP/1.1", clientCertificate: [UInt8]? = nil,
    arrived: UInt64 = WallClock.monotonicNanoseconds()
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.listener = listener
    self.remoteAddress = remoteAddress
    self.remotePort = remotePort
    self.isTLS = isTLS
    self.protocolName = protocolName
    self.clientCertificate = clientCertificate
    self.arrived = arrived
  }
}
