internal import COpenSSL
package import SecretMemory

/// The numbers of a key as bytes, the highest first, for formats that write them so.
extension AsymmetricKey {
  package struct RSASecret: Sendable {
    /// d, p, q and q⁻¹ mod p.
    package let exponent: SecretBytes
    package let p: SecretBytes
    package let q: SecretBytes
    package let coefficient: SecretBytes
  }

  /// Without zeros in front.
  package func rsaPublic() throws(CryptographyError) -> (modulus: [UInt8], exponent: [UInt8]) {
    guard case .rsa = kind else { throw .unsuitableKey }
    let modulus = try number("n")
    let exponent = try number("e")
    return (try modulus.bytes(width: modulus.width), try exponent.bytes(width: exponent.width))
  }

  package func rsaSecret() throws(CryptographyError) -> RSASecret {
    guard case .rsa = kind, hasPrivatePart else { throw .unsuitableKey }
    return RSASecret(
      exponent: try number("d").secret(), p: try number("rsa-factor1").secret(), q: try number("rsa-factor2").secret(),
      coefficient: try number("rsa-coefficient1").secret())
  }

  /// The uncompressed point (SEC 1, section 2.3.3): 4, x, y.
  package func ecdsaPoint() throws(CryptographyError) -> [UInt8] {
    guard case .ecdsa(let curve) = kind else { throw .unsuitableKey }
    let x = try number("qx").bytes(width: curve.fieldBytes)
    return try [4] + x + number("qy").bytes(width: curve.fieldBytes)
  }

  package func ecdsaScalar() throws(CryptographyError) -> SecretBytes {
    guard case .ecdsa = kind, hasPrivatePart else { throw .unsuitableKey }
    return try number("priv").secret()
  }

  /// - Throws: `.malformedKey` where the numbers do not belong together.
  package init(
    rsaModulus modulus: [UInt8], exponent: [UInt8], secret: (exponent: SecretBytes, p: SecretBytes, q: SecretBytes)?
  ) throws(CryptographyError) {
    var numbers: (exponent: Bignum, p: Bignum, q: Bignum)?
    if let secret {
      numbers = (try Bignum(secret: secret.exponent), try Bignum(secret: secret.p), try Bignum(secret: secret.q))
    }
    try self.init(modulus: try Bignum(bytes: modulus), exponent: try Bignum(bytes: exponent), secret: numbers)
  }

  /// - Parameter point: uncompressed (SEC 1, section 2.3.3).
  /// - Throws: `.malformedKey` where it is no point of the curve, or not the one that the scalar gives.
  package init(_ curve: Curve, point: [UInt8], scalar: SecretBytes?) throws(CryptographyError) {
    guard point.count == 1 + 2 * curve.fieldBytes, point[0] == 4 else { throw .malformedKey }
    var numbers: [(StaticString, Bignum)] = []
    if let scalar { numbers.append(("priv", try Bignum(secret: scalar))) }
    try self.init("EC", group: curve.rawValue, point: point, numbers: numbers, hasPrivatePart: scalar != nil)
  }

  /// A private key in DER of before PKCS #8: RSAPrivateKey (RFC 8017, appendix A.1.2) or ECPrivateKey (RFC 5915).
  package init(traditional der: SecretBytes, isRSA: Bool) throws(CryptographyError) {
    let pointer: OpaquePointer? = der.withBytes { der in
      var position = der.bindMemory(to: UInt8.self).baseAddress
      let end = position.map { $0 + der.count }
      guard let key = d2i_PrivateKey(isRSA ? EVP_PKEY_RSA : EVP_PKEY_EC, nil, &position, der.count) else { return nil }
      if position != end {
        EVP_PKEY_free(key)
        return nil
      }
      return key
    }
    ERR_clear_error()
    guard let pointer else { throw .malformedKey }
    try self.init(owning: pointer, hasPrivatePart: true)
  }
}

extension Bignum {
  /// No more than any key has.
  private static let mostBytes = 2048

  convenience init(bytes: [UInt8]) throws(CryptographyError) {
    guard bytes.count <= Self.mostBytes else { throw .malformedKey }
    guard let pointer = BN_bin2bn(bytes, Int32(bytes.count), nil) else { throw .library }
    self.init(owning: pointer)
  }

  convenience init(secret bytes: SecretBytes) throws(CryptographyError) {
    guard bytes.count <= Self.mostBytes else { throw .malformedKey }
    let pointer = bytes.withBytes {
      BN_bin2bn($0.bindMemory(to: UInt8.self).baseAddress, Int32($0.count), BN_secure_new())
    }
    guard let pointer else { throw .library }
    self.init(owning: pointer)
  }

  /// The bytes that it takes.
  var width: Int { (bits + 7) / 8 }

  func secret() throws(CryptographyError) -> SecretBytes {
    var written: Int32 = 0
    let width = width
    let bytes = SecretBytes(count: width) { out in
      written = BN_bn2binpad(pointer, out.bindMemory(to: UInt8.self).baseAddress, Int32(width))
    }
    guard Int(written) == width else { throw .library }
    return bytes
  }
}
