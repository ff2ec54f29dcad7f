/// How long JSON texts go on without a byte that needs a look, found eight bytes at a time: nearly all bytes of secrets and
/// of answers are such.
package enum PlainRun {
  /// Bytes of a string from `start` on up to its end, an escape or a control character (RFC 8259, section 7).
  package static func inString(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    end(bytes, from: start) { word in
      below(0x20, word) | equal(UInt8(ascii: "\""), word) | equal(UInt8(ascii: "\\"), word)
    } - start
  }

  /// Bytes from `start` on that `JSONWriter` writes as they are. A byte that ends the run may still turn out to be one.
  static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    end(bytes, from: start) { word in
      // Two characters that differ in one bit are found with that bit set in both: `<` and `>`, `"` and `&`. The first
      // byte of U+2028 and U+2029 is E2.
      below(0x20, word) | equal(UInt8(ascii: ">"), word | every(2)) | equal(UInt8(ascii: "&"), word | every(4))
        | equal(UInt8(ascii: "\\"), word) | equal(0xE2, word)
    } - start
  }

  /// - Parameter marks: sets the highest bit of the first byte in a word (the lowest in value) that ends a run, and perhaps
  ///   of some behind it.
  private static func end(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, marks: (UInt64) -> UInt64
  ) -> Int {
    guard start < bytes.count, let base = UnsafeRawPointer(bytes.baseAddress) else { return start }
    var at = start
    while bytes.count &- at >= 8 {
      let found = marks(UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
      if found != 0 { return at &+ found.trailingZeroBitCount / 8 }
      at &+= 8
    }
    let rest = bytes.count &- at
    if rest == 0 { return at }
    // Blanks fill the last word up.
    var last: UInt64 = 0
    if bytes.count >= 8 {
      let word = base.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self)
      last = UInt64(littleEndian: word) >> UInt64(8 &* (8 &- rest))
    } else {
      for place in (at..<bytes.count).reversed() { last = last << 8 | UInt64(bytes[place]) }
    }
    let found = marks(last | every(0x20) << UInt64(8 &* rest))
    return found == 0 ? bytes.count : at &+ found.trailingZeroBitCount / 8
  }

  private static func every(_ byte: UInt8) -> UInt64 { 0x0101_0101_0101_0101 &* UInt64(byte) }

  /// Marks bytes below a limit of at most 0x80. A borrow can mark what stands behind a byte that was found, nothing before.
  private static func below(_ limit: UInt8, _ word: UInt64) -> UInt64 {
    (word &- every(limit)) & ~word & every(0x80)
  }

  private static func equal(_ byte: UInt8, _ word: UInt64) -> UInt64 { below(1, word ^ every(byte)) }
}
