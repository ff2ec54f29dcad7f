package import Cryptography

/// The kinds of public keys that are taken, by the names that stand in front of them (RFC 4253, section 6.6; RFC 5656;
/// RFC 8709; PROTOCOL.u2f of OpenSSH for those that live on security tokens).
package enum KeyAlgorithm: String, Sendable, Hashable, CaseIterable {
  case rsa = "ssh-rsa"
  case ecdsa256 = "ecdsa-sha2-nistp256"
  case ecdsa384 = "ecdsa-sha2-nistp384"
  case ecdsa521 = "ecdsa-sha2-nistp521"
  case ed25519 = "ssh-ed25519"
  case tokenECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
  case tokenEd25519 = "sk-ssh-ed25519@openssh.com"

  package init(_ curve: AsymmetricKey.Curve) {
    switch curve {
    case .p256: self = .ecdsa256
    case .p384: self = .ecdsa384
    case .p521: self = .ecdsa521
    }
  }

  /// Nil for keys of other kinds.
  package var curve: AsymmetricKey.Curve? {
    switch self {
    case .ecdsa256, .tokenECDSA: .p256
    case .ecdsa384: .p384
    case .ecdsa521: .p521
    default: nil
    }
  }

  /// How the curve is called inside of keys (RFC 5656, section 10.1).
  package var curveName: String? {
    switch curve {
    case .p256: "nistp256"
    case .p384: "nistp384"
    case .p521: "nistp521"
    case nil: nil
    }
  }

  /// The key is on a security token and belongs to an application there.
  package var isOnToken: Bool { self == .tokenECDSA || self == .tokenEd25519 }

  /// The name of certificates of such keys (PROTOCOL.certkeys of OpenSSH).
  package var certificateName: String {
    switch self {
    case .tokenECDSA: "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"
    case .tokenEd25519: "sk-ssh-ed25519-cert-v01@openssh.com"
    default: rawValue + Self.certificateSuffix
    }
  }

  static let certificateSuffix = "-cert-v01@openssh.com"
}
