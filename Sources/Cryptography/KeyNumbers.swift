internal import COpenSSL
internal import Primitives

/// The numbers of a key as decimal texts, for formats that write them so.
extension AsymmetricKey {
  package struct RSANumbers: Sendable, Equatable {
    package struct Private: Sendable, Equatable {
      package var exponent: String
      /// p and q.
      package var primes: [String]
      /// d mod (p-1), d mod (q-1), q⁻¹ mod p; worked out anew when a key is read.
      package var remainders: [String]

      package init(exponent: String, primes: [String], remainders: [String] = []) {
        self.exponent = exponent
        self.primes = primes
        self.remainders = remainders
      }
    }

    package var modulus: String
    package var exponent: String
    package var secret: Private?

    package init(modulus: String, exponent: String, secret: Private?) {
      self.modulus = modulus
      self.exponent = exponent
      self.secret = secret
    }
  }

  package struct ECDSANumbers: Sendable, Equatable {
    package var x: String
    package var y: String
    package var secret: String?

    package init(x: String, y: String, secret: String?) {
      self.x = x
      self.y = y
      self.secret = secret
    }
  }

  package func rsaNumbers() throws(CryptographyError) -> RSANumbers {
    guard case .rsa = kind else { throw .unsuitableKey }
    var secret: RSANumbers.Private?
    if hasPrivatePart {
      secret = RSANumbers.Private(
        exponent: try decimal("d"), primes: [try decimal("rsa-factor1"), try decimal("rsa-factor2")],
        remainders: [
          try decimal("rsa-exponent1"), try decimal("rsa-exponent2"), try decimal("rsa-coefficient1"),
        ])
    }
    return RSANumbers(modulus: try decimal("n"), exponent: try decimal("e"), secret: secret)
  }

  package func ecdsaNumbers() throws(CryptographyError) -> ECDSANumbers {
    guard case .ecdsa = kind else { throw .unsuitableKey }
    return ECDSANumbers(
      x: try decimal("qx"), y: try decimal("qy"), secret: hasPrivatePart ? try decimal("priv") : nil)
  }

  /// The public numbers of an RSA key, most significant byte first and without zeros before it.
  package func rsaPublicBytes() throws(CryptographyError) -> (modulus: [UInt8], exponent: [UInt8]) {
    guard case .rsa = kind else { throw .unsuitableKey }
    return (try number("n").bytes(), try number("e").bytes())
  }

  /// The public point of an ECDSA key; both coordinates are as wide as the curve's field.
  package func ecdsaPublicBytes() throws(CryptographyError) -> (x: [UInt8], y: [UInt8]) {
    guard case .ecdsa(let curve) = kind else { throw .unsuitableKey }
    return (try number("qx").bytes(width: curve.fieldBytes), try number("qy").bytes(width: curve.fieldBytes))
  }

  /// - Throws: `.malformedKey` where the numbers do not belong together.
  package init(rsa numbers: RSANumbers) throws(CryptographyError) {
    let modulus = try Bignum(numbers.modulus)
    let exponent = try Bignum(numbers.exponent)
    guard let secret = numbers.secret else {
      try self.init(modulus: modulus, exponent: exponent, secret: nil)
      return
    }
    guard secret.primes.count == 2 else { throw .malformedKey }
    try self.init(
      modulus: modulus, exponent: exponent,
      secret: (try Bignum(secret.exponent), try Bignum(secret.primes[0]), try Bignum(secret.primes[1])))
  }

  /// - Throws: `.malformedKey` where the numbers do not belong together.
  init(
    modulus: Bignum, exponent: Bignum, secret: (exponent: Bignum, p: Bignum, q: Bignum)?
  ) throws(CryptographyError) {
    var parts: [(StaticString, Bignum)] = [("n", modulus), ("e", exponent)]
    guard (1024...16384).contains(modulus.bits), exponent.bits <= 64 else { throw .malformedKey }
    if let (d, p, q) = secret {
      guard d.bits <= modulus.bits, p.bits < modulus.bits, q.bits < modulus.bits else { throw .malformedKey }
      let work = try Bignum.Workspace()
      parts += [
        ("d", d), ("rsa-factor1", p), ("rsa-factor2", q),
        ("rsa-exponent1", try d.remainder(byOneLessThan: p, work)),
        ("rsa-exponent2", try d.remainder(byOneLessThan: q, work)),
        ("rsa-coefficient1", try q.inverse(modulo: p, work)),
      ]
    }
    try self.init("RSA", numbers: parts, hasPrivatePart: secret != nil)
  }

  /// - Throws: `.malformedKey` where the numbers are no point of the curve, or not the one that the secret gives.
  package init(_ curve: Curve, ecdsa numbers: ECDSANumbers) throws(CryptographyError) {
    let width = curve.fieldBytes
    var point: [UInt8] = [4]
    point += try Bignum(numbers.x).bytes(width: width)
    point += try Bignum(numbers.y).bytes(width: width)
    var parts: [(StaticString, Bignum)] = []
    if let secret = numbers.secret { parts.append(("priv", try Bignum(secret))) }
    try self.init(
      "EC", group: curve.rawValue, point: point, numbers: parts, hasPrivatePart: numbers.secret != nil)
  }

