package enum TLSVersion: Int, Sendable, Comparable, CaseIterable {
  case tls10, tls11, tls12, tls13

  package static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}

package struct TLSSettings: Sendable {
  /// PEM: the server's certificate and after it the rest of its chain.
  package var certificateFile: String
  /// PEM, not encrypted.
  package var keyFile: String
  package var minVersion: TLSVersion
  package var maxVersion: TLSVersion
  /// Names of the IANA registry (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`) or of OpenSSL, best first; empty for the default.
  package var cipherSuites: [String]
  /// PEM: what client certificates are checked against; nil for the system's authorities. Only with `requireClientCertificate`.
  package var clientCAFile: String?
  /// Without a valid certificate no client comes in. Otherwise one is asked for and passed on unchecked.
  package var requireClientCertificate: Bool
  /// Clients are not asked for a certificate at all.
  package var disableClientCertificates: Bool
  /// Offers HTTP/2 to clients that ask (ALPN, RFC 7301).
  package var http2: Bool

  package init(
    certificateFile: String, keyFile: String, minVersion: TLSVersion = .tls12, maxVersion: TLSVersion = .tls13,
    cipherSuites: [String] = [], clientCAFile: String? = nil, requireClientCertificate: Bool = false,
    disableClientCertificates: Bool = false, http2: Bool = true
  ) {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.minVersion = minVersion
    self.maxVersion = maxVersion
    self.cipherSuites = cipherSuites
    self.clientCAFile = clientCAFile
    self.requireClientCertificate = requireClientCertificate
    self.disableClientCertificates = disableClientCertificates
    self.http2 = http2
  }
}
