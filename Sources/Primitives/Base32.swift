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

  /// Either case, with or without its padding; nil for any other character, for a count of characters that no bytes
  /// have, and for bits beyond the last byte that are not zero.
  package static func decode(_ text: String) -> [UInt8]? {
    let input = Array(text.utf8)
    let body = input[..<(input.firstIndex(of: UInt8(ascii: "=")) ?? input.endIndex)]
    let padding = input[body.endIndex...]
    guard padding.isEmpty || input.count % 8 == 0, padding.count < 8,
      padding.allSatisfy({ $0 == UInt8(ascii: "=") }), ![1, 3, 6].contains(body.count % 8)
    else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(body.count * 5 / 8)
    var group: UInt32 = 0
    var bits: UInt32 = 0
    for letter in body {
      guard let value = value(letter) else { return nil }
      group = group << 5 | value
      bits += 5
      if bits >= 8 {
        bits -= 8
        out.append(UInt8(truncatingIfNeeded: group >> bits))
      }
    }
    return group & (1 << bits - 1) == 0 ? out : nil
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
