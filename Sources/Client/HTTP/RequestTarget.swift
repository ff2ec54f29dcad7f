internal import Primitives

/// Escapes what a person typed into a request's target (RFC 3986, sections 3.3 and 3.4).
package enum RequestTarget {
  /// The path below `/v1`, with doubled slashes and dot segments gone, as the clients of this API send it.
  package static func path(_ path: String, base: String = "") -> String {
    var segments: [Substring] = []
    for segment in path.split(separator: "/") where segment != "." {
      if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
    }
    return base + "/v1/" + escape(segments.joined(separator: "/"), leaving: "-_.~$&+,/:;=@")
  }

  /// `a=b&c=d`, in the order given.
  package static func query(_ items: [(name: String, value: String)]) -> String {
    items.map { form($0.name) + "=" + form($0.value) }.joined(separator: "&")
  }

  private static func form(_ text: String) -> String {
    String(escape(text, leaving: "-_.~ ").map { $0 == " " ? "+" : $0 })
  }

  private static func escape(_ text: String, leaving kept: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        out.append(byte)
      case _ where kept.utf8.contains(byte): out.append(byte)
      default: out.append(contentsOf: "%\(Hex.encode([byte]).uppercased())".utf8)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
