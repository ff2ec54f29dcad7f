internal import COpenSSL

extension AsymmetricKey {
  /// The salt of an RSA-PSS signature.
  package enum SaltLength: Sendable, Equatable {
    /// As long as fits when signing, found out when verifying.
    case automatic
    case hash
    case bytes(Int)
  }

  package enum SignatureScheme: Sendable, Equatable {
    /// Ed25519, over the message itself.
    case ed25519
    /// ML-DSA (FIPS 204, algorithm 2) over the message itself, with an empty context.
    case mlDSA
    /// ECDSA over a digest of any length, in DER.
    case ecdsa
    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2) over a digest; without a hash function over the bare bytes.
    case pkcs1(HashFunction?)
    /// RSASSA-PSS (RFC 8017, section 8.1) over a digest, MGF1 with the same hash.
    case pss(HashFunction, SaltLength)
  }

  /// Signs a message (Ed25519, ML-DSA) or a digest (all others).
  /// - Throws: `.unsuitableKey` for the scheme of another kind of key or without the private part, `.digestLength` where
  ///   digest, salt and key do not go together.
  package func sign(_ message: [UInt8], _ scheme: SignatureScheme) throws(CryptographyError) -> [UInt8] {
    guard hasPrivatePart else { throw .unsuitableKey }
    if scheme.takesWholeMessage { return try signWhole(message, scheme) }
    guard case .rsa = kind else { return try signDigest(message, scheme) }
    return try computing { () throws(CryptographyError) in try signDigest(message, scheme) }
  }

  private func signDigest(_ message: [UInt8], _ scheme: SignatureScheme) throws(CryptographyError) -> [UInt8] {
    let context = try prepared(scheme, digest: message, signing: true)
    defer { EVP_PKEY_CTX_free(context) }
    var count = Int(EVP_PKEY_get_size(handle.pointer))
    let room = count
    var done: Int32 = 0
    let signature = [UInt8](unsafeUninitializedCapacity: room) { out, filled in
      done = EVP_PKEY_sign(context, out.baseAddress, &count, message, message.count)
      filled = done == 1 ? min(count, room) : 0
    }
    guard done == 1 else {
      ERR_clear_error()
      throw .digestLength
    }
    return signature
  }

  /// True for a signature of this key over the message or digest; false for any other bytes.
  package func verify(
    _ signature: [UInt8], of message: [UInt8], _ scheme: SignatureScheme
  ) throws(CryptographyError) -> Bool {
    defer { ERR_clear_error() }
    if scheme.takesWholeMessage { return try verifyWhole(signature, of: message, scheme) }
    let context: OpaquePointer
    do { context = try prepared(scheme, digest: message, signing: false) } catch {
      if error == .digestLength { return false }
      throw error
    }
    defer { EVP_PKEY_CTX_free(context) }
    return EVP_PKEY_verify(context, signature, signature.count, message, message.count) == 1
  }

  /// The longest salt that a PSS signature of this key has room for; negative where not even the hash fits.
  package func longestSalt(_ hash: HashFunction) -> Int {
    guard case .rsa(let bits) = kind else { return -1 }
    return (bits - 1 + 7) / 8 - hash.outputBytes - 2
  }

  private func prepared(
    _ scheme: SignatureScheme, digest: [UInt8], signing: Bool
  ) throws(CryptographyError) -> OpaquePointer {
    guard let context = EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else { throw .library }
    do throws(CryptographyError) {
      let begun = signing ? EVP_PKEY_sign_init(context) : EVP_PKEY_verify_init(context)
      guard begun == 1 else { throw .library }
      try configure(context, scheme, digest: digest, signing: signing)
    } catch {
      EVP_PKEY_CTX_free(context)
      throw error
    }
    return context
  }

  private func configure(
    _ context: OpaquePointer, _ scheme: SignatureScheme, digest: [UInt8], signing: Bool
  ) throws(CryptographyError) {
    switch (scheme, kind) {
    case (.ecdsa, .ecdsa): break
    case (.pkcs1(let hash), .rsa):
      guard EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 else { throw .library }
      guard let hash else { return }
      guard digest.count == hash.outputBytes else { throw .digestLength }
      guard EVP_PKEY_CTX_set_signature_md(context, hash.algorithm) == 1 else { throw .library }
    case (.pss(let hash, let salt), .rsa):
      guard digest.count == hash.outputBytes else { throw .digestLength }
      let longest = longestSalt(hash)
      let count: Int
      switch salt {
      case .automatic: count = signing ? longest : Int(RSA_PSS_SALTLEN_AUTO)
      case .hash: count = hash.outputBytes
      case .bytes(let bytes):
        guard bytes >= 0 else { throw .digestLength }
        count = bytes
      }
      guard longest >= 0, count <= longest else { throw .digestLength }
      guard EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1,
        EVP_PKEY_CTX_set_signature_md(context, hash.algorithm) == 1,
        EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash.algorithm) == 1,
        EVP_PKEY_CTX_set_rsa_pss_saltlen(context, Int32(count)) == 1
      else { throw .library }
    default: throw .unsuitableKey
    }
  }

  private func signWhole(_ message: [UInt8], _ scheme: SignatureScheme) throws(CryptographyError) -> [UInt8] {
    guard kind.wholeMessageScheme == scheme else { throw .unsuitableKey }
    guard let context = EVP_MD_CTX_new() else { throw .library }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestSignInit_ex(context, nil, nil, nil, nil, handle.pointer, nil) == 1 else { throw .library }
    let room = Int(EVP_PKEY_get_size(handle.pointer))
    var count = room
    var done: Int32 = 0
    let signature = [UInt8](unsafeUninitializedCapacity: room) { out, filled in
      done = EVP_DigestSign(context, out.baseAddress, &count, message, message.count)
      filled = done == 1 ? min(count, room) : 0
    }
    guard done == 1 else {
      ERR_clear_error()
      throw .library
    }
    return signature
  }

  private func verifyWhole(
    _ signature: [UInt8], of message: [UInt8], _ scheme: SignatureScheme
  ) throws(CryptographyError) -> Bool {
    guard kind.wholeMessageScheme == scheme else { throw .unsuitableKey }
    guard let context = EVP_MD_CTX_new() else { throw .library }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, handle.pointer, nil) == 1 else { throw .library }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}

