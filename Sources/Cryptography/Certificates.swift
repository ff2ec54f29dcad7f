internal import COpenSSL
internal import Primitives

/// Requests for certificates (PKCS #10, RFC 2986).
package enum CertificateRequest {
  /// A request of this key, in DER. Subject and attributes are those of the template, whose own key does not count;
  /// without one the subject is empty. Signed with the hash that goes with the key's size.
  /// - Throws: `.malformedKey` for a template that is no request, `.unsuitableKey` without the private part.
  package static func make(template: [UInt8]?, key: AsymmetricKey) throws(CryptographyError) -> [UInt8] {
    guard key.hasPrivatePart else { throw .unsuitableKey }
    let request: OpaquePointer
    if let template {
      request = try parse(template)
    } else {
      guard let empty = X509_REQ_new() else { throw .library }
      request = empty
    }
    defer { X509_REQ_free(request) }
    let hash: HashFunction? =
      switch key.kind {
      case .ed25519, .mlDSA, .mlKEM: nil
      case .ecdsa(.p256), .rsa: .sha256
      case .ecdsa(.p384): .sha384
      case .ecdsa(.p521): .sha512
      }
    guard X509_REQ_set_version(request, 0) == 1, X509_REQ_set_pubkey(request, key.handle.pointer) == 1,
      X509_REQ_sign(request, key.handle.pointer, hash?.algorithm) > 0
    else {
      ERR_clear_error()
      throw .library
    }
    guard let der = DER.encode({ i2d_X509_REQ(request, $0) }) else { throw .library }
    return der
  }

  /// Throws where the bytes are no request.
  package static func check(_ der: [UInt8]) throws(CryptographyError) { X509_REQ_free(try parse(der)) }

  private static func parse(_ der: [UInt8]) throws(CryptographyError) -> OpaquePointer {
    let request = der.withUnsafeBufferPointer { der -> OpaquePointer? in
      var position = der.baseAddress
      return d2i_X509_REQ(nil, &position, der.count)
    }
    guard let request else {
      ERR_clear_error()
      throw .malformedKey
    }
    return request
  }
}

/// A certificate (RFC 5280).
///
/// Unchecked because it is only read once it is made.
final class Certificate: @unchecked Sendable {
  let pointer: OpaquePointer

  /// Nil where the bytes do not begin with a certificate.
  init?(der: [UInt8]) {
    let parsed = der.withUnsafeBufferPointer { der -> OpaquePointer? in
      var position = der.baseAddress
      return d2i_X509(nil, &position, der.count)
    }
    guard let parsed else { return nil }
    pointer = parsed
  }

  deinit { X509_free(pointer) }
}

/// What a certificate (RFC 5280) says of its key.
package struct CertificateFacts: Sendable {
  package enum Algorithm: String, Sendable {
    case ecdsa = "ECDSA"
    case rsa = "RSA"
    case ed25519 = "Ed25519"
    case mlDSA = "ML-DSA"
    case other = "unknown"
  }

  package let algorithm: Algorithm
  /// Nil for kinds that are not known here.
  package let publicKey: AsymmetricKey?
  /// Whether it says that it may sign other certificates (RFC 5280, section 4.2.1.9).
  package let isAuthority: Bool
  /// Whether it says that it may not. Some say nothing of it.
  package let isLeaf: Bool

  /// - Throws: `.malformedKey` where the bytes are no certificate.
  package init(der: [UInt8]) throws(CryptographyError) {
    defer { ERR_clear_error() }
    guard let certificate = Certificate(der: der), let key = X509_get_pubkey(certificate.pointer) else {
      throw .malformedKey
    }
    let flags = X509_get_extension_flags(certificate.pointer)
    let saysSo = flags & UInt32(EXFLAG_BCONS) != 0
    isAuthority = saysSo && flags & UInt32(EXFLAG_CA) != 0
    isLeaf = saysSo && !isAuthority
    if EVP_PKEY_is_a(key, "EC") == 1 {
      algorithm = .ecdsa
    } else if EVP_PKEY_is_a(key, "RSA") == 1 {
      algorithm = .rsa
    } else {
      let isLattice = AsymmetricKey.LatticeParameters.allCases.contains { EVP_PKEY_is_a(key, $0.rawValue) == 1 }
      algorithm = isLattice ? .mlDSA : EVP_PKEY_is_a(key, "ED25519") == 1 ? .ed25519 : .other
    }
    publicKey = try? AsymmetricKey(owning: key, hasPrivatePart: false)
  }
}
