/// Percent-encoding of URI parts (RFC 3986, section 2.1).
package enum PercentEncoding {
  /// The text behind `%XX` escapes; nil where an escape is broken or the bytes are not UTF-8.
  /// - Parameter plusIsSpace: as in queries and forms (WHATWG URL, section 5.1).
  package static func decode(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
    decodeBytes(bytes, plusIsSpace: plusIsSpace).flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// The bytes behind `%XX` escapes; nil where an escape is broken.
  package static func decodeBytes(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var rest = bytes.makeIterator()
    while let byte = rest.next() {
      if byte == UInt8(ascii: "%") {
        guard let a = rest.next(), let b = rest.next(), let high = Hex.value(a), let low = Hex.value(b) else {
          return nil
        }
        out.append(high << 4 | low)
      } else {
        out.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return out
  }

  /// Escapes everything but unreserved characters (RFC 3986, section 2.3) and those in `keeping`.
  package static func encode(_ text: String, keeping kept: String = "") -> String {
    let also = Array(kept.utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        out.append(byte)
      case _ where also.contains(byte): out.append(byte)
      default:
        out.append(UInt8(ascii: "%"))
        // Upper case, as RFC 3986, section 2.1 asks for.
        for digit in [byte >> 4, byte & 15] {
          out.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
