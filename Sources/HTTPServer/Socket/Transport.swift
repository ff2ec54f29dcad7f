internal import COpenSSL
internal import Glibc

/// A connected socket that never blocks, with or without TLS.
struct Transport {
  enum Transfer: Equatable {
    case bytes(Int)
    /// Nothing more for now.
    case blocked
    /// The peer has finished sending.
    case ended
    case failed
  }

  enum Handshake {
    case done
    case blocked
    case failed(String)
  }

  let descriptor: Int32
  /// Nil without TLS, and after `close`.
  private var tls: OpaquePointer?
  /// Failed or finished: OpenSSL is not called on it again.
  private var tlsFailed = false

  init(descriptor: Int32, tls: OpaquePointer?) {
    self.descriptor = descriptor
    self.tls = tls
  }

  var isTLS: Bool { tls != nil }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
    if tls != nil { return readTLS(buffer) }
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .ended }
      if errno == EAGAIN { return .blocked }
      if errno != EINTR { return .failed }
    }
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    if bytes.isEmpty { return .bytes(0) }
    if tls != nil { return writeTLS(bytes) }
    while true {
      let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      if errno == EAGAIN { return .blocked }
      if errno != EINTR { return .failed }
    }
  }

  /// Whether what was `blocked` last waits for room to send; TLS may need that to read as well.
  var waitsForRoom: Bool {
    guard let tls else { return false }
    return SSL_want(tls) == SSL_WRITING
  }

  /// Looks at the first bytes, at most as many as an HTTP/2 preface has, without taking them.
  func peek() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 24) { buffer, filled in
      filled = max(0, recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_PEEK)))
    }
  }

  mutating func handshake() -> Handshake {
    guard let tls else { return .done }
    ERR_clear_error()
    let result = SSL_accept(tls)
    if result == 1 { return .done }
    switch SSL_get_error(tls, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .blocked
    default:
      tlsFailed = true
      let reason = ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) }
      return .failed(reason ?? "the client went away")
    }
  }

  /// After the handshake: whether the client chose HTTP/2.
  var negotiatedHTTP2: Bool {
    guard let tls else { return false }
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    SSL_get0_alpn_selected(tls, &name, &length)
    return UnsafeBufferPointer(start: name, count: Int(length)).elementsEqual("h2".utf8)
  }

  /// After the handshake: the client's certificate in DER.
  var peerCertificate: [UInt8]? {
    guard let tls, let certificate = SSL_get1_peer_certificate(tls) else { return nil }
    defer { X509_free(certificate) }
    let count = i2d_X509(certificate, nil)
    guard count > 0 else { return nil }
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      var end = buffer.baseAddress
      filled = max(0, Int(i2d_X509(certificate, &end)))
    }
  }

  /// Says that nothing more will be sent, as far as that can be said without waiting.
  mutating func finishSending() {
    if let tls, !tlsFailed {
      ERR_clear_error()
      SSL_shutdown(tls)
      tlsFailed = true
    }
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Leaves TLS, for an answer in clear to a client that does not speak it.
  mutating func dropTLS() {
    SSL_free(tls)
    tls = nil
  }

  mutating func close() {
    if let tls {
      if !tlsFailed {
        ERR_clear_error()
        SSL_shutdown(tls)
      }
      SSL_free(tls)
    }
    tls = nil
    _ = Glibc.close(descriptor)
  }

  private mutating func readTLS(_ buffer: UnsafeMutableRawBufferPointer) -> Transfer {
    guard let tls, !tlsFailed else { return .failed }
    ERR_clear_error()
    let count = SSL_read(tls, buffer.baseAddress, Int32(clamping: buffer.count))
    return count > 0 ? .bytes(Int(count)) : failure(tls, count)
  }

  private mutating func writeTLS(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    guard let tls, !tlsFailed else { return .failed }
    ERR_clear_error()
    let count = SSL_write(tls, bytes.baseAddress, Int32(clamping: bytes.count))
    return count > 0 ? .bytes(Int(count)) : failure(tls, count)
  }

  private mutating func failure(_ tls: OpaquePointer, _ result: Int32) -> Transfer {
    switch SSL_get_error(tls, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .blocked
    case SSL_ERROR_ZERO_RETURN: return .ended
    default:
      // OpenSSL forbids any further call on a connection that failed, SSL_shutdown included.
      tlsFailed = true
      return .failed
    }
  }
}
