internal import COpenSSL

/// Hash functions (FIPS 180-4, FIPS 202) by the names that the API uses.
package enum HashFunction: String, Sendable, CaseIterable {
  case sha1
  case sha224 = "sha2-224"
  case sha256 = "sha2-256"
  case sha384 = "sha2-384"
  case sha512 = "sha2-512"
  case sha3x224 = "sha3-224"
  case sha3x256 = "sha3-256"
  case sha3x384 = "sha3-384"
  case sha3x512 = "sha3-512"

  package var outputBytes: Int {
    switch self {
    case .sha1: 20
    case .sha224, .sha3x224: 28
    case .sha256, .sha3x256: 32
    case .sha384, .sha3x384: 48
    case .sha512, .sha3x512: 64
    }
  }

  package func digest(of message: some Collection<UInt8>) -> [UInt8] {
    withContiguousBytes(message) { digest(of: $0) }
  }

  package func digest(of message: [UInt8]) -> [UInt8] { message.withUnsafeBytes { digest(of: $0) } }

  package func digest(of message: UnsafeRawBufferPointer) -> [UInt8] {
    let implementation = Self.implementations[self]
    return [UInt8](unsafeUninitializedCapacity: outputBytes) { out, filled in
      // Only want of memory gets here with anything but 1.
      guard let implementation,
        EVP_Digest(message.baseAddress, message.count, out.baseAddress, nil, implementation.algorithm, nil) == 1
      else { preconditionFailure("the cryptographic library has no \(rawValue)") }
      filled = outputBytes
    }
  }

  /// The library's name for it.
  var libraryName: String {
    switch self {
    case .sha1: "SHA1"
    case .sha224: "SHA2-224"
    case .sha256: "SHA2-256"
    case .sha384: "SHA2-384"
    case .sha512: "SHA2-512"
    case .sha3x224: "SHA3-224"
    case .sha3x256: "SHA3-256"
    case .sha3x384: "SHA3-384"
    case .sha3x512: "SHA3-512"
    }
  }

  /// The library's implementation, for other operations that hash.
  var algorithm: OpaquePointer? { Self.implementations[self]?.algorithm }

  /// Looked up once, because a look-up costs more than a short digest.
  private static let implementations: [HashFunction: Implementation] = {
    var found: [HashFunction: Implementation] = [:]
    for function in allCases {
      if let algorithm = EVP_MD_fetch(nil, function.libraryName, nil) {
        found[function] = Implementation(algorithm: algorithm)
      }
    }
    return found
  }()

  /// Unchecked because the library's algorithms are immutable.
  private struct Implementation: @unchecked Sendable {
    let algorithm: OpaquePointer
  }
}

/// Lends the elements as one buffer, copying them only where they do not lie in a row.
func withContiguousBytes<R>(_ bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) -> R) -> R {
  if let result = bytes.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) { return result }
  return Array(bytes).withUnsafeBytes(body)
}
