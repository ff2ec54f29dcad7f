internal import Primitives

extension QRCode {
  /// Light modules that belong around a symbol, on each side.
  package static let quietZone = 4

  /// The smallest image that shows the symbol with its quiet zone; pixels on a side.
  package var smallestImage: Int { side + 2 * Self.quietZone }

  /// A black and white PNG image (RFC 2083) of `pixels` on a side, with the symbol in the middle as large as whole pixels
  /// let it be; nil below `smallestImage` and above 4,096.
  package func png(pixels: Int) -> [UInt8]? {
    guard (smallestImage...4096).contains(pixels) else { return nil }
    let scale = pixels / smallestImage
    let margin = (pixels - side * scale) / 2
    let header = Self.bigEndian(pixels) + Self.bigEndian(pixels) + [1, 0, 0, 0, 0]
    let lines = (0..<pixels).flatMap { y -> [UInt8] in
      let row = y < margin ? -1 : (y - margin) / scale
      // No filter; a bit for each pixel, one for white.
      var line: [UInt8] = [0] + Array(repeating: 0, count: (pixels + 7) / 8)
      for x in 0..<pixels where !self[row, x < margin ? -1 : (x - margin) / scale] {
        line[1 + x / 8] |= 0x80 >> UInt8(x % 8)
      }
      return line
    }
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header)
      + Self.chunk("IDAT", Self.zlib(lines)) + Self.chunk("IEND", [])
  }

  private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let named = Array(type.utf8) + content
    var checksum = CRC32()
    checksum.update(named)
    return bigEndian(content.count) + named + bigEndian(Int(checksum.value))
  }

  /// The format of RFC 1950, uncompressed: images are small enough.
  private static func zlib(_ content: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x78, 0x01]
    var rest = content[...]
    repeat {
      let block = rest.prefix(StoredDeflate.blockBytes)
      rest = rest.dropFirst(block.count)
      out += StoredDeflate.block(block, isLast: rest.isEmpty)
    } while !rest.isEmpty
    var low: UInt32 = 1
    var high: UInt32 = 0
    for byte in content {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    return out + bigEndian(Int(high << 16 | low))
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}
