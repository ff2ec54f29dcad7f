/// A gzip file (RFC 1952) made of stored blocks (RFC 1951, section 3.2.4): ciphertext does not get smaller.
struct GzipWriter {
  private var checksum = CRC32()
  private var size: UInt32 = 0
  private var pending: [UInt8] = []

  private static let blockBytes = 65535

  /// The bytes that come before everything else.
  static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

  /// The blocks that are full now.
  mutating func write(_ bytes: some Collection<UInt8>) -> [UInt8] {
    checksum.update(bytes)
    size &+= UInt32(truncatingIfNeeded: bytes.count)
    pending += bytes
    guard pending.count >= Self.blockBytes else { return [] }
    var out: [UInt8] = []
    var rest = pending[...]
    while rest.count >= Self.blockBytes {
      out += Self.block(rest.prefix(Self.blockBytes), isLast: false)
      rest = rest.dropFirst(Self.blockBytes)
    }
    pending = Array(rest)
    return out
  }

  mutating func finish() -> [UInt8] {
    defer { pending = [] }
    return Self.block(pending[...], isLast: true) + Self.bytes(checksum.value) + Self.bytes(size)
  }

  private static func block(_ content: ArraySlice<UInt8>, isLast: Bool) -> [UInt8] {
    let count = UInt16(truncatingIfNeeded: content.count)
    let low = UInt8(truncatingIfNeeded: count)
    let high = UInt8(truncatingIfNeeded: count >> 8)
    return [isLast ? 1 : 0, low, high, ~low, ~high] + content
  }

  private static func bytes(_ value: UInt32) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}

/// Reads gzip files, compressed or not.
enum Gzip {
  /// The content; nil where the file is damaged, or larger than `limit` when unpacked.
  static func unpack(_ file: [UInt8], limit: Int) -> [UInt8]? {
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

/// The checksum of gzip (RFC 1952, section 8).
struct CRC32 {
  private var state: UInt32 = .max

  var value: UInt32 { ~state }

  mutating func update(_ bytes: some Collection<UInt8>) {
    var state = state
    Self.table.withUnsafeBufferPointer { table in
      for byte in bytes { state = table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ (state >> 8) }
    }
    self.state = state
  }

  private static let table: [UInt32] = (0..<256).map { number in
    (0..<8).reduce(UInt32(number)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
  }
}
