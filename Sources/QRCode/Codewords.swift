/// From bytes to the codewords of a symbol in the order in which they are placed.
enum Codewords {
  /// `content` must fit in the version.
  static func make(_ content: [UInt8], version: SymbolVersion, correction: ErrorCorrection) -> [UInt8] {
    let data = padded(content, version: version, capacity: version.dataCodewords(correction))
    return interleaved(data, version: version, correction: correction)
  }

  /// Mode, count, bytes, terminator and padding (ISO/IEC 18004, sections 7.4.5, 7.4.9 and 7.4.10).
  private static func padded(_ content: [UInt8], version: SymbolVersion, capacity: Int) -> [UInt8] {
    var bits = BitBuffer()
    bits.append(0b0100, count: 4)
    bits.append(UInt32(truncatingIfNeeded: content.count), count: version.countBits)
    for byte in content { bits.append(UInt32(byte), count: 8) }
    bits.append(0, count: max(0, min(4, capacity * 8 - bits.count)))
    var bytes = bits.bytes
    var pad: UInt8 = 0xEC
    while bytes.count < capacity {
      bytes.append(pad)
      pad = pad == 0xEC ? 0x11 : 0xEC
    }
    return bytes
  }

  /// Blocks with their error correction, taken in turns (section 7.6). The later blocks may be longer by one.
  private static func interleaved(_ data: [UInt8], version: SymbolVersion, correction: ErrorCorrection) -> [UInt8] {
    let count = version.blocks(correction)
    let short = data.count / count
    let shortBlocks = count - data.count % count
    let code = ReedSolomon(codewords: version.correctionCodewords(correction))
    var blocks: [ArraySlice<UInt8>] = []
    var rest = data[...]
    for number in 0..<count {
      let length = number < shortBlocks ? short : short + 1
      blocks.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return inTurns(blocks) + inTurns(blocks.map { code.remainder(of: $0)[...] })
  }

  private static func inTurns(_ blocks: [ArraySlice<UInt8>]) -> [UInt8] {
    let longest = blocks.map(\.count).max() ?? 0
    return (0..<longest).flatMap { i in blocks.compactMap { i < $0.count ? $0[$0.startIndex + i] : nil } }
  }
}

/// Bits in a row, the highest of each number first.
private struct BitBuffer {
  /// The last one filled up with zeros.
  private(set) var bytes: [UInt8] = []
  private(set) var count = 0

  mutating func append(_ value: UInt32, count added: Int) {
    for shift in (0..<added).reversed() {
      if count % 8 == 0 { bytes.append(0) }
      bytes[bytes.count - 1] |= UInt8(truncatingIfNeeded: value >> shift & 1) << (7 - count % 8)
      count += 1
    }
  }
}
