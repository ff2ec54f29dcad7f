internal import Cryptography
internal import EngineAPI

/// The kinds of keys. Raw values are what is stored; clients know those of ML-DSA and ML-KEM as one type each, with a parameter set.
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
  case mlDSA44 = "ml-dsa-44"
  case mlDSA65 = "ml-dsa-65"
  case mlDSA87 = "ml-dsa-87"
  case mlKEM768 = "ml-kem-768"
  case mlKEM1024 = "ml-kem-1024"
  case cmac128 = "aes128-cmac"
  case cmac192 = "aes192-cmac"
  case cmac256 = "aes256-cmac"

  enum Family: Sendable, Equatable {
    case cipher(AuthenticatedCipher.Algorithm, keyBytes: Int)
    case pair(AsymmetricKey.Kind)
    case hmac
    case cmac(keyBytes: Int)
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
    case .hmac: .hmac
    case .mlDSA44: .pair(.mlDSA(.mlDSA44))
    case .mlDSA65: .pair(.mlDSA(.mlDSA65))
    case .mlDSA87: .pair(.mlDSA(.mlDSA87))
    case .mlKEM768: .pair(.mlKEM(.mlKEM768))
    case .mlKEM1024: .pair(.mlKEM(.mlKEM1024))
    case .cmac128: .cmac(keyBytes: 16)
    case .cmac192: .cmac(keyBytes: 24)
    case .cmac256: .cmac(keyBytes: 32)
    }
  }

  /// By the names of the API.
  var name: String { nameWithSets ?? rawValue }

  /// Which of the types of one name it is; nil for types that are alone.
  var parameterSet: String? { nameWithSets.map { String(rawValue.dropFirst($0.count + 1)) } }

  private var nameWithSets: String? { isMLDSA ? Self.mlDSA : isMLKEM ? Self.mlKEM : nil }

  private static let mlDSA = "ml-dsa"
  private static let mlKEM = "ml-kem"

  /// The type's number in backups. Those of one name have one number and tell themselves apart by the parameter set.
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
    case .cmac128: 12
    case .cmac256: 13
    case .mlDSA44, .mlDSA65, .mlDSA87: 14
    case .cmac192: 16
    // Which no other server has, and would not know by this number.
    case .mlKEM768, .mlKEM1024: 1000
    }
  }

  init?(number: Int64, parameterSet: String) {
    let type = Self.allCases.first { $0.number == number && ($0.parameterSet ?? parameterSet) == parameterSet }
    guard let type else { return nil }
    self = type
  }

  var isCipher: Bool { if case .cipher = family { true } else { false } }
  var isPair: Bool { if case .pair = family { true } else { false } }
  var isRSA: Bool { if case .pair(.rsa) = family { true } else { false } }
  var isMLDSA: Bool { if case .pair(.mlDSA) = family { true } else { false } }
  var isMLKEM: Bool { if case .pair(.mlKEM) = family { true } else { false } }
  var isCMAC: Bool { if case .cmac = family { true } else { false } }

  var supportsEncryption: Bool { isCipher || isRSA || isMLKEM }
  var takesAssociatedData: Bool { isCipher || isMLKEM }
  var supportsSigning: Bool { isPair && !isMLKEM }
  var supportsDerivation: Bool { isCipher || self == .ed25519 }

  /// The name of a version in the answer for a key: the curve, or the type itself.
  var versionName: String {
    if case .pair(.ecdsa(let curve)) = family { curve.rawValue } else { rawValue }
  }
}

// MARK: Types by the names of requests

extension KeyType {
  /// Types that other servers have in paid editions only, and refuse in the others, or do not have at all. Clients may rely on the refusal,
  /// so a mount has them where its operator says so.
  var isExtended: Bool { isMLDSA || isMLKEM || isCMAC }

  /// - Parameter extended: whether the mount has the extended types.
  static func named(_ name: String, parameterSet: String, extended: Bool) throws(EngineError) -> KeyType {
    switch name {
    case "managed_key": throw .invalid("managed keys are supported within enterprise edition only")
    case mlKEM where !extended: throw .invalid("unknown key type \(name)")
    case mlDSA, mlKEM:
      guard let type = KeyType(rawValue: "\(name)-\(parameterSet)") else {
        throw .invalid("invalid parameter set \(parameterSet) for key type \(name)")
      }
      if !extended { throw elsewhere(name) }
      guard type.isAvailable else {
        throw .invalid("key type \(name) needs OpenSSL 3.5 or later, and this server runs with an older one")
      }
      return type
    case "slh-dsa", "hybrid", "aes128-cbc", "aes256-cbc": throw elsewhere(name)
    default:
      guard let type = KeyType(rawValue: name), type.name == name else { throw .invalid("unknown key type \(name)") }
      if type.isExtended && !extended { throw elsewhere(name) }
      return type
    }
  }

  private var isAvailable: Bool { if case .pair(let kind) = family { kind.isAvailable } else { true } }

  private static func elsewhere(_ name: String) -> EngineError {
    .invalid("key type \(name) is only available in enterprise versions of Vault")
  }
}

extension TransitMount {
  /// The mount's option that brings the extended types.
  static let extendedTypesOption = "extended_key_types"

  var hasExtendedTypes: Bool { context.settings().options[Self.extendedTypesOption] == "true" }
}
