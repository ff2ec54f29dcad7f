internal import COpenSSL
internal import Primitives
package import SecretMemory

/// A cipher that authenticates what it encrypts, with 12-byte nonces and 16-byte tags at the end of the ciphertext.
///
/// The key is expanded once for each context, and contexts are used again, so that a message costs no key schedule. A
/// nonce must never be used twice with one key.
package struct AuthenticatedCipher: Sendable {
  package enum Algorithm: Sendable {
    /// AES in Galois/counter mode (NIST SP 800-38D); the key is 16, 24 or 32 bytes long.
    case aesGCM
    /// RFC 8439, section 2.8; the key is 32 bytes long.
    case chaCha20Poly1305
  }

  package static let nonceBytes = 12
  package static let tagBytes = 16

  private let sealing: Contexts
  private let opening: Contexts

  package init(_ algorithm: Algorithm, key: SecretBytes) throws(CryptographyError) {
    let name: String
    switch (algorithm, key.count) {
    case (.aesGCM, 16): name = "AES-128-GCM"
    case (.aesGCM, 24): name = "AES-192-GCM"
    case (.aesGCM, 32): name = "AES-256-GCM"
    case (.chaCha20Poly1305, 32): name = "ChaCha20-Poly1305"
    default: throw .keyLength
    }
    guard let cipher = Cipher.all[name] else { throw .library }
    sealing = Contexts(cipher: cipher, key: key, encrypts: 1)
    opening = Contexts(cipher: cipher, key: key, encrypts: 0)
  }

  /// The ciphertext and its tag.
  package func seal(
    _ plaintext: [UInt8], nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> [UInt8] {
    try seal(plaintext, after: [], nonce: nonce, associatedData: associatedData)
  }

  /// `header`, as it is, followed by the ciphertext and its tag: a whole record in one allocation. The header is not
  /// authenticated unless it is in the associated data too.
  package func seal(
    _ plaintext: [UInt8], after header: [UInt8], nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> [UInt8] {
    var failure: CryptographyError?
    let sealed = plaintext.withUnsafeBytes { plaintext in
      seal(plaintext, after: header, nonce: nonce, associatedData: associatedData, failure: &failure)
    }
    if let failure { throw failure }
    return sealed
  }

  package func seal(
    secret: SecretBytes, after header: [UInt8] = [], nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> [UInt8] {
    var failure: CryptographyError?
    let sealed = secret.withBytes { plaintext in
      seal(plaintext, after: header, nonce: nonce, associatedData: associatedData, failure: &failure)
    }
    if let failure { throw failure }
    return sealed
  }

  /// The plaintext of what `seal` made; throws `.notAuthentic` for anything else.
  package func open(
    _ sealed: some Collection<UInt8>, nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> [UInt8] {
    let opened = withContiguousBytes(sealed) { sealed in
      nonce.withUnsafeBytes { open(sealed, nonce: $0, associatedData: associatedData) }
    }
    return try opened.get()
  }

  /// The same for bytes in memory.
  package func open(
    _ sealed: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer, associatedData: [UInt8]
  ) -> Result<[UInt8], CryptographyError> {
    guard sealed.count >= Self.tagBytes else { return .failure(.notAuthentic) }
    var failure: CryptographyError?
    let count = sealed.count - Self.tagBytes
    let plaintext = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
      let out = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(out)[..<count])
      failure = open(sealed, nonce: nonce, associatedData: associatedData, into: out)
      filled = failure == nil ? count : 0
    }
    return failure.map { .failure($0) } ?? .success(plaintext)
  }

  /// As `open`, without a copy of the plaintext outside secret memory.
  package func openSecret(
    _ sealed: some Collection<UInt8>, nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> SecretBytes {
    guard sealed.count >= Self.tagBytes else { throw .notAuthentic }
    var failure: CryptographyError?
    let plaintext = SecretBytes(count: sealed.count - Self.tagBytes) { out in
      failure = withContiguousBytes(sealed) { sealed in
        nonce.withUnsafeBytes { open(sealed, nonce: $0, associatedData: associatedData, into: out) }
      }
    }
    if let failure { throw failure }
    return plaintext
  }

  private func seal(
    _ plaintext: UnsafeRawBufferPointer, after header: [UInt8], nonce: [UInt8], associatedData: [UInt8],
    failure: inout CryptographyError?
  ) -> [UInt8] {
    guard plaintext.count <= Self.longest, associatedData.count <= Self.longest else {
      failure = .messageLength
      return []
    }
    guard nonce.count == Self.nonceBytes else {
      failure = .nonceLength
      return []
    }
    guard let context = sealing.take() else {
      failure = .library
      return []
    }
    let total = header.count + plaintext.count + Self.tagBytes
    let sealed = [UInt8](unsafeUninitializedCapacity: total) { out, filled in
      let whole = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(out)[..<total])
      whole.copyBytes(from: header)
      let body = whole[header.count..<header.count + plaintext.count]
      let tag = whole[(header.count + plaintext.count)...]
      var done =
        nonce.withUnsafeBytes { Self.begin(context, nonce: $0, associatedData: associatedData, encrypts: 1) }
        && Self.transform(context, plaintext, into: UnsafeMutableRawBufferPointer(rebasing: body))
      var rest: Int32 = 0
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { end in
        done = done && EVP_EncryptFinal_ex(context, end.baseAddress, &rest) == 1
      }
      let target = UnsafeMutableRawBufferPointer(rebasing: tag).baseAddress
      done =
        done && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagBytes), target) == 1
      if !done { failure = .library }
      filled = done ? total : 0
    }
    if failure == nil { sealing.giveBack(context) } else { EVP_CIPHER_CTX_free(context) }
    return sealed
  }

  /// Writes the plaintext to `out`, which is 16 bytes shorter than `sealed`; zeroes it where the tag does not fit.
  private func open(
    _ sealed: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer, associatedData: [UInt8],
    into out: UnsafeMutableRawBufferPointer
  ) -> CryptographyError? {
    guard sealed.count <= Self.longest, associatedData.count <= Self.longest else { return .messageLength }
    guard nonce.count == Self.nonceBytes else { return .nonceLength }
    guard let context = opening.take() else { return .library }
    let body = UnsafeRawBufferPointer(rebasing: sealed[..<(sealed.count - Self.tagBytes)])
    // The library's interface has no const here, though it only reads the tag.
    let tag = sealed.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + body.count) }
    guard Self.begin(context, nonce: nonce, associatedData: associatedData, encrypts: 0),
      Self.transform(context, body, into: out),
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagBytes), tag) == 1
    else {
      zero(out)
      EVP_CIPHER_CTX_free(context)
      return .library
    }
    var rest: Int32 = 0
    let authentic = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { end in
      EVP_DecryptFinal_ex(context, end.baseAddress, &rest) == 1
    }
    guard authentic else {
      zero(out)
      EVP_CIPHER_CTX_free(context)
      ERR_clear_error()
      return .notAuthentic
    }
    opening.giveBack(context)
    return nil
  }

  private static func begin(
    _ context: OpaquePointer, nonce: UnsafeRawBufferPointer, associatedData: [UInt8], encrypts: Int32
  ) -> Bool {
    let start = nonce.bindMemory(to: UInt8.self).baseAddress
    guard EVP_CipherInit_ex(context, nil, nil, nil, start, encrypts) == 1 else { return false }
    if associatedData.isEmpty { return true }
    var ignored: Int32 = 0
    return EVP_CipherUpdate(context, nil, &ignored, associatedData, Int32(associatedData.count)) == 1
  }

  private static func transform(
    _ context: OpaquePointer, _ input: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
  ) -> Bool {
    // Without bytes there may be no pointers either, which the library would take for associated data.
    if input.isEmpty { return true }
    var written: Int32 = 0
    let bytes = input.bindMemory(to: UInt8.self)
    let target = out.bindMemory(to: UInt8.self)
    return EVP_CipherUpdate(context, target.baseAddress, &written, bytes.baseAddress, Int32(bytes.count)) == 1
      && Int(written) == bytes.count
  }

  /// The library counts in 32 bits with a sign.
  private static let longest = Int(Int32.max) - 64
}

