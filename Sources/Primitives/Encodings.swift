/// Hexadecimal (RFC 4648, section 8).
public enum Hex {
  package static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(Array(bytes)) }

  package static func encode(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
      if let room = text.baseAddress { bytes.withUnsafeBytes { write($0, to: room) } }
      return 2 * bytes.count
    }
  }

  /// Two digits for each byte, in lower case, into room for as many.
  package static func write(_ bytes: UnsafeRawBufferPointer, to room: UnsafeMutablePointer<UInt8>) {
    let out = UnsafeMutableRawPointer(room)
    var at = 0
    while bytes.count &- at >= 4 {
      let four = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      out.storeBytes(of: digits(four).littleEndian, toByteOffset: 2 &* at, as: UInt64.self)
      at &+= 4
    }
    for byte in bytes[at...] {
      room[2 &* at] = digit(byte >> 4)
      room[2 &* at &+ 1] = digit(byte & 15)
      at &+= 1
    }
  }

  /// The digits of four bytes at once, the first in the lowest bits of both.
  private static func digits(_ bytes: UInt32) -> UInt64 {
    var lanes = UInt64(bytes)
    lanes = (lanes | lanes << 16) & 0x0000_FFFF_0000_FFFF
    lanes = (lanes | lanes << 8) & 0x00FF_00FF_00FF_00FF
    let numbers = lanes >> 4 & 0x000F_000F_000F_000F | (lanes & 0x000F_000F_000F_000F) << 8
    let letters = (numbers &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return numbers &+ 0x3030_3030_3030_3030 &+ letters &* UInt64(UInt8(ascii: "a") - 10 - UInt8(ascii: "0"))
  }

  /// Of a number below 16, in lower case.
  @inlinable
  public static func digit(_ value: UInt8) -> UInt8 {
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
    encode(Array(bytes), alphabet: alphabet, padded: padded)
  }

  package static func encode(_ bytes: [UInt8], alphabet: Alphabet = .standard, padded: Bool = true) -> String {
    let letters = alphabet == .standard ? standard : url
    return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { out in
      var at = 0
      var filled = 0
      func put(_ group: UInt32, _ letterCount: Int) {
        for place in 0..<letterCount {
          out[filled] = letters[Int(group >> UInt32(18 &- 6 &* place) & 63)]
          filled &+= 1
        }
      }
      while at &+ 2 < bytes.count {
        put(UInt32(bytes[at]) << 16 | UInt32(bytes[at &+ 1]) << 8 | UInt32(bytes[at &+ 2]), 4)
        at &+= 3
      }
      let held = bytes.count &- at
      if held == 0 { return filled }
      put(UInt32(bytes[at]) << 16 | (held == 2 ? UInt32(bytes[at &+ 1]) << 8 : 0), held &+ 1)
      guard padded else { return filled }
      for _ in held..<3 {
        out[filled] = UInt8(ascii: "=")
        filled &+= 1
      }
      return filled
    }
  }

  /// The place of the first character that does not belong, counted in bytes, as clients know it from error texts.
  package struct Corrupt: Error, Equatable { package let offset: Int }

  /// Strict decoding: the right alphabet, padding as asked for; line feeds and carriage returns are skipped.
  /// - Parameter strayBits: whether bits beyond the last byte may be set. One text then has several encodings.
  package static func decode(
    _ text: String, alphabet: Alphabet = .standard, padded: Bool = true, strayBits: Bool = false
  ) throws(Corrupt) -> [UInt8] {
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
      if group & 15 != 0 && !strayBits { throw Corrupt(offset: firstPad) }
      out.append(UInt8(truncatingIfNeeded: group >> 4))
    case 3 where padding == (padded ? 1 : 0):
      if group & 3 != 0 && !strayBits { throw Corrupt(offset: firstPad) }
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
