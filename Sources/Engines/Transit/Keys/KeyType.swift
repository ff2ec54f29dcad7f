internal import Cryptography

/// The kinds of keys, by the names of the API.
enum KeyType: String, Sendable, CaseIterable {
  case aes128 = "aes128-gcm96"
  case aes256 = "aes256-gcm96"
  case chaCha20 = "chacha20-poly1305"
  case ed25519
  case p256 = "ecdsa-p256"
  case p384 = "ecdsa-p384"
  case p521 = "ecdsa-p521"
  case rsa2048 = "rsa-2048"
  case rsa3072 = "rsa-3072"
  case rsa4096 = "rsa-4096"
  case hmac

  enum Family: Sendable, Equatable {
    case cipher(AuthenticatedCipher.Algorithm, keyBytes: Int)
    case pair(AsymmetricKey.Kind)
    case mac
  }

  var family: Family {
    switch self {
    case .aes128: .cipher(.aesGCM, keyBytes: 16)
    case .aes256: .cipher(.aesGCM, keyBytes: 32)
    case .chaCha20: .cipher(.chaCha20Poly1305, keyBytes: 32)
    case .ed25519: .pair(.ed25519)
    case .p256: .pair(.ecdsa(.p256))
    case .p384: .pair(.ecdsa(.p384))
    case .p521: .pair(.ecdsa(.p521))
    case .rsa2048: .pair(.rsa(bits: 2048))
    case .rsa3072: .pair(.rsa(bits: 3072))
    case .rsa4096: .pair(.rsa(bits: 4096))
    case .hmac: .mac
    }
  }

  /// The type's number in backups.
  var number: Int64 {
    switch self {
    case .aes256: 0
    case .p256: 1
    case .ed25519: 2
    case .rsa2048: 3
    case .rsa4096: 4
    case .chaCha20: 5
    case .p384: 6
    case .p521: 7
    case .aes128: 8
    case .rsa3072: 9
    case .hmac: 11
    }
  }

  init?(number: Int64) {
    guard let type = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = type
  }

  var isCipher: Bool { if case .cipher = family { true } else { false } }
  var isPair: Bool { if case .pair = family { true } else { false } }
  var isRSA: Bool { if case .pair(.rsa) = family { true } else { false } }

  var supportsEncryption: Bool { isCipher || isRSA }
  var supportsSigning: Bool { isPair }
  var supportsDerivation: Bool { isCipher || self == .ed25519 }

  /// The name of a version in the answer for a key: the curve, or the type itself.
  var versionName: String {
    if case .pair(.ecdsa(let curve)) = family { curve.rawValue } else { rawValue }
  }

  /// Why a type by that name cannot be had; nil where it can.
  static func refusal(of name: String, parameterSet: String) -> String? {
    if KeyType(rawValue: name) != nil { return nil }
    switch name {
    case "managed_key": return "managed keys are supported within enterprise edition only"
    case "ml-dsa":
      if !["44", "65", "87"].contains(parameterSet) {
        return "invalid parameter set \(parameterSet) for key type ml-dsa"
      }
      return elsewhere(name)
    case "slh-dsa", "hybrid", "aes128-cmac", "aes192-cmac", "aes256-cmac", "aes128-cbc", "aes256-cbc":
      return elsewhere(name)
    default: return "unknown key type \(name)"
    }
  }

  private static func elsewhere(_ name: String) -> String {
    "key type \(name) is only available in enterprise versions of Vault"
  }
}
