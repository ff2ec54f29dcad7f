internal import JSONText
package import Primitives

/// How lines look: for people, or an object a line.
package enum LogFormat: String, Sendable {
  case standard, json
}

/// One event, and its two notations. Nothing that a caller passes can break out of its line.
package struct LogLine: Sendable {
  package let time: Timestamp
  package let level: LogLevel
  package let name: String
  package let message: String
  package let details: [(String, String)]

  package init(time: Timestamp, level: LogLevel, name: String, message: String, details: [(String, String)]) {
    self.time = time
    self.level = level
    self.name = name
    self.message = message
    self.details = details
  }

  /// The bytes of the line with its line feed.
  package func bytes(_ format: LogFormat) -> [UInt8] {
    switch format {
    case .standard: standard
    case .json: json
    }
  }

  private var standard: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(160)
    out.append(contentsOf: stamp(fractionDigits: 3).utf8)
    out.append(UInt8(ascii: " "))
    level.tag.withUTF8Buffer { out.append(contentsOf: $0) }
    if !name.isEmpty {
      out.append(contentsOf: name.utf8)
      out.append(contentsOf: ": ".utf8)
    }
    Self.appendVisible(message, quote: nil, to: &out)
    if !details.isEmpty { out.append(UInt8(ascii: ":")) }
    for (key, value) in details {
      out.append(UInt8(ascii: " "))
      Self.appendVisible(key, quote: nil, to: &out)
      out.append(UInt8(ascii: "="))
      if Self.needsQuotes(value) {
        out.append(UInt8(ascii: "\""))
        Self.appendVisible(value, quote: UInt8(ascii: "\""), to: &out)
        out.append(UInt8(ascii: "\""))
      } else {
        out.append(contentsOf: value.utf8)
      }
    }
    out.append(10)
    return out
  }

  private var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("@level")
    writer.string(level.rawValue)
    writer.name("@message")
    writer.string(message)
    if !name.isEmpty {
      writer.name("@module")
      writer.string(name)
    }
    writer.name("@timestamp")
    writer.string(stamp(fractionDigits: 6))
    for (key, value) in details {
      writer.name(key)
      writer.string(value)
    }
    writer.endObject()
    return writer.bytes + [10]
  }

  /// RFC 3339 with a fraction of fixed width, cut and not rounded.
  private func stamp(fractionDigits: Int) -> String {
    let seconds = time.seconds
    var fraction = String(time.nanoseconds &- seconds &* 1_000_000_000)
    fraction = String(repeating: "0", count: max(0, 9 - fraction.utf8.count)) + fraction
    return Timestamp(seconds: seconds).rfc3339.dropLast() + "." + fraction.prefix(fractionDigits) + "Z"
  }

  private static func needsQuotes(_ value: String) -> Bool {
    value.isEmpty
      || value.utf8.contains { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") }
  }

  /// Control characters appear as escapes, so that a line stays one line whoever chose the text.
  private static func appendVisible(_ text: String, quote: UInt8?, to out: inout [UInt8]) {
    for c in text.utf8 {
      switch c {
      case 10: out.append(contentsOf: "\\n".utf8)
      case 13: out.append(contentsOf: "\\r".utf8)
      case 9: out.append(contentsOf: "\\t".utf8)
      case 0..<0x20, 0x7F:
        out.append(contentsOf: "\\x".utf8)
        out.append(contentsOf: Hex.encode(CollectionOfOne(c)).utf8)
      case UInt8(ascii: "\\") where quote != nil: out.append(contentsOf: "\\\\".utf8)
      default:
        if c == quote { out.append(UInt8(ascii: "\\")) }
        out.append(c)
      }
    }
  }
}
