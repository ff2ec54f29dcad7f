internal import COpenSSL
package import Primitives

/// A certificate for a server that is only tried out, with the authority that signed it: P-256, PEM (RFC 7468). The authority's key is not kept.
package struct ServerCertificate: Sendable {
  package let authorityPEM: [UInt8]
  package let certificatePEM: [UInt8]
  /// PKCS #8.
  package let keyPEM: [UInt8]

  private static let days: Int32 = 30

  /// - Parameter names: host names and IP addresses, at least one.
  /// - Throws: `CryptographyError.library`, also for names that cannot stand in a certificate.
  package init(names: [String], random: RandomSource) throws(CryptographyError) {
    let alternatives = names.map { (Self.isAddress($0) ? "IP:" : "DNS:") + $0 }.joined(separator: ",")
    // A comma or colon in a name would begin another one.
    guard !names.isEmpty,
      names.allSatisfy({ !$0.isEmpty && !$0.contains(",") && (Self.isAddress($0) || !$0.contains(":")) })
    else { throw .library }
    let authorityKey = try AsymmetricKey.Handle.generate("EC", group: "P-256")
    let key = try AsymmetricKey.Handle.generate("EC", group: "P-256")
    func serial() -> UInt64 { random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) } >> 1 }
    guard
      let authority = coffer_certificate(
        authorityKey.pointer, "Coffer development CA", nil, Self.days, serial(), nil, nil)
    else { throw .library }
    defer { X509_free(authority) }
    guard
      let certificate = coffer_certificate(
        key.pointer, "coffer development server", alternatives, Self.days, serial(), authority, authorityKey.pointer)
    else { throw .library }
    defer { X509_free(certificate) }
    authorityPEM = try Self.pem { PEM_write_bio_X509($0, authority) }
    certificatePEM = try Self.pem { PEM_write_bio_X509($0, certificate) }
    keyPEM = try Self.pem { PEM_write_bio_PKCS8PrivateKey($0, key.pointer, nil, nil, 0, nil, nil) }
  }

  private static func isAddress(_ name: String) -> Bool { AddressBlock(name) != nil && !name.contains("/") }

  private static func pem(_ write: (OpaquePointer) -> Int32) throws(CryptographyError) -> [UInt8] {
    guard let bio = BIO_new(BIO_s_mem()) else { throw .library }
    defer { BIO_free(bio) }
    guard write(bio) == 1 else { throw .library }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = BIO_read(bio, &buffer, Int32(buffer.count))
      guard count > 0 else { return out }
      out += buffer.prefix(Int(count))
    }
  }
}
