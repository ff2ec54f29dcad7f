/// Why a cryptographic operation was not done. Carries no values.
package enum CryptographyError: Error, Sendable, Equatable {
  /// The key is not of a length that the algorithm takes.
  case keyLength
  /// The nonce is not 12 bytes long.
  case nonceLength
  /// The message is longer than one call takes.
  case messageLength
  /// The ciphertext, its associated data, its nonce or the key is not what it was when it was sealed.
  case notAuthentic
  /// The library refused, for want of memory or of the algorithm.
  case library
}
