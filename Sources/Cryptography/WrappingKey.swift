package import Primitives
package import SecretMemory

/// A 32-byte key that seals other keys, few and short-lived texts, with AES-256-GCM under random nonces.
///
/// What it makes is a version byte (1), the nonce, the ciphertext and its tag. The purpose is authenticated, so that a
/// key wrapped for one purpose is not taken for another.
package struct WrappingKey: Sendable {
  private let cipher: AESGCM

  package init(_ key: SecretBytes) throws(CryptographyError) {
    guard key.count == 32 else { throw .keyLength }
    cipher = try AESGCM(key: key)
  }

  package func wrap(
    _ secret: SecretBytes, purpose: String, random: RandomSource
  ) throws(CryptographyError) -> [UInt8] {
    let nonce = random.bytes(AESGCM.nonceBytes)
    return try cipher.seal(
      secret: secret, after: [Self.version] + nonce, nonce: nonce, associatedData: Self.associatedData(purpose))
  }

  package func unwrap(_ wrapped: [UInt8], purpose: String) throws(CryptographyError) -> SecretBytes {
    let start = 1 + AESGCM.nonceBytes
    guard wrapped.count >= start + AESGCM.tagBytes, wrapped.first == Self.version else { throw .notAuthentic }
    return try cipher.openSecret(
      wrapped[start...], nonce: Array(wrapped[1..<start]), associatedData: Self.associatedData(purpose))
  }

  private static let version: UInt8 = 1
  private static func associatedData(_ purpose: String) -> [UInt8] { [version] + Array(purpose.utf8) }
}