extension AsymmetricKey.SignatureScheme {
  fileprivate var takesWholeMessage: Bool { self == .ed25519 || self == .mlDSA }
}

extension AsymmetricKey.Kind {
  fileprivate var wholeMessageScheme: AsymmetricKey.SignatureScheme? {
    switch self {
    case .ed25519: .ed25519
    case .mlDSA: .mlDSA
    case .ecdsa, .rsa, .mlKEM: nil
    }
  }
}

/// The two forms of an ECDSA signature: DER (RFC 3279, section 2.2.3), and the two numbers side by side, each as wide
/// as the curve's field (RFC 7518, section 3.4).
package enum ECDSASignature {
  package enum Malformed: Error, Equatable {
    case structure
    /// A signature with something after it.
    case extraData
  }

  /// Throws where the bytes are no signature in DER, whether it is a good one or not.
  package static func check(der: [UInt8]) throws(Malformed) { _ = try numbers(der) }

  /// Nil where a number is wider than the field.
  package static func sideBySide(der: [UInt8], curve: AsymmetricKey.Curve) throws(Malformed) -> [UInt8]? {
    let signature = try numbers(der)
    let width = curve.fieldBytes
    var fits = false
    let bytes = [UInt8](unsafeUninitializedCapacity: 2 * width) { out, filled in
      guard let base = out.baseAddress else { return }
      fits =
        BN_bn2binpad(ECDSA_SIG_get0_r(signature.pointer), base, Int32(width)) == Int32(width)
        && BN_bn2binpad(ECDSA_SIG_get0_s(signature.pointer), base + width, Int32(width)) == Int32(width)
      filled = fits ? 2 * width : 0
    }
    return fits ? bytes : nil
  }

  /// The first half is one number, the second the other, whatever their width; nil for want of memory.
  package static func der(sideBySide bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count <= 1024, let pointer = ECDSA_SIG_new() else { return nil }
    let signature = Signature(pointer)
    let half = bytes.count / 2
    let r = Array(bytes[..<half])
    let s = Array(bytes[half...])
    guard let first = BN_bin2bn(r, Int32(r.count), nil) else { return nil }
    guard let second = BN_bin2bn(s, Int32(s.count), nil) else {
      BN_free(first)
      return nil
    }
    guard ECDSA_SIG_set0(signature.pointer, first, second) == 1 else {
      BN_free(first)
      BN_free(second)
      return nil
    }
    return DER.encode { i2d_ECDSA_SIG(signature.pointer, $0) }
  }

  private final class Signature {
    let pointer: OpaquePointer
    init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { ECDSA_SIG_free(pointer) }
  }

  private static func numbers(_ der: [UInt8]) throws(Malformed) -> Signature {
    var read = 0
    let pointer: OpaquePointer? = der.withUnsafeBufferPointer { der in
      var position = der.baseAddress
      let start = position
      let signature = d2i_ECDSA_SIG(nil, &position, der.count)
      if let position, let start { read = position - start }
      return signature
    }
    guard let pointer else {
      ERR_clear_error()
      throw .structure
    }
    let signature = Signature(pointer)
    if read != der.count { throw .extraData }
    return signature
  }
}
