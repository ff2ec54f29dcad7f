/// What a handler answers. The server adds `Date`, the framing headers and `Connection`; it leaves those of the handler out.
package struct HTTPResponse: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    /// Runs on a thread of its own while the client reads; an error that it throws cuts the answer off.
    case stream(@Sendable (any HTTPBodyWriter) throws -> Void)
  }

  package var status: Int
  /// Line breaks and NUL in a name or value go out as spaces.
  package var headers: [(name: String, value: String)]
  package var body: Body

  package init(status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Where a streamed body goes: chunks in HTTP/1.1, DATA frames in HTTP/2.
package protocol HTTPBodyWriter {
  /// False once the client has gone or the server stops: a stream without an end should end then.
  var isOpen: Bool { get }

  /// Sends the bytes without delay; waits while the client is behind by more than some 64 KiB.
  /// Throws `HTTPStreamClosed` when the client has gone or reads slower than the write timeout allows.
  func write(_ bytes: [UInt8]) throws
}

/// The client of a streamed body is out of reach.
package struct HTTPStreamClosed: Error {
  package init() {}
}
