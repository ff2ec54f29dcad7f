package import SecretMemory

/// AES in Galois/counter mode (NIST SP 800-38D) with 12-byte nonces and 16-byte tags at the end of the ciphertext.
///
/// A nonce must never be used twice with one key.
package struct AESGCM: Sendable {
  package static let nonceBytes = AuthenticatedCipher.nonceBytes
  package static let tagBytes = AuthenticatedCipher.tagBytes

  private let cipher: AuthenticatedCipher

  /// The key is 16, 24 or 32 bytes long.
  package init(key: SecretBytes) throws(CryptographyError) { cipher = try AuthenticatedCipher(.aesGCM, key: key) }

  /// The ciphertext and its tag.
  package func seal(
    _ plaintext: [UInt8], nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> [UInt8] {
    try cipher.seal(plaintext, nonce: nonce, associatedData: associatedData)
  }

  /// `header`, as it is, followed by the ciphertext and its tag: a whole record in one allocation. The header is not
  /// authenticated unless it is in the associated data too.
  package func seal(
    _ plaintext: [UInt8], after header: [UInt8], nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> [UInt8] {
    try cipher.seal(plaintext, after: header, nonce: nonce, associatedData: associatedData)
  }

  package func seal(
    secret: SecretBytes, after header: [UInt8] = [], nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> [UInt8] {
    try cipher.seal(secret: secret, after: header, nonce: nonce, associatedData: associatedData)
  }

  /// The plaintext of what `seal` made; throws `.notAuthentic` for anything else.
  package func open(
    _ sealed: some Collection<UInt8>, nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> [UInt8] {
    try cipher.open(sealed, nonce: nonce, associatedData: associatedData)
  }

  /// The same for bytes in memory.
  package func open(
    _ sealed: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer, associatedData: [UInt8]
  ) -> Result<[UInt8], CryptographyError> {
    cipher.open(sealed, nonce: nonce, associatedData: associatedData)
  }

  /// As `open`, without a copy of the plaintext outside secret memory.
  package func openSecret(
    _ sealed: some Collection<UInt8>, nonce: [UInt8], associatedData: [UInt8] = []
  ) throws(CryptographyError) -> SecretBytes {
    try cipher.openSecret(sealed, nonce: nonce, associatedData: associatedData)
  }
}