/// Unchecked because the library's algorithms are immutable.
private struct Cipher: @unchecked Sendable {
  let algorithm: OpaquePointer

  /// Looked up once, because a look-up costs more than a short message.
  static let all: [String: Cipher] = {
    var found: [String: Cipher] = [:]
    for name in ["AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "ChaCha20-Poly1305"] {
      if let algorithm = EVP_CIPHER_fetch(nil, name, nil) { found[name] = Cipher(algorithm: algorithm) }
    }
    return found
  }()
}

/// Contexts of one key and direction that wait for their next message.
private final class Contexts: Sendable {
  private let cipher: Cipher
  private let key: SecretBytes
  private let encrypts: Int32
  private let idle = Striped { [OpaquePointer]() }

  /// Of a carrier. More than as many as are in use at once need not be kept.
  private static let most = 8

  init(cipher: Cipher, key: SecretBytes, encrypts: Int32) {
    self.cipher = cipher
    self.key = key
    self.encrypts = encrypts
  }

  deinit { idle.forEach { for context in $0 { EVP_CIPHER_CTX_free(context) } } }

  func take() -> OpaquePointer? {
    if let context = idle.withOwn({ $0.popLast() }) { return context }
    guard let context = EVP_CIPHER_CTX_new() else { return nil }
    let keyed = key.withBytes { key in
      EVP_CipherInit_ex(
        context, cipher.algorithm, nil, key.bindMemory(to: UInt8.self).baseAddress, nil, encrypts)
    }
    guard keyed == 1 else {
      EVP_CIPHER_CTX_free(context)
      return nil
    }
    return context
  }

  func giveBack(_ context: OpaquePointer) {
    let kept = idle.withOwn { idle in
      if idle.count >= Self.most { return false }
      idle.append(context)
      return true
    }
    if !kept { EVP_CIPHER_CTX_free(context) }
  }
}
