/// Hexadecimal (RFC 4648, section 8).
package enum Hex {
  package static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(Array(bytes)) }

  package static func encode(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
      var at = 0
      for byte in bytes {
        text[at] = digit(byte >> 4)
        text[at + 1] = digit(byte & 15)
        at += 2
      }
      return at
    }
  }

  /// Of a number below 16, in lower case.
  @inlinable
  package static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
  }

  /// Either case; nil for an odd count or any other character.
  package static func decode(_ text: String) -> [UInt8]? {
    let input = Array(text.utf8)
    guard input.count % 2 == 0 else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(input.count / 2)
    for i in stride(from: 0, to: input.count, by: 2) {
      guard let high = value(input[i]), let low = value(input[i + 1]) else { return nil }
      out.append(high << 4 | low)
    }
    return out
  }

  package static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Base64 (RFC 4648, sections 4 and 5).
package enum Base64 {
  package enum Alphabet: Sendable { case standard, url }

  package static func encode(
    _ bytes: some Collection<UInt8>, alphabet: Alphabet = .standard, padded: Bool = true
  ) -> String {
    let letters = alphabet == .standard ? standard : url
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    var group: UInt32 = 0
    var held = 0
    for byte in bytes {
      group = group << 8 | UInt32(byte)
      held += 1
      if held == 3 {
        for shift: UInt32 in [18, 12, 6, 0] { out.append(letters[Int(group >> shift & 63)]) }
        group = 0
        held = 0
      }
    }
    if held > 0 {
      group <<= UInt32(8 * (3 - held))
      out.append(letters[Int(group >> 18 & 63)])
      out.append(letters[Int(group >> 12 & 63)])
      if held == 2 { out.append(letters[Int(group >> 6 & 63)]) }
      if padded { for _ in held..<3 { out.append(UInt8(ascii: "=")) } }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The place of the first character that does not belong, counted in bytes, as clients know it from error texts.
  package struct Corrupt: Error, Equatable { package let offset: Int }

  /// Strict decoding: the right alphabet, padding as asked for, no stray bits; line feeds and carriage returns are skipped.
  package static func decode(_ text: String, alphabet: Alphabet = .standard, padded: Bool = true) throws(Corrupt)
    -> [UInt8]
  {
    let values = alphabet == .standard ? standardValues : urlValues
    let input = Array(text.utf8)
    var out: [UInt8] = []
    out.reserveCapacity(input.count / 4 * 3)
    var group: UInt32 = 0
    var held = 0
    var at = 0
    while at < input.count {
      let c = input[at]
      if c == 10 || c == 13 {
        at += 1
        continue
      }
      if c == UInt8(ascii: "=") { break }
      let v = values[Int(c)]
      if v == 255 { throw Corrupt(offset: at) }
      group = group << 6 | UInt32(v)
      held += 1
      at += 1
      if held == 4 {
        out.append(UInt8(truncatingIfNeeded: group >> 16))
        out.append(UInt8(truncatingIfNeeded: group >> 8))
        out.append(UInt8(truncatingIfNeeded: group))
        group = 0
        held = 0
      }
    }
    var padding = 0
    let firstPad = at
    while at < input.count {
      if input[at] == UInt8(ascii: "=") {
        padding += 1
      } else if input[at] != 10 && input[at] != 13 {
        throw Corrupt(offset: at)
      }
      at += 1
    }
    switch held {
    case 0 where padding == 0: break
    case 2 where padding == (padded ? 2 : 0):
      if group & 15 != 0 { throw Corrupt(offset: firstPad) }
      out.append(UInt8(truncatingIfNeeded: group >> 4))
    case 3 where padding == (padded ? 1 : 0):
      if group & 3 != 0 { throw Corrupt(offset: firstPad) }
      out.append(UInt8(truncatingIfNeeded: group >> 10))
      out.append(UInt8(truncatingIfNeeded: group >> 2))
    // Where nothing pads it, the last group is at fault from its beginning.
    default: throw Corrupt(offset: padding > 0 ? firstPad : input.count - held)
    }
    return out
  }

  private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  private static let standardValues = table(standard)
  private static let urlValues = table(url)
  private static func table(_ letters: [UInt8]) -> [UInt8] {
    var values = [UInt8](repeating: 255, count: 256)
    for (i, letter) in letters.enumerated() { values[Int(letter)] = UInt8(i) }
    return values
  }
}
