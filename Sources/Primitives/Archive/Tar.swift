/// Files one after the other, as POSIX has them (pax Interchange Format, "ustar").
package enum Tar {
  static let blockBytes = 512
  package static let end = [UInt8](repeating: 0, count: 2 * blockBytes)

  /// What comes before a file's content.
  package static func header(_ name: String, size: Int, time: Int64) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: blockBytes)
    func put(_ bytes: some Collection<UInt8>, at start: Int) {
      for (i, byte) in bytes.enumerated() { block[start + i] = byte }
    }
    func octal(_ value: Int64, digits: Int) -> [UInt8] {
      let text = String(max(0, value), radix: 8)
      return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8)
    }
    put(name.utf8.prefix(99), at: 0)
    put("0000600".utf8, at: 100)
    put("0000000".utf8, at: 108)
    put("0000000".utf8, at: 116)
    if size < 1 << 33 {
      put(octal(Int64(size), digits: 11), at: 124)
    } else {
      // The usual way out for sizes that eleven digits do not hold: a set bit, and a binary number.
      put([0x80] + (0..<11).map { UInt8(truncatingIfNeeded: $0 < 3 ? 0 : size >> (8 * (10 - $0))) }, at: 124)
    }
    put(octal(time, digits: 11).suffix(11), at: 136)
    put("        ".utf8, at: 148)
    block[156] = UInt8(ascii: "0")
    put("ustar\u{0}00".utf8, at: 257)
    let sum = block.reduce(0) { $0 + Int64($1) }
    put(octal(sum, digits: 6) + [0, 0x20], at: 148)
    return block
  }

  /// What fills up the last block of a file.
  package static func padding(after size: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (blockBytes - size % blockBytes) % blockBytes)
  }

  /// The files by name; nil where the archive is damaged.
  package static func files(in archive: [UInt8]) -> [String: ArraySlice<UInt8>]? {
    var files: [String: ArraySlice<UInt8>] = [:]
    var at = 0
    while at + blockBytes <= archive.count {
      let block = archive[at..<(at + blockBytes)]
      if block.allSatisfy({ $0 == 0 }) { return files }
      let base = block.startIndex
      func field(_ start: Int, _ count: Int) -> ArraySlice<UInt8> { block[(base + start)..<(base + start + count)] }
      func text(_ start: Int, _ count: Int) -> String {
        String(decoding: field(start, count).prefix { $0 != 0 && $0 != 0x20 }, as: UTF8.self)
      }
      let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
      guard Int(text(148, 8), radix: 8) == sum else { return nil }
      var size = Int(text(124, 12), radix: 8)
      if block[base + 124] & 0x80 != 0 {
        let number = field(128, 8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        size = number < 1 << 60 ? Int(number) : nil
      }
      at += blockBytes
      guard let size, size >= 0, size <= archive.count - at else { return nil }
      let kind = block[base + 156]
      if kind == UInt8(ascii: "0") || kind == 0 { files[text(0, 100)] = archive[at..<(at + size)] }
      at += size + (blockBytes - size % blockBytes) % blockBytes
    }
    // An archive ends in empty blocks; without them its end may be missing.
    return nil
  }
}
