internal import Cryptography
internal import EngineAPI

/// What kind of key is to be made, from `key_type` and `key_bits`.
enum KeyChoice {
  /// - Parameter rsaBits: where the request leaves them open.
  static func kind(type: String, bits: Int64, rsaBits: Int) throws(EngineError) -> AsymmetricKey.Kind {
    switch type {
    case "ssh-rsa", "rsa":
      let bits = bits == 0 ? Int64(rsaBits) : bits
      guard bits >= 2048 else {
        throw .list(
          status: 400, ["refusing to generate weak \(type) key: \(bits) bits < 2048 bits"])
      }
      guard [2048, 3072, 4096, 8192].contains(bits) else {
        throw .invalid("key_bits of an RSA key must be 2048, 3072, 4096 or 8192")
      }
      return .rsa(bits: Int(bits))
    case "ec", "ecdsa":
      switch bits {
      case 0, 256: return .ecdsa(.p256)
      case 384: return .ecdsa(.p384)
      case 521: return .ecdsa(.p521)
      default: throw .list(status: 400, ["unknown ECDSA key pair algorithm and bits: \(type) / \(bits)"])
      }
    case "ecdsa-sha2-nistp256": return .ecdsa(.p256)
    case "ecdsa-sha2-nistp384": return .ecdsa(.p384)
    case "ecdsa-sha2-nistp521": return .ecdsa(.p521)
    case "ssh-ed25519", "ed25519": return .ed25519
    default: throw .list(status: 400, ["unknown ssh key pair algorithm: \(type)"])
    }
  }
}
