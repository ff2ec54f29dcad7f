internal import CSystem
internal import Glibc

/// Where randomness comes from. A value, so that tests seed it.
package struct RandomSource: Sendable {
  /// Fills the buffer; never fails for the system's source once the machine has booted.
  package let fill: @Sendable (UnsafeMutableRawBufferPointer) -> Void

  package init(fill: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void) { self.fill = fill }

  /// The kernel's generator (getrandom(2)). The process stops if the kernel refuses, since nothing may be made of weaker numbers.
  package static let system = RandomSource { buffer in
    var filled = 0
    while filled < buffer.count {
      guard let base = buffer.baseAddress else { return }
      let n = getrandom(base + filled, buffer.count - filled, 0)
      if n > 0 { filled += n } else if errno != EINTR { fatalError("getrandom failed") }
    }
  }

  /// The same numbers for the same seed (splitmix64), for tests and simulations only.
  package static func seeded(_ seed: UInt64) -> RandomSource {
    let state = Locked(seed)
    return RandomSource { buffer in
      state.withLock { s in
        for i in buffer.indices {
          s &+= 0x9E37_79B9_7F4A_7C15
          var z = s
          z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
          z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
          buffer[i] = UInt8(truncatingIfNeeded: z ^ (z >> 31))
        }
      }
    }
  }

  package func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      fill(UnsafeMutableRawBufferPointer(buffer))
      filled = count
    }
  }

  /// Letters and digits, each of the 62 equally likely.
  package func base62(_ count: Int) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(count)
    while out.count < count {
      // 248 is the largest multiple of 62 in a byte; what is above would favour the first letters.
      for byte in bytes(count + 8) where byte < 248 && out.count < count {
        out.append(Self.alphabet[Int(byte % 62)])
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// A version 4 UUID (RFC 9562, section 5.4) in lower case.
  package func uuid() -> String {
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { bytes in
      fill(bytes)
      bytes[6] = bytes[6] & 0x0F | 0x40
      bytes[8] = bytes[8] & 0x3F | 0x80
      return String(unsafeUninitializedCapacity: 36) { text in
        var at = 0
        for index in 0..<16 {
          if index == 4 || index == 6 || index == 8 || index == 10 {
            text[at] = UInt8(ascii: "-")
            at &+= 1
          }
          text[at] = Hex.digit(bytes[index] >> 4)
          text[at &+ 1] = Hex.digit(bytes[index] & 15)
          at &+= 2
        }
        return at
      }
    }
  }

  /// A number below `bound`, each equally likely; 0 where `bound` is 0.
  package func below(_ bound: UInt64) -> UInt64 {
    guard bound > 0 else { return 0 }
    let limit = UInt64.max - UInt64.max % bound
    while true {
      let value = bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
      if value < limit { return value % bound }
    }
  }

  private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
}
