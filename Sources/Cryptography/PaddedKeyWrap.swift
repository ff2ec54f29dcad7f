internal import COpenSSL
package import SecretMemory

/// AES key wrap with padding (RFC 5649; KWP of NIST SP 800-38F): wraps 1 or more bytes under a key of 16, 24 or 32.
package enum PaddedKeyWrap {
  package static func wrap(_ secret: SecretBytes, under key: SecretBytes) throws(CryptographyError) -> [UInt8] {
    guard secret.count > 0, secret.count < longest else { throw .messageLength }
    let context = try Context(key: key, encrypts: true)
    var failed = false
    let room = (secret.count + 7) / 8 * 8 + 16
    let wrapped = [UInt8](unsafeUninitializedCapacity: room) { out, filled in
      let target = UnsafeMutableRawBufferPointer(out)
      filled = secret.withBytes { context.transform($0, into: target) } ?? 0
      failed = filled == 0
    }
    if failed { throw .library }
    return wrapped
  }

  /// Throws `.notAuthentic` for what was not wrapped under this key.
  package static func unwrap(_ wrapped: [UInt8], under key: SecretBytes) throws(CryptographyError) -> SecretBytes {
    guard wrapped.count >= 16, wrapped.count % 8 == 0, wrapped.count < longest else { throw .notAuthentic }
    let context = try Context(key: key, encrypts: false)
    var written: Int?
    let whole = SecretBytes(count: wrapped.count + 16) { out in
      written = wrapped.withUnsafeBytes { context.transform($0, into: out) }
    }
    guard let written, written > 0, written <= whole.count else {
      ERR_clear_error()
      throw .notAuthentic
    }
    return SecretBytes(count: written) { out in
      whole.withBytes { out.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<written])) }
    }
  }

  private static let longest = 1 << 20

  private final class Context {
    private let pointer: OpaquePointer

    init(key: SecretBytes, encrypts: Bool) throws(CryptographyError) {
      guard let name = [16: "AES-128-WRAP-PAD", 24: "AES-192-WRAP-PAD", 32: "AES-256-WRAP-PAD"][key.count] else {
        throw .keyLength
      }
      guard let algorithm = EVP_CIPHER_fetch(nil, name, nil) else { throw .library }
      defer { EVP_CIPHER_free(algorithm) }
      guard let context = EVP_CIPHER_CTX_new() else { throw .library }
      coffer_cipher_allow_wrap(context)
      let keyed = key.withBytes { key in
        EVP_CipherInit_ex(
          context, algorithm, nil, key.bindMemory(to: UInt8.self).baseAddress, nil, encrypts ? 1 : 0)
      }
      pointer = context
      if keyed != 1 { throw .library }
    }

    deinit { EVP_CIPHER_CTX_free(pointer) }

    /// The number of bytes written; nil where the library refused.
    func transform(_ input: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Int? {
      var written: Int32 = 0
      let bytes = input.bindMemory(to: UInt8.self)
      let target = out.bindMemory(to: UInt8.self)
      let done = EVP_CipherUpdate(pointer, target.baseAddress, &written, bytes.baseAddress, Int32(bytes.count))
      return done == 1 && written > 0 ? Int(written) : nil
    }
  }
}
