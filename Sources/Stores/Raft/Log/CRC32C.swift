/// The Castagnoli checksum (RFC 3720, section 12.1 and appendix B.4), eight bytes at a step.
enum CRC32C {
  /// Continues `checksum` over more bytes; begin with 0.
  static func update(_ checksum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      var crc = ~checksum
      var at = 0
      while at &+ 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ UInt64(crc)
        crc = 0
        for lane in 0..<8 {
          crc ^= tables[(7 &- lane) &* 256 &+ Int(truncatingIfNeeded: word >> UInt64(8 &* lane) & 255)]
        }
        at &+= 8
      }
      while at < bytes.count {
        crc = tables[Int(truncatingIfNeeded: (crc ^ UInt32(bytes[at])) & 255)] ^ crc >> 8
        at &+= 1
      }
      return ~crc
    }
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { update(0, $0) } }

  /// Table `n` carries a byte over `n` further bytes of zero.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      tables[byte] = crc
    }
    for place in 256..<tables.count {
      let before = tables[place - 256]
      tables[place] = before >> 8 ^ tables[Int(before & 255)]
    }
    return tables
  }()
}
