package import EngineAPI
internal import Primitives
internal import SecretMemory

/// A new root token being made by those who hold the shares of the key. The token leaves the server only under a one-time
/// pad that whoever began holds.
package struct RootGeneration: Sendable {
  package let nonce: String
  let oneTimePassword: String
  private var shares: ShareCollection

  /// As long as a root token's text.
  package static let passwordLength = 28

  init(nonce: String, oneTimePassword: String, threshold: Int) throws(EngineError) {
    guard oneTimePassword.utf8.count == Self.passwordLength else { throw .invalid("OTP string is wrong length") }
    self.nonce = nonce
    self.oneTimePassword = oneTimePassword
    shares = ShareCollection(threshold: threshold)
  }

  package var progress: Int { shares.progress }
  package var required: Int { shares.threshold }

  /// The shares, when this was the last one needed; nil before.
  mutating func give(_ share: SecretBytes, nonce given: String) throws(EngineError) -> [SecretBytes]? {
    try ShareCollection.check(share)
    guard constantTimeEqual(given, nonce) else {
      throw .invalid("incorrect nonce supplied; nonce for this root generation operation is \"\(nonce)\"")
    }
    switch shares.add(share) {
    case .repeated: throw .invalid("given key has already been provided during this generation operation")
    case .progress: return nil
    case .complete(let shares): return shares
    }
  }
}

/// A token under a one-time pad of its own length, as `generate-root` hands it out: base64 of both combined bit by bit.
package enum PaddedToken {
  package static func encode(_ token: String, pad: String) -> String? {
    combined(Array(token.utf8), pad).map { Base64.encode($0, padded: false) }
  }

  /// - Throws: an `EngineError` with status 400 in words that tell which of the two is wrong.
  package static func decode(_ encoded: String, pad: String) throws(EngineError) -> String {
    guard let bytes = (try? Base64.decode(encoded, padded: false)) ?? (try? Base64.decode(encoded)) else {
      throw .invalid("error decoding base64'd token: illegal base64 data")
    }
    guard let token = combined(bytes, pad) else {
      throw .invalid("error xoring token: length of byte slices is not equivalent: \(bytes.count) != \(pad.utf8.count)")
    }
    return String(decoding: token, as: UTF8.self)
  }

  private static func combined(_ bytes: [UInt8], _ pad: String) -> [UInt8]? {
    guard bytes.count == pad.utf8.count else { return nil }
    return zip(bytes, pad.utf8).map { $0 ^ $1 }
  }
}
