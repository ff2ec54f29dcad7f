internal import Cryptography

extension AsymmetricKey.EncryptionPadding {
  /// The padding of that name, which only RSA keys take.
  /// - Parameter given: where the name stood in the request, for refusals.
  static func named(
    _ name: String, _ type: KeyType, given: @autoclosure () -> String
  ) throws(Refusal) -> AsymmetricKey.EncryptionPadding {
    switch name {
    case "oaep" where type.isRSA: return .oaep(.sha256)
    case "pkcs1v15" where type.isRSA: return .pkcs1
    case "oaep", "pkcs1v15":
      throw Refusal("\(given()) invalid: unsupported key type \(type.name) for padding scheme")
    default: throw Refusal("\(given()) invalid: unknown padding scheme: \(name)")
    }
  }
}
