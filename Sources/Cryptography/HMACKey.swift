internal import COpenSSL
package import SecretMemory

/// A key for HMAC (RFC 2104), made ready once so that a message costs no key schedule.
package struct HMACKey: Sendable {
  private enum Schedule: Sendable {
    case sha256(SHA256Schedule)
    case other(PreparedContext)
  }

  package let hash: HashFunction
  private let schedule: Schedule

  package init(_ key: SecretBytes, hash: HashFunction = .sha256) {
    self.hash = hash
    schedule = hash == .sha256 ? .sha256(SHA256Schedule(key)) : .other(PreparedContext(key, hash: hash))
  }

  package func authenticate(_ text: String) -> [UInt8] {
    var text = text
    return text.withUTF8 { authenticate(UnsafeRawBufferPointer($0)) }
  }

  package func authenticate(_ message: [UInt8]) -> [UInt8] { message.withUnsafeBytes { authenticate($0) } }

  package func authenticate(_ message: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: hash.outputBytes) { out, filled in
      authenticate(CollectionOfOne(message), into: UnsafeMutableRawBufferPointer(out))
      filled = hash.outputBytes
    }
  }

  /// Writes the code to `out`, which holds `hash.outputBytes`.
  package func authenticate(_ message: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) {
    authenticate(CollectionOfOne(message), into: out)
  }

  /// The code of the parts in a row, written to `out`, which holds `hash.outputBytes`.
  func authenticate(
    _ parts: some Collection<UnsafeRawBufferPointer>, into out: UnsafeMutableRawBufferPointer
  ) {
    precondition(out.count >= hash.outputBytes, "no room for the code")
    switch schedule {
    case .sha256(let schedule): schedule.authenticate(parts, into: out)
    case .other(let context): context.authenticate(parts, into: out)
    }
  }
}

/// HMAC-SHA-256, of which every request needs several: the states after the padded key, copied for each message.
///
/// Unchecked because the states are only read.
private final class SHA256Schedule: @unchecked Sendable {
  private let states = UnsafeMutablePointer<coffer_hmac_sha256>.allocate(capacity: 1)

  init(_ key: SecretBytes) {
    states.initialize(to: coffer_hmac_sha256())
    key.withBytes { coffer_hmac_sha256_prepare(states, $0.baseAddress, $0.count) }
  }

  deinit {
    zero(UnsafeMutableRawBufferPointer(start: states, count: MemoryLayout<coffer_hmac_sha256>.size))
    states.deallocate()
  }

  func authenticate(_ parts: some Collection<UnsafeRawBufferPointer>, into out: UnsafeMutableRawBufferPointer) {
    var state = coffer_sha256()
    coffer_hmac_sha256_begin(states, &state)
    for part in parts where part.count > 0 { coffer_hmac_sha256_update(&state, part.baseAddress, part.count) }
    coffer_hmac_sha256_finish(states, &state, out.baseAddress)
  }
}

/// Any other hash, through the library's context for codes.
///
/// Unchecked because the prepared context is only ever copied.
private final class PreparedContext: @unchecked Sendable {
  private let prepared: OpaquePointer

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

  func authenticate(_ parts: some Collection<UnsafeRawBufferPointer>, into out: UnsafeMutableRawBufferPointer) {
    let copy = EVP_MAC_CTX_dup(prepared)
    defer { EVP_MAC_CTX_free(copy) }
    var written = 0
    for part in parts where part.count > 0 {
      let bytes = part.bindMemory(to: UInt8.self)
      precondition(EVP_MAC_update(copy, bytes.baseAddress, bytes.count) == 1, "out of memory")
    }
    let target = out.bindMemory(to: UInt8.self)
    precondition(EVP_MAC_final(copy, target.baseAddress, &written, target.count) == 1, "out of memory")
  }
}
