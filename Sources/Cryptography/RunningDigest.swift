internal import COpenSSL

/// A hash of a message that comes in pieces.
package final class RunningDigest {
  private let function: HashFunction
  private let context: OpaquePointer?
  private var isGood: Bool

  package init(_ function: HashFunction) {
    self.function = function
    context = EVP_MD_CTX_new()
    let algorithm = EVP_MD_fetch(nil, function.libraryName, nil)
    isGood = EVP_DigestInit_ex(context, algorithm, nil) == 1
    EVP_MD_free(algorithm)
  }

  deinit { EVP_MD_CTX_free(context) }

  package func update(_ bytes: some Collection<UInt8>) {
    isGood = withContiguousBytes(bytes) { EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1 } && isGood
  }

  /// To be called once.
  package func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: function.outputBytes) { out, filled in
      // Only want of memory gets here with anything but true.
      guard isGood, EVP_DigestFinal_ex(context, out.baseAddress, nil) == 1 else {
        preconditionFailure("the cryptographic library failed at \(function.rawValue)")
      }
      filled = function.outputBytes
    }
  }
}
