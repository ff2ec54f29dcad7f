internal import Cryptography
internal import EngineAPI
internal import Primitives
internal import SecretMemory

/// What turns tokens' texts into the digests they are stored by, and what seals batch tokens.
struct TokenSecrets: Sendable {
  static let byteCount = 64
  private static let saltBytes = 24
  private static let batchPrefix = "hvb."

  private let digest: HMACKey
  private let batch: HMACKey

  /// `bytes` are the 64 that `TokenPaths.keys` holds.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    digest = HMACKey(SecretBytes(copying: bytes[..<32]))
    batch = HMACKey(SecretBytes(copying: bytes[32...]))
  }

  /// The key that a token or an accessor is stored by.
  func key(_ text: String) -> String { Hex.encode(digest.authenticate(text)) }

  static func isBatch(_ text: String) -> Bool { text.hasPrefix(batchPrefix) }

  /// A batch token: its whole record under a key of its own, which is derived from 192 random bits, so that no nonce
  /// is needed.
  func seal(_ entry: TokenEntry, random: RandomSource) throws(CryptographyError) -> String {
    let salt = random.bytes(Self.saltBytes)
    let record = TokenRecord.encode(entry)
    let sealed = try cipher(salt).seal(record, after: salt, nonce: Self.nonce, associatedData: Self.associated)
    return Self.batchPrefix + Base64.encode(sealed, alphabet: .url, padded: false)
  }

  /// Nil for what is no batch token of this server.
  func open(_ text: String) -> TokenEntry? {
    guard Self.isBatch(text),
      let bytes = try? Base64.decode(String(text.dropFirst(Self.batchPrefix.count)), alphabet: .url, padded: false),
      bytes.count > Self.saltBytes,
      let cipher = try? cipher(Array(bytes[..<Self.saltBytes])),
      let record = try? cipher.open(bytes[Self.saltBytes...], nonce: Self.nonce, associatedData: Self.associated)
    else { return nil }
    return TokenRecord.decode(record, key: "")
  }

  private func cipher(_ salt: [UInt8]) throws(CryptographyError) -> AESGCM {
    try AESGCM(key: SecretBytes(copying: batch.authenticate(salt)))
  }

  private static let nonce = [UInt8](repeating: 0, count: AESGCM.nonceBytes)
  private static let associated = Array("batch token 1".utf8)

  /// The identity that a token without entity counts by: a digest of its policies and its namespace, in the form by which tools
  /// that count clients know it.
  static func clientID(policies: [String]) -> String {
    let policies = policies.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: "\u{7F}")
    return Base64.encode(HashFunction.sha256.digest(of: (policies + "\0root").utf8))
  }
}
