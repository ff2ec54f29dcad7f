internal import COpenSSL
package import Primitives
package import SecretMemory

/// An authority that signs certificates (RFC 5280): its certificate and the private key that belongs to it.
package struct CertificateAuthority: Sendable {
  package enum Mistake: Error, Sendable, Equatable {
    case certificate
    /// No private key in PEM, or one under a passphrase.
    case privateKey
    /// The certificate is of another key.
    case otherKey
    /// The certificate may not sign others.
    case notAnAuthority
  }

  private let certificate: Certificate
  private let key: AsymmetricKey.Handle

  /// - Parameters:
  ///   - certificate: PEM; the first certificate in it counts.
  ///   - privateKey: PEM in PKCS #8 or the form of before it, without a passphrase.
  package init(certificate: String, privateKey: SecretBytes) throws(Mistake) {
    defer { ERR_clear_error() }
    guard let block = PEM.first(in: certificate), block.label == "CERTIFICATE",
      let parsed = Certificate(der: block.bytes)
    else { throw .certificate }
    self.certificate = parsed
    guard let key = privateKey.withBytes({ coffer_private_key($0.baseAddress, $0.count) }) else { throw .privateKey }
    self.key = AsymmetricKey.Handle(key)
    guard X509_check_private_key(parsed.pointer, key) == 1 else { throw .otherKey }
    guard X509_check_ca(parsed.pointer) != 0 else { throw .notAnAuthority }
  }

  /// Whether certificates of this authority are good for nothing any more.
  package func hasExpired(at now: Timestamp) -> Bool {
    var time = time_t(now.seconds)
    return X509_cmp_time(X509_get0_notAfter(certificate.pointer), &time) < 0
  }

  /// A certificate by which the holder of `key` shows to servers who it is, and nothing else.
  /// - Parameter hash: of the signature; authorities whose keys sign whole messages (Ed25519, ML-DSA) use none.
  /// - Throws: `.library`, also for a common name that cannot stand in a certificate: at most 64 characters, not empty.
  package func clientCertificate(
    commonName: String, key client: ClientKey, hash: HashFunction, from start: Timestamp, until end: Timestamp,
    random: RandomSource
  ) throws(CryptographyError) -> String {
    defer { ERR_clear_error() }
    var serial = random.bytes(16)
    // Positive, and of one length for all.
    if let first = serial.first { serial[0] = first & 0x7F | 0x40 }
    let takesHash = EVP_PKEY_is_a(key.pointer, "RSA") == 1 || EVP_PKEY_is_a(key.pointer, "EC") == 1
    let made = coffer_client_certificate(
      client.handle.pointer, commonName, serial, Int32(serial.count), start.seconds, end.seconds, certificate.pointer,
      key.pointer, takesHash ? hash.algorithm : nil)
    guard let made else { throw .library }
    defer { X509_free(made) }
    guard let der = DER.encode({ i2d_X509(made, $0) }) else { throw .library }
    return PEM.encode("CERTIFICATE", der)
  }
}

/// A new private key of somebody to whom a certificate is given.
package struct ClientKey: Sendable {
  package enum Kind: Sendable, Equatable {
    case rsa(bits: Int)
    /// On a curve of NIST of 224, 256, 384 or 521 bits (FIPS 186-4; the smallest only for those who still ask for it).
    case ec(bits: Int)
    case ed25519
  }

  let handle: AsymmetricKey.Handle
  private let kind: Kind

  /// - Throws: `.keyLength` for sizes that there are not.
  package init(_ kind: Kind) throws(CryptographyError) {
    switch kind {
    case .rsa(let bits):
      guard [2048, 3072, 4096].contains(bits) else { throw .keyLength }
      handle = try AsymmetricKey.Handle.generate("RSA", bits: bits)
    case .ec(let bits):
      guard [224, 256, 384, 521].contains(bits) else { throw .keyLength }
      handle = try AsymmetricKey.Handle.generate("EC", group: "P-\(bits)")
    case .ed25519: handle = try AsymmetricKey.Handle.generate("ED25519")
    }
    self.kind = kind
  }

  /// PEM in the form that goes with the kind: RSAPrivateKey (RFC 8017), ECPrivateKey (RFC 5915), else PKCS #8.
  package func pem() throws(CryptographyError) -> SecretBytes {
    defer { ERR_clear_error() }
    guard let bio = BIO_new(BIO_s_secmem()) else { throw .library }
    defer { BIO_free(bio) }
    let done =
      kind == .ed25519
      ? PEM_write_bio_PKCS8PrivateKey(bio, handle.pointer, nil, nil, 0, nil, nil)
      : PEM_write_bio_PrivateKey_traditional(bio, handle.pointer, nil, nil, 0, nil, nil)
    guard done == 1 else { throw .library }
    let count = Int(BIO_ctrl_pending(bio))
    var read = 0
    let text = SecretBytes(count: count) { read = Int(BIO_read(bio, $0.baseAddress, Int32(clamping: count))) }
    guard read == count, count > 0 else { throw .library }
    return text
  }
}
