internal import COpenSSL
package import SecretMemory

/// A key for AES-CMAC (NIST SP 800-38B, RFC 4493), made ready once. The key's length says which AES it is.
///
/// Unchecked because the prepared context is only ever copied.
package final class CMACKey: @unchecked Sendable {
  /// The length of a whole code, the cipher's block.
  package static let outputBytes = 16

  private let prepared: OpaquePointer

  /// - Throws: `.keyLength` where the key is not 16, 24 or 32 bytes long.
  package init(_ key: SecretBytes) throws(CryptographyError) {
    guard [16, 24, 32].contains(key.count) else { throw .keyLength }
    guard let algorithm = EVP_MAC_fetch(nil, "CMAC", nil) else { throw .library }
    defer { EVP_MAC_free(algorithm) }
    guard let context = EVP_MAC_CTX_new(algorithm) else { throw .library }
    var name = Array("AES-\(key.count * 8)-CBC".utf8CString)
    let done = name.withUnsafeMutableBufferPointer { name in
      let parameters = [OSSL_PARAM_construct_utf8_string("cipher", name.baseAddress, 0), OSSL_PARAM_construct_end()]
      return key.withBytes { EVP_MAC_init(context, $0.bindMemory(to: UInt8.self).baseAddress, $0.count, parameters) }
    }
    guard done == 1 else {
      EVP_MAC_CTX_free(context)
      throw .library
    }
    prepared = context
  }

  deinit { EVP_MAC_CTX_free(prepared) }

  /// The whole code; a shorter one is its beginning.
  package func authenticate(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
    guard let copy = EVP_MAC_CTX_dup(prepared) else { throw .library }
    defer { EVP_MAC_CTX_free(copy) }
    guard EVP_MAC_update(copy, message, message.count) == 1 else { throw .library }
    var written = 0
    let code = [UInt8](unsafeUninitializedCapacity: Self.outputBytes) { out, filled in
      let done = EVP_MAC_final(copy, out.baseAddress, &written, Self.outputBytes)
      filled = done == 1 ? min(written, Self.outputBytes) : 0
    }
    guard code.count == Self.outputBytes else { throw .library }
    return code
  }
}
