internal import JSONText

/// Reads a JSON object as a body, with the places of its names.
struct HCLJSONReader {
  private let bytes: [UInt8]
  private let limits: HCLLimits
  private var at = 0
  private var line = 1
  private var lineStart = 0

  init(_ text: String, limits: HCLLimits) {
    bytes = Array(text.utf8)
    self.limits = limits
  }

  mutating func document() throws(HCLError) -> HCLBody {
    // The strict parser decides what is JSON; the walk below only finds where things stand.
    let bounds = JSONLimits(
      depth: limits.depth, stringBytes: limits.bytes, objectEntries: limits.items, arrayElements: limits.items,
      tokens: limits.items)
    let isObject: Bool
    do throws(JSONError) {
      if case .object = try JSONParser.parse(bytes, limits: bounds) { isObject = true } else { isObject = false }
    } catch {
      throw located(error)
    }
    if !isObject { throw HCLError(message: "expected a JSON object", line: 1, column: 1) }
    skipBlank()
    return try object()
  }

  private func located(_ error: JSONError) -> HCLError {
    let before = bytes.prefix(error.offset)
    let lines = before.lazy.filter { $0 == 10 }.count
    let start = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
    return HCLError(
      message: "invalid JSON: \(error.description)", line: lines + 1, column: before.count - start + 1)
  }

  private mutating func object() throws(HCLError) -> HCLBody {
    let opened = line
    var items: [HCLItem] = []
    advance()
    skipBlank()
    while byte == UInt8(ascii: "\"") {
      let place = HCLPosition(line: line, column: at - lineStart + 1)
      let key = try string()
      skipBlank()
      let assignment = line
      advance()
      skipBlank()
      let value = try value()
      items.append(
        HCLItem(
          key: key, content: .attribute(value), line: place.line, column: place.column, assignmentLine: assignment))
      skipBlank()
      if byte == UInt8(ascii: ",") { advance() }
      skipBlank()
    }
    advance()
    return HCLBody(items: items, line: opened, isJSON: true)
  }

  private mutating func value() throws(HCLError) -> HCLValue {
    switch byte {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["):
      advance()
      skipBlank()
      var values: [HCLValue] = []
      while let c = byte, c != UInt8(ascii: "]") {
        values.append(try value())
        skipBlank()
        if byte == UInt8(ascii: ",") { advance() }
        skipBlank()
      }
      advance()
      return .list(values)
    case UInt8(ascii: "\""): return .string(try string())
    default:
      let start = at
      while let c = byte, c != UInt8(ascii: ","), c != UInt8(ascii: "}"), c != UInt8(ascii: "]"), c > 0x20 { advance() }
      switch String(decoding: bytes[start..<at], as: UTF8.self) {
      case "null": return .null
      case "true": return .bool(true)
      case "false": return .bool(false)
      case let number: return .number(HCLNumber(text: number))
      }
    }
  }

  private mutating func string() throws(HCLError) -> String {
    let start = at
    advance()
    while let c = byte, c != UInt8(ascii: "\"") {
      advance()
      if c == UInt8(ascii: "\\") { advance() }
    }
    advance()
    let raw = bytes[start..<at]
    if !raw.contains(UInt8(ascii: "\\")) { return String(decoding: raw.dropFirst().dropLast(), as: UTF8.self) }
    do throws(JSONError) {
      return try JSONParser.parse(Array(raw), limits: .unlimited).stringValue ?? ""
    } catch {
      throw HCLError(message: "invalid string", line: line, column: start - lineStart + 1)
    }
  }

  private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func advance() { if at < bytes.count { at += 1 } }

  private mutating func skipBlank() {
    while let c = byte, c == 0x20 || c == 10 || c == 13 || c == 9 {
      at += 1
      if c == 10 {
        line += 1
        lineStart = at
      }
    }
  }
}
