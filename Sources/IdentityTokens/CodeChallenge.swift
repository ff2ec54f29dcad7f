internal import Cryptography
internal import Primitives
internal import SecretMemory

/// Proof Key for Code Exchange (RFC 7636): only who made the challenge can exchange the code.
package struct CodeChallenge: Sendable, Equatable {
  package enum Method: String, Sendable, CaseIterable {
    case plain
    case s256 = "S256"
  }

  package let text: String
  package let method: Method

  package init(_ text: String, method: Method) {
    self.text = text
    self.method = method
  }

  /// RFC 7636, sections 4.1 and 4.2: 43 to 128 unreserved characters.
  package static func isWellFormed(_ text: String) -> Bool {
    (43...128).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "~"):
          true
        default: false
        }
      }
  }

  package func isMet(by verifier: String) -> Bool {
    let shown =
      switch method {
      case .plain: verifier
      case .s256: Base64.encode(HashFunction.sha256.digest(of: verifier.utf8), alphabet: .url, padded: false)
      }
    return constantTimeEqual(shown, text)
  }
}
