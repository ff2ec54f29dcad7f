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
  /// The text is not a key, or not one of a kind that is known here.
  case malformedKey
  /// The operation needs the private part of a key, and only the public one is there; or the key's kind has no such
  /// operation.
  case unsuitableKey
  /// The digest is not of the length that its hash function gives, or the salt does not fit beside it.
  case digestLength
  /// The library refused, for want of memory or of the algorithm.
  case library
}
