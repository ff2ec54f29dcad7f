internal import Cryptography
package import Primitives
package import SecretMemory

/// A shared secret and how passwords are made of it: by a counter (HOTP, RFC 4226) or by the time (TOTP, RFC 6238).
package struct OneTimePasswordKey: Sendable, Equatable {
  package let secret: SecretBytes
  package let parameters: OneTimePasswordParameters

  package init(secret: SecretBytes, parameters: OneTimePasswordParameters = OneTimePasswordParameters()) {
    self.secret = secret
    self.parameters = parameters
  }

  /// The password that a counter has, with its leading zeros (RFC 4226, section 5.3).
  package func password(counter: UInt64) -> String {
    let message = (0..<8).map { UInt8(truncatingIfNeeded: counter >> (56 - 8 * $0)) }
    let code = HMACKey(secret, hash: parameters.algorithm.hash).authenticate(message)
    let offset = Int((code.last ?? 0) & 15)
    let number = code.dropFirst(offset).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
    let text = String(number % parameters.digits.bound)
    return String(repeating: "0", count: max(0, parameters.digits.rawValue - text.utf8.count)) + text
  }

  /// The password of that time.
  package func password(at time: Timestamp) -> String { password(counter: parameters.counter(at: time)) }

  /// The counters within the skew of that time whose password this is; empty where it is none. Blanks around the password
  /// do not count. Takes the same time whichever it is.
  ///
  /// More than one counter may have the same password; one that was used for any of them is used up (`UsedCounters`).
  package func counters(of password: String, at time: Timestamp) -> [UInt64] {
    let given = Self.trimmed(password)
    return parameters.counters(around: time).filter { constantTimeEqual(self.password(counter: $0), given) }
  }

  private static func trimmed(_ text: String) -> String {
    func isBlank(_ c: UInt8) -> Bool { c == 0x20 || (9...13).contains(c) }
    let head = text.utf8.drop(while: isBlank)
    guard let last = head.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(decoding: head[...last], as: UTF8.self)
  }
}

extension OneTimePasswordParameters.Algorithm {
  var hash: HashFunction {
    switch self {
    case .sha1: .sha1
    case .sha256: .sha256
    case .sha512: .sha512
    }
  }
}
