/// Why a text or some bytes are not taken as a key or certificate. Carries nothing of them.
package enum SSHKeyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Fields end early, do not end where they should, or are not written as the format wants.
  case malformed
  /// A kind of key that is not known here; the name is one of the format's own, or empty where it is not printable.
  case unsupportedType(String)
  /// Longer, or with more parts, than any key that is taken.
  case tooLarge
  /// The private key is protected by a passphrase.
  case encrypted
  /// The numbers are no key: a point off its curve, an RSA key that is too short or too long.
  case unsoundKey
  /// A certificate where a key was expected.
  case isCertificate

  package var description: String {
    switch self {
    case .malformed: "the text is not a key in a known format"
    case .unsupportedType(let name): name.isEmpty ? "unknown type of key" : "type of key \(name) is not supported"
    case .tooLarge: "the key is larger than any that is taken"
    case .encrypted: "the private key is protected by a passphrase; remove it first (ssh-keygen -p)"
    case .unsoundKey: "the numbers are not those of a sound key"
    case .isCertificate: "this is a certificate, not a public key"
    }
  }
}
