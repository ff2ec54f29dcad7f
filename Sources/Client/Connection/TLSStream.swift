internal import COpenSSL
internal import Glibc

/// TLS 1.2 or later over a socket, with the peer's certificate and name checked.
final class TLSStream: ByteStream {
  private let socket: Socket
  private let context: OpaquePointer
  private let session: OpaquePointer

  var deadline: UInt64 {
    get { socket.deadline }
    set { socket.deadline = newValue }
  }

  init(over socket: Socket, host: String, settings: TLSSettings) throws(TransportError) {
    let context = try Self.context(settings)
    guard let session = SSL_new(context) else {
      SSL_CTX_free(context)
      throw Self.failure("tls")
    }
    self.socket = socket
    self.context = context
    self.session = session
    try handshake(name: settings.serverName.isEmpty ? host : settings.serverName, verifies: !settings.skipsVerification)
  }

  deinit {
    SSL_free(session)
    SSL_CTX_free(context)
  }

  var isIdle: Bool { socket.isIdle && SSL_pending(session) == 0 }

  func close() {
    SSL_shutdown(session)
    socket.close()
  }

  // MARK: Setting up

  private static func context(_ settings: TLSSettings) throws(TransportError) -> OpaquePointer {
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw failure("tls") }
    do throws(TransportError) {
      _ = coffer_client_min_version(context, TLS1_2_VERSION)
      _ = coffer_client_auto_retry(context)
      try trust(settings, in: context)
      try identify(settings, in: context)
      return context
    } catch {
      SSL_CTX_free(context)
      throw error
    }
  }

  private static func trust(_ settings: TLSSettings, in context: OpaquePointer) throws(TransportError) {
    if settings.skipsVerification {
      SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
      return
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    if !settings.authorityFile.isEmpty {
      if SSL_CTX_load_verify_file(context, settings.authorityFile) != 1 {
        throw failure("Error loading CA File: \(settings.authorityFile)", mayPass: false)
      }
    } else if !settings.authorityPEM.isEmpty {
      try trust(pem: settings.authorityPEM, in: context)
    } else if !settings.authorityFolder.isEmpty {
      // OpenSSL's own folder lookup wants hashed names; people have folders of plain PEM files.
      try trust(folder: settings.authorityFolder, in: context)
    } else {
      SSL_CTX_set_default_verify_paths(context)
    }
  }

  private static func trust(pem: String, in context: OpaquePointer) throws(TransportError) {
    let bytes = Array(pem.utf8)
    var added = 0
    bytes.withUnsafeBytes { buffer in
      guard let bio = coffer_client_memory(buffer.baseAddress, Int32(clamping: buffer.count)) else { return }
      defer { BIO_free(bio) }
      while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) {
        if X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1 { added += 1 }
        X509_free(certificate)
      }
    }
    ERR_clear_error()
    if added == 0 { throw TransportError("Error loading CA certificate: no certificate found", mayPass: false) }
  }

  private static func trust(folder: String, in context: OpaquePointer) throws(TransportError) {
    guard let directory = opendir(folder) else {
      throw TransportError("Error loading CA path: open \(folder): \(Socket.message(errno))", mayPass: false)
    }
    defer { closedir(directory) }
    var loaded = 0
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(".") { continue }
      if SSL_CTX_load_verify_file(context, folder + "/" + name) == 1 { loaded += 1 }
    }
    ERR_clear_error()
    if loaded == 0 { throw TransportError("Error loading CA path: no certificate in \(folder)", mayPass: false) }
  }

  private static func identify(_ settings: TLSSettings, in context: OpaquePointer) throws(TransportError) {
    if settings.certificateFile.isEmpty && settings.keyFile.isEmpty { return }
    guard !settings.certificateFile.isEmpty, !settings.keyFile.isEmpty else {
      throw TransportError("both client cert and client key must be provided", mayPass: false)
    }
    if SSL_CTX_use_certificate_chain_file(context, settings.certificateFile) != 1 {
      throw failure("cannot load client certificate \(settings.certificateFile)", mayPass: false)
    }
    if SSL_CTX_use_PrivateKey_file(context, settings.keyFile, SSL_FILETYPE_PEM) != 1 {
      throw failure("cannot load client key \(settings.keyFile)", mayPass: false)
    }
    if SSL_CTX_check_private_key(context) != 1 {
      throw failure("client certificate and key do not belong together", mayPass: false)
    }
  }

  private func handshake(name: String, verifies: Bool) throws(TransportError) {
    let parameters = SSL_get0_param(session)
    if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) != 1 {
      ERR_clear_error()
      _ = coffer_client_server_name(session, name)
      if verifies { SSL_set1_host(session, name) }
    }
    let protocols: [UInt8] = [8] + Array("http/1.1".utf8)
    SSL_set_alpn_protos(session, protocols, UInt32(protocols.count))
    SSL_set_fd(session, socket.descriptor)
    try socket.applyDeadline("tls handshake")
    ERR_clear_error()
    if SSL_connect(session) == 1 { return }
    let verdict = SSL_get_verify_result(session)
    if verifies, verdict != Int(X509_V_OK) {
      let reason = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? "error \(verdict)"
      throw TransportError("tls: failed to verify certificate: x509: \(reason)", mayPass: false)
    }
    let code = ERR_peek_error()
    let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? ""
    if reason == "wrong version number" || reason == "packet length too long" || reason == "http request" {
      throw TransportError("http: server gave HTTP response to HTTPS client", mayPass: false)
    }
    if reason.isEmpty && (errno == EAGAIN || errno == EWOULDBLOCK) { throw TransportError("TLS handshake timeout") }
    throw reason.isEmpty
      ? TransportError("tls: handshake failure: EOF") : Self.failure("remote error: tls", mayPass: false)
  }

  private static func failure(_ what: String, mayPass: Bool = true) -> TransportError {
    let code = ERR_get_error()
    ERR_clear_error()
    let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error"
    return TransportError("\(what): \(reason)", mayPass: mayPass)
  }

  // MARK: Traffic

  func receive(_ count: Int) throws(TransportError) -> [UInt8] {
    try socket.applyDeadline("read")
    ERR_clear_error()
    var received = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      received = Int(SSL_read(session, buffer.baseAddress, Int32(clamping: count)))
      filled = max(0, received)
    }
    if received > 0 { return bytes }
    switch SSL_get_error(session, Int32(received)) {
    case SSL_ERROR_ZERO_RETURN: return []
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
      throw TransportError("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
    case SSL_ERROR_SYSCALL: throw TransportError("read: \(errno == 0 ? "unexpected EOF" : Socket.message(errno))")
    default:
      let failure = Self.failure("remote error: tls")
      // Peers that close without saying so are common; the reader above knows whether the answer was complete.
      if failure.description.hasSuffix("unexpected eof while reading") { return [] }
      throw failure
    }
  }

  func send(_ bytes: [UInt8]) throws(TransportError) {
    var sent = 0
    while sent < bytes.count {
      try socket.applyDeadline("write")
      ERR_clear_error()
      let n = bytes.withUnsafeBytes { buffer in
        SSL_write(session, buffer.baseAddress.map { $0 + sent }, Int32(clamping: buffer.count - sent))
      }
      guard n > 0 else {
        if SSL_get_error(session, n) == SSL_ERROR_SYSCALL { throw TransportError("write: \(Socket.message(errno))") }
        throw Self.failure("write: tls")
      }
      sent += Int(n)
    }
  }
}
