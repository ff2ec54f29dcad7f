/// A gzip file (RFC 1952) made of stored blocks (RFC 1951, section 3.2.4): ciphertext does not get smaller.
package struct GzipWriter {
  private var checksum = CRC32()
  private var size: UInt32 = 0
  private var pending: [UInt8] = []

  package init() {}

  /// The bytes that come before everything else.
  package static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

  /// The blocks that are full now.
  package mutating func write(_ bytes: some Collection<UInt8>) -> [UInt8] {
    checksum.update(bytes)
    size &+= UInt32(truncatingIfNeeded: bytes.count)
    pending += bytes
    guard pending.count >= StoredDeflate.blockBytes else { return [] }
    var out: [UInt8] = []
    var rest = pending[...]
    while rest.count >= StoredDeflate.blockBytes {
      out += StoredDeflate.block(rest.prefix(StoredDeflate.blockBytes), isLast: false)
      rest = rest.dropFirst(StoredDeflate.blockBytes)
    }
    pending = Array(rest)
    return out
  }

  package mutating func finish() -> [UInt8] {
    defer { pending = [] }
    return StoredDeflate.block(pending[...], isLast: true) + Self.bytes(checksum.value) + Self.bytes(size)
  }

  private static func bytes(_ value: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}

/// Reads gzip files, compressed or not.
package enum Gzip {
  /// The content; nil where the file is damaged, or larger than `limit` when unpacked.
  package static func unpack(_ file: [UInt8], limit: Int) -> [UInt8]? {
    guard file.count >= 18, file[0] == 0x1F, file[1] == 0x8B, file[2] == 8 else { return nil }
    let flags = file[3]
    var at = 10
    if flags & 4 != 0 {
      guard at + 2 <= file.count else { return nil }
      at += 2 + Int(file[at]) + Int(file[at + 1]) << 8
    }
    // The file's name and a comment, each ending in zero.
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      while at < file.count, file[at] != 0 { at += 1 }
      at += 1
    }
    if flags & 2 != 0 { at += 2 }
    guard at <= file.count - 8 else { return nil }
    var inflater = Inflater(file, from: at, limit: limit)
    guard inflater.run(), inflater.end == file.count - 8 else { return nil }
    let trailer = file[(file.count - 8)...]
    var checksum = CRC32()
    checksum.update(inflater.output)
    func number(_ start: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(trailer[trailer.startIndex + start + $1]) << UInt32(8 * $1) }
    }
    guard number(0) == checksum.value, number(4) == UInt32(truncatingIfNeeded: inflater.output.count) else {
      return nil
    }
    return inflater.output
  }
}
