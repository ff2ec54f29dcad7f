internal import COpenSSL
internal import Glibc

/// What new TLS connections of a listener start from. Replaced as a whole when certificates are reloaded.
final class TLSContext: @unchecked Sendable {
  // Unchecked because OpenSSL counts references to a context atomically, and nothing changes it after `init`.
  private let context: OpaquePointer
  let offersHTTP2: Bool

  init(_ settings: TLSSettings) throws(HTTPServerError) {
    guard let context = SSL_CTX_new(TLS_server_method()) else { throw HTTPServerError("OpenSSL has no TLS server") }
    self.context = context
    offersHTTP2 = settings.http2
    coffer_tls_context_modes(context)
    SSL_CTX_set_num_tickets(context, 1)
    var name = Array("coffer".utf8)
    SSL_CTX_set_session_id_context(context, &name, UInt32(name.count))
    try setVersions(settings)
    try loadCertificate(settings)
    try setClientCertificates(settings)
    setProtocols()
  }

  deinit { SSL_CTX_free(context) }

  /// The state of one connection over the socket, to be freed by whoever asked; nil without memory.
  func connection(over descriptor: Int32) -> OpaquePointer? {
    guard let ssl = SSL_new(context) else { return nil }
    SSL_set_fd(ssl, descriptor)
    SSL_set_accept_state(ssl)
    return ssl
  }

  private func setVersions(_ settings: TLSSettings) throws(HTTPServerError) {
    func number(_ version: TLSVersion) -> Int32 {
      switch version {
      case .tls10: TLS1_VERSION
      case .tls11: TLS1_1_VERSION
      case .tls12: TLS1_2_VERSION
      case .tls13: TLS1_3_VERSION
      }
    }
    guard settings.minVersion <= settings.maxVersion else {
      throw HTTPServerError("the lowest TLS version is above the highest")
    }
    guard coffer_tls_context_versions(context, number(settings.minVersion), number(settings.maxVersion)) == 1 else {
      throw HTTPServerError("OpenSSL does not support these TLS versions")
    }
    // Versions before 1.2 sign with SHA-1, which only the lowest level of security lets through.
    let level = settings.minVersion < .tls12 ? ":@SECLEVEL=0" : ""
    var older: [String] = []
    var newer: [String] = []
    for name in settings.cipherSuites {
      if name.hasPrefix("TLS_AES_") || name.hasPrefix("TLS_CHACHA20_POLY1305_SHA256") {
        newer.append(name)
      } else if name.hasPrefix("TLS_"), let own = OPENSSL_cipher_name(name), String(cString: own) != "(NONE)" {
        older.append(String(cString: own))
      } else if !name.hasPrefix("TLS_") {
        older.append(name)
      } else {
        throw HTTPServerError("unsupported cipher \"\(name)\"")
      }
    }
    for name in older where SSL_CTX_set_cipher_list(context, name) != 1 {
      throw HTTPServerError("unsupported cipher \"\(name)\"")
    }
    let list = older.isEmpty ? "DEFAULT" : older.joined(separator: ":")
    guard SSL_CTX_set_cipher_list(context, list + level) == 1 else { throw HTTPServerError("unsupported ciphers") }
    if !older.isEmpty { coffer_tls_context_prefer_own_ciphers(context) }
    if !newer.isEmpty {
      guard SSL_CTX_set_ciphersuites(context, newer.joined(separator: ":")) == 1 else {
        throw HTTPServerError("unsupported cipher among \(newer.joined(separator: ", "))")
      }
    }
  }

  private func loadCertificate(_ settings: TLSSettings) throws(HTTPServerError) {
    try checkReadable(settings.certificateFile)
    try checkReadable(settings.keyFile)
    // Without this OpenSSL would ask at the terminal.
    SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in -1 }
    ERR_clear_error()
    guard SSL_CTX_use_certificate_chain_file(context, settings.certificateFile) == 1 else {
      throw HTTPServerError(
        "error loading TLS cert: \(settings.certificateFile) holds no usable PEM certificate\(openSSLReason())")
    }
    ERR_clear_error()
    guard SSL_CTX_use_PrivateKey_file(context, settings.keyFile, SSL_FILETYPE_PEM) == 1 else {
      let reason = coffer_tls_error_reason(ERR_peek_last_error())
      if reason == UInt(X509_R_KEY_VALUES_MISMATCH) || reason == UInt(X509_R_KEY_TYPE_MISMATCH) {
        throw mismatch(settings)
      }
      throw HTTPServerError(
        "error loading TLS cert: \(settings.keyFile) holds no usable PEM key without a password\(openSSLReason())")
    }
    guard SSL_CTX_check_private_key(context) == 1 else { throw mismatch(settings) }
  }

  private func mismatch(_ settings: TLSSettings) -> HTTPServerError {
    HTTPServerError(
      "error loading TLS cert: the private key in \(settings.keyFile) does not match the certificate in "
        + settings.certificateFile)
  }

  private func setClientCertificates(_ settings: TLSSettings) throws(HTTPServerError) {
    if settings.requireClientCertificate {
      guard !settings.disableClientCertificates else {
        throw HTTPServerError("client certificates are both required and disabled")
      }
      if let file = settings.clientCAFile {
        try checkReadable(file)
        ERR_clear_error()
        guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
          throw HTTPServerError("failed to parse the client CA certificate in \(file)\(openSSLReason())")
        }
        if let names = SSL_load_client_CA_file(file) { SSL_CTX_set_client_CA_list(context, names) }
      } else {
        SSL_CTX_set_default_verify_paths(context)
      }
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    } else if !settings.disableClientCertificates {
      // The client still proves that it holds the key; who may come in with which certificate is decided later.
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER) { _, _ in 1 }
    }
  }

  private func setProtocols() {
    let withHTTP2 = UnsafeMutableRawPointer(bitPattern: offersHTTP2 ? 1 : 0)
    SSL_CTX_set_alpn_select_cb(
      context,
      { _, out, outLength, offered, length, withHTTP2 in
        guard let out, let outLength, let offered else { return SSL_TLSEXT_ERR_NOACK }
        var web: Int?
        var at = 0
        // A list of names, each behind a byte with its length (RFC 7301, section 3.1).
        while at < Int(length) {
          let size = Int(offered[at])
          guard at + 1 + size <= Int(length) else { break }
          let name = UnsafeBufferPointer(start: offered + at + 1, count: size)
          if withHTTP2 != nil, name.elementsEqual("h2".utf8) {
            out.pointee = offered + at + 1
            outLength.pointee = UInt8(size)
            return SSL_TLSEXT_ERR_OK
          }
          if name.elementsEqual("http/1.1".utf8) { web = at }
          at += 1 + size
        }
        guard let web else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        out.pointee = offered + web + 1
        outLength.pointee = offered[web]
        return SSL_TLSEXT_ERR_OK
      }, withHTTP2)
  }

  private func checkReadable(_ file: String) throws(HTTPServerError) {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw HTTPServerError("error loading TLS cert: open \(file): \(lastError())") }
    close(descriptor)
  }
}

/// The reason of OpenSSL's latest error in this thread, in brackets after a blank; empty when there is none.
private func openSSLReason() -> String {
  guard let reason = ERR_reason_error_string(ERR_peek_last_error()) else { return "" }
  return " (\(String(cString: reason)))"
}
