internal import COpenSSL
package import SecretMemory

/// A key for HMAC (RFC 2104), made ready once so that a message costs no key schedule.
package struct HMACKey: Sendable {
  package let hash: HashFunction
  private let context: Context

  package init(_ key: SecretBytes, hash: HashFunction = .sha256) {
    self.hash = hash
    context = Context(key, hash: hash)
  }

  package func authenticate(_ message: some Collection<UInt8>) -> [UInt8] {
    withContiguousBytes(message) { authenticate($0) }
  }

  package func authenticate(_ message: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: hash.outputBytes) { out, filled in
      authenticate([message], into: UnsafeMutableRawBufferPointer(out))
      filled = hash.outputBytes
    }
  }

  /// The code of the parts in a row, written to `out`, which holds `hash.outputBytes`.
  func authenticate(_ parts: [UnsafeRawBufferPointer], into out: UnsafeMutableRawBufferPointer) {
    let copy = EVP_MAC_CTX_dup(context.prepared)
    defer { EVP_MAC_CTX_free(copy) }
    var written = 0
    for part in parts where part.count > 0 {
      let bytes = part.bindMemory(to: UInt8.self)
      precondition(EVP_MAC_update(copy, bytes.baseAddress, bytes.count) == 1, "out of memory")
    }
    let target = out.bindMemory(to: UInt8.self)
    precondition(EVP_MAC_final(copy, target.baseAddress, &written, target.count) == 1, "out of memory")
  }

  /// Unchecked because the prepared context is only ever copied.
  private final class Context: @unchecked Sendable {
    let prepared: OpaquePointer

    init(_ key: SecretBytes, hash: HashFunction) {
      guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil), let context = EVP_MAC_CTX_new(algorithm) else {
        preconditionFailure("the cryptographic library has no HMAC")
      }
      EVP_MAC_free(algorithm)
      var name = Array(hash.libraryName.utf8CString)
      let done = name.withUnsafeMutableBufferPointer { name in
        let parameters = [OSSL_PARAM_construct_utf8_string("digest", name.baseAddress, 0), OSSL_PARAM_construct_end()]
        return key.withBytes { key in
          // An empty key is a key too; no pointer would mean "the key of before".
          withUnsafeBytes(of: UInt8(0)) { nothing in
            let bytes = (key.count > 0 ? key : nothing).bindMemory(to: UInt8.self)
            return EVP_MAC_init(context, bytes.baseAddress, key.count, parameters)
          }
        }
      }
      precondition(done == 1, "the cryptographic library has no HMAC with this hash")
      prepared = context
    }

    deinit { EVP_MAC_CTX_free(prepared) }
  }
}
