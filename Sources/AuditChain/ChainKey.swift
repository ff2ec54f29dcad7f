package import Cryptography
package import SecretMemory

/// What makes the hashes of a chain: SHA-256 for everybody, or HMAC-SHA-256 for those who hold a key.
package enum ChainKey: Sendable {
  case plain
  case keyed(HMACKey)

  /// A key of fewer bytes could be found by trying.
  package static let leastBytes = 32

  /// Nil for a key that is too short.
  package init?(_ key: SecretBytes) {
    if key.count < Self.leastBytes { return nil }
    self = .keyed(HMACKey(key))
  }

  package var isKeyed: Bool { if case .keyed = self { true } else { false } }

  func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
    switch self {
    case .plain: HashFunction.sha256.digest(of: bytes)
    case .keyed(let key): key.authenticate(Array(bytes))
    }
  }
}
