internal import Cryptography
import Primitives
internal import SecretMemory

extension Enrolment {
  /// The counter within the skew whose code this is; the latest of several, so that all of them are used up.
  func matchingCounter(_ digits: String, now: Timestamp) -> Int64? {
    guard now.seconds >= 0, period > 0 else { return nil }
    let present = now.seconds / period
    let span = max(0, min(skew, 1))
    var found: Int64?
    // All are compared, so that the time taken does not tell which one it was.
    for counter in (present &- span)...(present &+ span) where counter >= 0 {
      if constantTimeEqual(code(counter), digits) { found = counter }
    }
    return found
  }
}

extension Enrolment {
  /// HOTP of a counter (RFC 4226, 5.3).
  func code(_ counter: Int64) -> String {
    let hash: HashFunction =
      switch algorithm {
      case "SHA256": .sha256
      case "SHA512": .sha512
      default: .sha1
      }
    let message = (0..<8).map { UInt8(truncatingIfNeeded: counter >> (56 - 8 * $0)) }
    let digest = HMACKey(key, hash: hash).authenticate(message)
    let offset = Int((digest.last ?? 0) & 15)
    var number: UInt32 = 0
    for byte in digest.dropFirst(offset).prefix(4) { number = number << 8 | UInt32(byte) }
    var text = ""
    var rest = number & 0x7FFF_FFFF
    for _ in 0..<digits {
      text = String(rest % 10) + text
      rest /= 10
    }
    return text
  }

  package func url(issuer: String, account: String) -> String { "otpauth://totp/\(issuer):\(account)" }
}
