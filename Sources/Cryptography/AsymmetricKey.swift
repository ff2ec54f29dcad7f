internal import COpenSSL
package import SecretMemory

/// A key pair, or its public part alone: Ed25519 (RFC 8032), ECDSA on the curves of NIST (FIPS 186-5), RSA (RFC 8017),
/// ML-DSA (FIPS 204), ML-KEM (FIPS 203).
///
/// Parsed once; used from many threads at once.
package struct AsymmetricKey: Sendable {
  package enum Curve: String, Sendable, CaseIterable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    /// The length of a coordinate.
    package var fieldBytes: Int {
      switch self {
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    }

    /// The names by which the library answers.
    fileprivate static let libraryNames: [String: Curve] = [
      "prime256v1": .p256, "secp384r1": .p384, "secp521r1": .p521,
      "P-256": .p256, "P-384": .p384, "P-521": .p521,
    ]
  }

  /// The parameter sets of ML-DSA (FIPS 204, section 4), by the library's names.
  package enum LatticeParameters: String, Sendable, CaseIterable {
    case mlDSA44 = "ML-DSA-44"
    case mlDSA65 = "ML-DSA-65"
    case mlDSA87 = "ML-DSA-87"
  }

  /// The parameter sets of ML-KEM (FIPS 203, section 8) that NIST advises, by the library's names.
  package enum EncapsulationParameters: String, Sendable, CaseIterable {
    case mlKEM768 = "ML-KEM-768"
    case mlKEM1024 = "ML-KEM-1024"

    /// The length of what tells a secret to the owner of the key.
    package var encapsulationBytes: Int {
      switch self {
      case .mlKEM768: 1088
      case .mlKEM1024: 1568
      }
    }
  }

  package enum Kind: Sendable, Equatable {
    case ed25519
    case ecdsa(Curve)
    case rsa(bits: Int)
    case mlDSA(LatticeParameters)
    case mlKEM(EncapsulationParameters)

    /// Whether the library has it: OpenSSL has those of lattices since 3.5.
    package var isAvailable: Bool {
      switch self {
      case .ed25519, .ecdsa, .rsa: true
      case .mlDSA(let parameters): Self.hasAlgorithm(parameters.rawValue)
      case .mlKEM(let parameters): Self.hasAlgorithm(parameters.rawValue)
      }
    }

    private static func hasAlgorithm(_ name: String) -> Bool {
      defer { ERR_clear_error() }
      guard let management = EVP_KEYMGMT_fetch(nil, name, nil) else { return false }
      EVP_KEYMGMT_free(management)
      return true
    }
  }

  package let kind: Kind
  package let hasPrivatePart: Bool
  let handle: Handle

  /// Unchecked because the library's keys are not changed once they are made.
  final class Handle: @unchecked Sendable {
    let pointer: OpaquePointer
    init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { EVP_PKEY_free(pointer) }

    /// A new key of that algorithm, by the library's names, on a curve or of a size where the algorithm has a choice.
    static func generate(
      _ algorithm: String, group: String? = nil, bits: Int? = nil
    ) throws(CryptographyError) -> Handle {
      defer { ERR_clear_error() }
      guard let context = EVP_PKEY_CTX_new_from_name(nil, algorithm, nil) else { throw .library }
      defer { EVP_PKEY_CTX_free(context) }
      guard EVP_PKEY_keygen_init(context) == 1 else { throw .library }
      if let group { guard EVP_PKEY_CTX_set_group_name(context, group) == 1 else { throw .library } }
      if let bits { guard EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1 else { throw .library } }
      var pointer: OpaquePointer?
      guard EVP_PKEY_generate(context, &pointer) == 1, let pointer else { throw .library }
      return Handle(pointer)
    }
  }

  /// Takes the key over.
  init(owning pointer: OpaquePointer, hasPrivatePart: Bool) throws(CryptographyError) {
    try self.init(Handle(pointer), hasPrivatePart: hasPrivatePart)
  }

  private init(_ handle: Handle, hasPrivatePart: Bool) throws(CryptographyError) {
    self.handle = handle
    let pointer = handle.pointer
    self.hasPrivatePart = hasPrivatePart
    if EVP_PKEY_is_a(pointer, "ED25519") == 1 {
      kind = .ed25519
    } else if EVP_PKEY_is_a(pointer, "RSA") == 1 {
      kind = .rsa(bits: Int(EVP_PKEY_get_bits(pointer)))
    } else if EVP_PKEY_is_a(pointer, "EC") == 1, let curve = Self.curve(pointer) {
      kind = .ecdsa(curve)
    } else if let parameters = LatticeParameters.allCases.first(where: { EVP_PKEY_is_a(pointer, $0.rawValue) == 1 }) {
      kind = .mlDSA(parameters)
    } else if let parameters = EncapsulationParameters.allCases.first(where: {
      EVP_PKEY_is_a(pointer, $0.rawValue) == 1
    }) {
      kind = .mlKEM(parameters)
    } else {
      throw .malformedKey
    }
  }

  private static func curve(_ pointer: OpaquePointer) -> Curve? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { name in
      var count = 0
      guard EVP_PKEY_get_group_name(pointer, name.baseAddress, 64, &count) == 1, let text = name.baseAddress else {
        return nil
      }
      return Curve.libraryNames[String(cString: text)]
    }
  }

  // MARK: New keys

  package static func generate(_ kind: Kind) throws(CryptographyError) -> AsymmetricKey {
    let handle: Handle
    switch kind {
    case .ed25519: handle = try .generate("ED25519")
    case .ecdsa(let curve): handle = try .generate("EC", group: curve.rawValue)
    case .rsa(let bits):
      guard (2048...16384).contains(bits) else { throw .keyLength }
      handle = try .generate("RSA", bits: bits)
    case .mlDSA(let parameters): handle = try .generate(parameters.rawValue)
    case .mlKEM(let parameters): handle = try .generate(parameters.rawValue)
    }
    return try AsymmetricKey(handle, hasPrivatePart: true)
  }

  // MARK: Reading

  /// A private key in DER (PKCS #8, RFC 5958).
  package init(pkcs8 der: SecretBytes) throws(CryptographyError) {
    let pointer: OpaquePointer? = der.withBytes { der in
      var position = der.bindMemory(to: UInt8.self).baseAddress
      let end = position.map { $0 + der.count }
      guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &position, der.count) else { return nil }
      defer { PKCS8_PRIV_KEY_INFO_free(info) }
      return position == end ? EVP_PKCS82PKEY(info) : nil
    }
    ERR_clear_error()
    guard let pointer else { throw .malformedKey }
    try self.init(owning: pointer, hasPrivatePart: true)
  }

  /// A public key in DER (SubjectPublicKeyInfo, RFC 5280).
  package init(subjectPublicKeyInfo der: [UInt8]) throws(CryptographyError) {
    let pointer: OpaquePointer? = der.withUnsafeBufferPointer { der in
      var position = der.baseAddress
      let end = position.map { $0 + der.count }
      guard let key = d2i_PUBKEY(nil, &position, der.count) else { return nil }
      if position != end {
        EVP_PKEY_free(key)
        return nil
      }
      return key
    }
    ERR_clear_error()
    guard let pointer else { throw .malformedKey }
    try self.init(owning: pointer, hasPrivatePart: false)
  }

  /// The 32 bytes that RFC 8032 calls the private key.
  package init(ed25519Seed seed: SecretBytes) throws(CryptographyError) {
    guard seed.count == 32 else { throw .keyLength }
    let pointer = seed.withBytes { seed in
      EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed.bindMemory(to: UInt8.self).baseAddress, 32)
    }
    guard let pointer else { throw .library }
    try self.init(owning: pointer, hasPrivatePart: true)
  }

  package init(ed25519Public bytes: [UInt8]) throws(CryptographyError) {
    guard bytes.count == 32 else { throw .keyLength }
    guard let pointer = EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, 32) else { throw .malformedKey }
    try self.init(owning: pointer, hasPrivatePart: false)
  }

  // MARK: Writing

  /// DER (SubjectPublicKeyInfo, RFC 5280).
  package func subjectPublicKeyInfo() throws(CryptographyError) -> [UInt8] {
    guard let der = DER.encode({ i2d_PUBKEY(handle.pointer, $0) }) else { throw .library }
    return der
  }

  /// DER (PKCS #8, RFC 5958).
  package func pkcs8() throws(CryptographyError) -> SecretBytes {
    guard hasPrivatePart else { throw .unsuitableKey }
    guard let info = EVP_PKEY2PKCS8(handle.pointer) else { throw .library }
    defer { PKCS8_PRIV_KEY_INFO_free(info) }
    return try Self.secret { i2d_PKCS8_PRIV_KEY_INFO(info, $0) }
  }

  /// The form of before PKCS #8, in DER: RSAPrivateKey (RFC 8017, appendix A.1.2) or ECPrivateKey (RFC 5915), with the
  /// label that goes with it in PEM. Ed25519, ML-DSA and ML-KEM keys have none and come in PKCS #8.
  package func traditional() throws(CryptographyError) -> (label: String, der: SecretBytes) {
    guard hasPrivatePart else { throw .unsuitableKey }
    let label: String
    switch kind {
    case .rsa: label = "RSA PRIVATE KEY"
    case .ecdsa: label = "EC PRIVATE KEY"
    case .ed25519, .mlDSA, .mlKEM: return ("PRIVATE KEY", try pkcs8())
    }
    return (label, try Self.secret { i2d_PrivateKey(handle.pointer, $0) })
  }

  /// The 32 bytes of an Ed25519 public key.
  package func rawPublicKey() throws(CryptographyError) -> [UInt8] {
    guard kind == .ed25519 else { throw .unsuitableKey }
    var count = 32
    var done: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 32) { out, filled in
      done = EVP_PKEY_get_raw_public_key(handle.pointer, out.baseAddress, &count)
      filled = done == 1 ? 32 : 0
    }
    guard done == 1 else { throw .library }
    return bytes
  }

  /// The 32 bytes of an Ed25519 private key.
  package func rawPrivateKey() throws(CryptographyError) -> SecretBytes {
    guard kind == .ed25519, hasPrivatePart else { throw .unsuitableKey }
    var count = 32
    var done: Int32 = 0
    let bytes = SecretBytes(count: 32) { out in
      done = EVP_PKEY_get_raw_private_key(handle.pointer, out.bindMemory(to: UInt8.self).baseAddress, &count)
    }
    guard done == 1, count == 32 else { throw .library }
    return bytes
  }

  package func hasSamePublicPart(as other: AsymmetricKey) -> Bool {
    EVP_PKEY_eq(handle.pointer, other.handle.pointer) == 1
  }

  /// The length of an RSA signature or ciphertext.
  package var modulusBytes: Int { Int(EVP_PKEY_get_size(handle.pointer)) }

  private static func secret(
    _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
  ) throws(CryptographyError) -> SecretBytes {
    let count = Int(encode(nil))
    guard count > 0 else { throw .library }
    var written = 0
    let bytes = SecretBytes(count: count) { out in
      var position = out.bindMemory(to: UInt8.self).baseAddress
      written = Int(encode(&position))
    }
    guard written == count else { throw .library }
    return bytes
  }
}
