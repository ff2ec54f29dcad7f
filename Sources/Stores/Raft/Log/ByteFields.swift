/// Appends whole numbers, least significant byte first.
extension [UInt8] {
  mutating func appendField(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  mutating func setField(_ value: some FixedWidthInteger, at offset: Int) {
    Swift.withUnsafeBytes(of: value.littleEndian) { field in
      replaceSubrange(offset..<(offset + field.count), with: field)
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The number at `offset`; nil where the buffer ends before it does.
  func field<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number? {
    guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return nil }
    return Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
  }

  /// The bytes from `offset` on; nil where there are not that many.
  func bytes(at offset: Int, count length: Int) -> UnsafeRawBufferPointer? {
    guard offset >= 0, length >= 0, offset <= count - length else { return nil }
    return UnsafeRawBufferPointer(rebasing: self[offset..<(offset + length)])
  }

  func isZero(from offset: Int) -> Bool {
    var at = offset
    while at < count, at % 8 != 0 {
      if self[at] != 0 { return false }
      at &+= 1
    }
    while at &+ 8 <= count {
      if loadUnaligned(fromByteOffset: at, as: UInt64.self) != 0 { return false }
      at &+= 8
    }
    while at < count {
      if self[at] != 0 { return false }
      at &+= 1
    }
    return true
  }
}
