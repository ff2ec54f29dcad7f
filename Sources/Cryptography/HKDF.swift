package import SecretMemory

/// Keys from a key (RFC 5869) with HMAC-SHA-256.
package enum HKDF {
  /// `info` says what the derived key is for; different texts give independent keys. `count` is at most 8,160, by the
  /// definition.
  package static func derive(
    from secret: SecretBytes, salt: [UInt8] = [], info: String, count: Int
  ) -> SecretBytes {
    derive(from: secret, salt: salt, info: Array(info.utf8), count: count)
  }

  package static func derive(from secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int) -> SecretBytes {
    let size = HashFunction.sha256.outputBytes
    precondition((0...255 * size).contains(count), "HKDF gives at most 255 blocks")
    let extract = HMACKey(SecretBytes(copying: salt.isEmpty ? [UInt8](repeating: 0, count: size) : salt))
    let pseudorandomKey = SecretBytes(count: size) { out in
      secret.withBytes { extract.authenticate([$0], into: out) }
    }
    let expand = HMACKey(pseudorandomKey)
    return SecretBytes(count: count) { out in
      withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { block in
        defer { zero(block) }
        var filled = 0
        var number: UInt8 = 1
        while filled < count {
          let before = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<(filled == 0 ? 0 : size)])
          info.withUnsafeBytes { info in
            withUnsafeBytes(of: number) { number in expand.authenticate([before, info, number], into: block) }
          }
          let taken = min(size, count - filled)
          UnsafeMutableRawBufferPointer(rebasing: out[filled...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<taken]))
          filled += taken
          number &+= 1
        }
      }
    }
  }
}