  /// Names are static because the library keeps their addresses.
  init(
    _ algorithm: String, group: String? = nil, point: [UInt8]? = nil, numbers: [(StaticString, Bignum)],
    hasPrivatePart: Bool
  ) throws(CryptographyError) {
    guard let builder = OSSL_PARAM_BLD_new() else { throw .library }
    defer { OSSL_PARAM_BLD_free(builder) }
    // The builder keeps only addresses of values, too, until it has built.
    let parameters = withExtendedLifetime(numbers) {
      (point ?? []).withUnsafeBytes { bytes in
        (group ?? "").withCString { name -> UnsafeMutablePointer<OSSL_PARAM>? in
          var pushed = numbers.allSatisfy { OSSL_PARAM_BLD_push_BN(builder, Self.address($0.0), $0.1.pointer) == 1 }
          if group != nil {
            pushed = pushed && OSSL_PARAM_BLD_push_utf8_string(builder, Self.address("group"), name, 0) == 1
          }
          if point != nil {
            let key = Self.address("pub")
            pushed = pushed && OSSL_PARAM_BLD_push_octet_string(builder, key, bytes.baseAddress, bytes.count) == 1
          }
          return pushed ? OSSL_PARAM_BLD_to_param(builder) : nil
        }
      }
    }
    guard let parameters else { throw .library }
    defer { OSSL_PARAM_free(parameters) }
    guard let context = EVP_PKEY_CTX_new_from_name(nil, algorithm, nil) else { throw .library }
    defer { EVP_PKEY_CTX_free(context) }
    defer { ERR_clear_error() }
    var pointer: OpaquePointer?
    let selection = hasPrivatePart ? coffer_pkey_whole() : coffer_pkey_public()
    guard EVP_PKEY_fromdata_init(context) == 1,
      EVP_PKEY_fromdata(context, &pointer, selection, parameters) == 1, let pointer
    else { throw .malformedKey }
    try self.init(owning: pointer, hasPrivatePart: hasPrivatePart)
    guard let check = EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil) else { throw .library }
    defer { EVP_PKEY_CTX_free(check) }
    guard EVP_PKEY_public_check(check) == 1, !hasPrivatePart || EVP_PKEY_pairwise_check(check) == 1 else {
      throw .malformedKey
    }
  }

  private static func address(_ name: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  private func decimal(_ name: String) throws(CryptographyError) -> String { try number(name).decimal() }

  func number(_ name: String) throws(CryptographyError) -> Bignum {
    var pointer: OpaquePointer?
    guard EVP_PKEY_get_bn_param(handle.pointer, name, &pointer) == 1, let pointer else { throw .library }
    return Bignum(owning: pointer)
  }
}

/// A whole number of the library's, wiped when it goes.
final class Bignum {
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  /// Decimal digits and nothing else, few enough for any key.
  convenience init(_ decimal: String) throws(CryptographyError) {
    let isDigits = decimal.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isDigits, !decimal.isEmpty, decimal.utf8.count <= 5000 else { throw .malformedKey }
    var pointer: OpaquePointer?
    guard BN_dec2bn(&pointer, decimal) == Int32(decimal.utf8.count), let pointer else { throw .library }
    self.init(owning: pointer)
  }

  deinit { BN_clear_free(pointer) }

  var bits: Int { Int(BN_num_bits(pointer)) }

  func bytes() throws(CryptographyError) -> [UInt8] { try bytes(width: (bits + 7) / 8) }

  func bytes(width: Int) throws(CryptographyError) -> [UInt8] {
    guard bits <= width * 8 else { throw .malformedKey }
    return [UInt8](unsafeUninitializedCapacity: width) { out, filled in
      filled = max(0, Int(BN_bn2binpad(pointer, out.baseAddress, Int32(width))))
    }
  }

  func decimal() throws(CryptographyError) -> String {
    guard let text = BN_bn2dec(pointer) else { throw .library }
    let copy = String(cString: text)
    CRYPTO_clear_free(text, copy.utf8.count, #file, #line)
    return copy
  }

  final class Workspace {
    let pointer: OpaquePointer
    init() throws(CryptographyError) {
      guard let pointer = BN_CTX_secure_new() else { throw .library }
      self.pointer = pointer
    }
    deinit { BN_CTX_free(pointer) }
  }

  func remainder(byOneLessThan modulus: Bignum, _ work: Workspace) throws(CryptographyError) -> Bignum {
    guard let less = BN_dup(modulus.pointer) else { throw .library }
    let divisor = Bignum(owning: less)
    guard let result = BN_new() else { throw .library }
    let remainder = Bignum(owning: result)
    guard BN_sub_word(less, 1) == 1, BN_num_bits(less) > 0,
      BN_div(nil, result, pointer, divisor.pointer, work.pointer) == 1
    else { throw .malformedKey }
    return remainder
  }

  func inverse(modulo modulus: Bignum, _ work: Workspace) throws(CryptographyError) -> Bignum {
    guard let result = BN_mod_inverse(nil, pointer, modulus.pointer, work.pointer) else {
      ERR_clear_error()
      throw .malformedKey
    }
    return Bignum(owning: result)
  }
}
