/// Base32 (RFC 4648, section 6).
package enum Base32 {
  package static func encode(_ bytes: some Sequence<UInt8>, padded: Bool = true) -> String {
    var out: [UInt8] = []
    var group: UInt32 = 0
    var bits: UInt32 = 0
    for byte in bytes {
      group = group << 8 | UInt32(byte)
      bits += 8
      while bits >= 5 {
        bits -= 5
        out.append(letters[Int(group >> bits & 31)])
      }
    }
    if bits > 0 { out.append(letters[Int(group << (5 - bits) & 31)]) }
    while padded, out.count % 8 != 0 { out.append(UInt8(ascii: "=")) }
    return String(decoding: out, as: UTF8.self)
  }

  /// The place of the first character that does not belong, counted in bytes; the end of the letters where one is missing.
  package struct Corrupt: Error, Equatable {
    package let offset: Int
    package init(offset: Int) { self.offset = offset }
  }

  /// Either case, with or without its padding. Bits beyond the last byte are not looked at: some programs that make keys
  /// set them.
  package static func decode(_ text: String) throws(Corrupt) -> [UInt8] {
    let input = Array(text.utf8)
    let body = input[..<(input.firstIndex(of: UInt8(ascii: "=")) ?? input.endIndex)]
    let padding = input[body.endIndex...]
    var out: [UInt8] = []
    out.reserveCapacity(body.count * 5 / 8)
    var group: UInt32 = 0
    var bits: UInt32 = 0
    for (offset, letter) in body.enumerated() {
      guard let value = value(letter) else { throw Corrupt(offset: offset) }
      group = group << 5 | value
      bits += 5
      if bits >= 8 {
        bits -= 8
        out.append(UInt8(truncatingIfNeeded: group >> bits))
      }
    }
    if let other = padding.firstIndex(where: { $0 != UInt8(ascii: "=") }) { throw Corrupt(offset: other) }
    guard padding.isEmpty || input.count % 8 == 0, padding.count < 8, ![1, 3, 6].contains(body.count % 8) else {
      throw Corrupt(offset: body.count)
    }
    return out
  }

  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

  private static func value(_ letter: UInt8) -> UInt32? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter - UInt8(ascii: "a"))
    case UInt8(ascii: "2")...UInt8(ascii: "7"): UInt32(letter - UInt8(ascii: "2")) + 26
    default: nil
    }
  }
}
