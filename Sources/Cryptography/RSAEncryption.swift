internal import COpenSSL
package import SecretMemory

extension AsymmetricKey {
  package enum EncryptionPadding: Sendable, Equatable {
    /// RSAES-OAEP (RFC 8017, section 7.1) with this hash, also in MGF1, and no label.
    case oaep(HashFunction)
    /// RSAES-PKCS1-v1_5 (RFC 8017, section 7.2). A wrong padding is told to the caller, who must not be a stranger.
    case pkcs1
  }

  /// - Throws: `.messageLength` where the message does not fit, `.unsuitableKey` for a key that is not RSA.
  package func encrypt(_ message: SecretBytes, _ padding: EncryptionPadding) throws(CryptographyError) -> [UInt8] {
    guard case .rsa = kind else { throw .unsuitableKey }
    let overhead =
      switch padding {
      case .oaep(let hash): 2 * hash.outputBytes + 2
      case .pkcs1: 11
      }
    guard message.count <= modulusBytes - overhead else { throw .messageLength }
    let context = try prepared(padding, encrypting: true)
    defer { EVP_PKEY_CTX_free(context) }
    var count = modulusBytes
    let room = count
    var done: Int32 = 0
    let ciphertext = [UInt8](unsafeUninitializedCapacity: room) { out, filled in
      done = message.withBytes { message in
        // The library takes no message for a question about the length.
        withUnsafeBytes(of: UInt8(0)) { nothing in
          let bytes = (message.isEmpty ? nothing : message).bindMemory(to: UInt8.self)
          return EVP_PKEY_encrypt(context, out.baseAddress, &count, bytes.baseAddress, message.count)
        }
      }
      filled = done == 1 ? min(count, room) : 0
    }
    guard done == 1 else {
      ERR_clear_error()
      throw .library
    }
    return ciphertext
  }

  /// - Throws: `.notAuthentic` where the padding is wrong, whatever the reason; `.unsuitableKey` without the private
  ///   part or for a key that is not RSA.
  package func decrypt(
    _ ciphertext: [UInt8], _ padding: EncryptionPadding
  ) throws(CryptographyError) -> SecretBytes {
    guard case .rsa = kind, hasPrivatePart else { throw .unsuitableKey }
    guard ciphertext.count == modulusBytes else { throw .notAuthentic }
    return try computing { () throws(CryptographyError) in try decryptBlock(ciphertext, padding) }
  }

  private func decryptBlock(
    _ ciphertext: [UInt8], _ padding: EncryptionPadding
  ) throws(CryptographyError) -> SecretBytes {
    let context = try prepared(padding, encrypting: false)
    defer { EVP_PKEY_CTX_free(context) }
    var count = modulusBytes
    var done: Int32 = 0
    let room = SecretBytes(count: count) { out in
      done = EVP_PKEY_decrypt(
        context, out.bindMemory(to: UInt8.self).baseAddress, &count, ciphertext, ciphertext.count)
    }
    guard done == 1, count <= room.count else {
      ERR_clear_error()
      throw .notAuthentic
    }
    return SecretBytes(count: count) { out in
      room.withBytes { out.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }

  private func prepared(_ padding: EncryptionPadding, encrypting: Bool) throws(CryptographyError) -> OpaquePointer {
    guard let context = EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else { throw .library }
    do throws(CryptographyError) {
      let begun = encrypting ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)
      guard begun == 1 else { throw .library }
      switch padding {
      case .oaep(let hash):
        guard EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1,
          EVP_PKEY_CTX_set_rsa_oaep_md(context, hash.algorithm) == 1,
          EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash.algorithm) == 1
        else { throw .library }
      case .pkcs1:
        guard EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 else { throw .library }
        if !encrypting { Self.tellWrongPadding(context) }
      }
    } catch {
      EVP_PKEY_CTX_free(context)
      throw error
    }
    return context
  }

  /// Newer libraries answer a wrong padding with a made-up message, unless told otherwise; older ones do not know the
  /// parameter and need not.
  private static func tellWrongPadding(_ context: OpaquePointer) {
    var off: UInt32 = 0
    var name = Array("implicit-rejection".utf8CString)
    name.withUnsafeMutableBufferPointer { name in
      withUnsafeMutablePointer(to: &off) { off in
        let parameters = [OSSL_PARAM_construct_uint(name.baseAddress, off), OSSL_PARAM_construct_end()]
        _ = EVP_PKEY_CTX_set_params(context, parameters)
      }
    }
    ERR_clear_error()
  }
}
