internal import COpenSSL
package import SecretMemory

extension AsymmetricKey {
  /// The length of the secrets.
  package static let encapsulatedSecretBytes = 32

  /// A fresh secret, and what tells it to whoever has the private part (FIPS 203, algorithm 20).
  /// - Throws: `.unsuitableKey` for a key that is not ML-KEM.
  package func encapsulate() throws(CryptographyError) -> (secret: SecretBytes, encapsulation: [UInt8]) {
    guard case .mlKEM(let parameters) = kind else { throw .unsuitableKey }
    guard let context = EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else { throw .library }
    defer { EVP_PKEY_CTX_free(context) }
    var count = parameters.encapsulationBytes
    var secretCount = Self.encapsulatedSecretBytes
    var done: Int32 = 0
    var secret = SecretBytes(copying: [])
    let encapsulation = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
      secret = SecretBytes(count: secretCount) { room in
        guard EVP_PKEY_encapsulate_init(context, nil) == 1 else { return }
        done = EVP_PKEY_encapsulate(
          context, out.baseAddress, &count, room.bindMemory(to: UInt8.self).baseAddress, &secretCount)
      }
      filled = done == 1 ? min(count, out.count) : 0
    }
    guard done == 1, encapsulation.count == parameters.encapsulationBytes,
      secretCount == Self.encapsulatedSecretBytes
    else {
      ERR_clear_error()
      throw .library
    }
    return (secret, encapsulation)
  }

  /// The secret that the encapsulation tells (FIPS 203, algorithm 21). One that was made for another key, or changed, gives a secret that nobody
  /// else has: what is sealed with the right one does not open then.
  /// - Throws: `.messageLength` for what is no encapsulation, `.unsuitableKey` without the private part or for a key
  ///   that is not ML-KEM.
  package func decapsulate(_ encapsulation: some Collection<UInt8>) throws(CryptographyError) -> SecretBytes {
    guard case .mlKEM(let parameters) = kind, hasPrivatePart else { throw .unsuitableKey }
    guard encapsulation.count == parameters.encapsulationBytes else { throw .messageLength }
    guard let context = EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else { throw .library }
    defer { EVP_PKEY_CTX_free(context) }
    let bytes = Array(encapsulation)
    var count = Self.encapsulatedSecretBytes
    var done: Int32 = 0
    let secret = SecretBytes(count: count) { room in
      guard EVP_PKEY_decapsulate_init(context, nil) == 1 else { return }
      done = EVP_PKEY_decapsulate(
        context, room.bindMemory(to: UInt8.self).baseAddress, &count, bytes, bytes.count)
    }
    guard done == 1, count == Self.encapsulatedSecretBytes else {
      ERR_clear_error()
      throw .library
    }
    return secret
  }
}
