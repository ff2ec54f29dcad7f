internal import JSONText

/// Why a YAML text is refused, with the line.
struct YAMLError: Error, Equatable, CustomStringConvertible {
  let line: Int
  let message: String
  var description: String { "line \(line): \(message)" }
}

/// Reads the part of YAML 1.2 that test files need: mappings and sequences by indentation, scalars plain and quoted, lists
/// and maps on one line, texts behind `|`. What is left out is refused, never guessed at: anchors, aliases, tags, several
/// documents, folded texts, values over several lines, tabs, keys that come twice, and the words that are booleans to some
/// readers and texts to others.
struct YAMLReader {
  private struct Line {
    let number: Int
    var indent: Int
    var text: ArraySlice<UInt8>
  }

  private static let deepest = 32
  private static let largest = 1 << 20

  private let raw: [ArraySlice<UInt8>]
  private var at = 0
  /// What is left of a line whose beginning was a dash.
  private var pending: Line?

  private init(_ bytes: [UInt8]) {
    raw = bytes.split(separator: 10, omittingEmptySubsequences: false).map { $0.last == 13 ? $0.dropLast() : $0 }
  }

  static func read(_ bytes: [UInt8]) throws(YAMLError) -> JSONValue {
    guard bytes.count <= largest else { throw YAMLError(line: 1, message: "the text is longer than 1 MiB") }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw YAMLError(line: 1, message: "the text is not UTF-8")
    }
    var reader = YAMLReader(bytes)
    if let first = try reader.peek(), first.text.elementsEqual("---".utf8) { reader.advance() }
    guard let first = try reader.peek() else { return .null }
    let value = try reader.block(depth: 0)
    if let rest = try reader.peek() {
      throw YAMLError(
        line: rest.number,
        message: rest.indent > first.indent ? "unexpected indentation" : "one value was expected, and here is another")
    }
    return value
  }

  // MARK: Lines

  /// The next line that says something.
  private mutating func peek() throws(YAMLError) -> Line? {
    if let pending { return pending }
    while at < raw.count {
      let line = raw[at]
      let indent = line.prefix { $0 == UInt8(ascii: " ") }.count
      let text = Self.trimmedEnd(line.dropFirst(indent))
      guard let first = text.first, first != UInt8(ascii: "#") else {
        at += 1
        continue
      }
      if first == 9 { throw YAMLError(line: at + 1, message: "a tab cannot indent") }
      return Line(number: at + 1, indent: indent, text: text)
    }
    return nil
  }

  private mutating func advance() {
    if pending == nil { at += 1 }
    pending = nil
  }

  private static func trimmedEnd(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var text = text
    while let last = text.last, last == 32 || last == 9 { text = text.dropLast() }
    return text
  }

  // MARK: Blocks

  private mutating func block(depth: Int) throws(YAMLError) -> JSONValue {
    guard let line = try peek() else { return .null }
    guard depth < Self.deepest else { throw YAMLError(line: line.number, message: "too deep") }
    if Self.isItem(line.text) { return try sequence(line.indent, depth: depth) }
    if try Self.key(line) != nil { return try mapping(line.indent, depth: depth) }
    advance()
    return try Self.inline(line.text, line: line.number)
  }

  private static func isItem(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.first == UInt8(ascii: "-") else { return false }
    return text.count == 1 || text[text.startIndex + 1] == 32
  }

  private mutating func sequence(_ indent: Int, depth: Int) throws(YAMLError) -> JSONValue {
    var values: [JSONValue] = []
    while let line = try peek(), line.indent == indent, Self.isItem(line.text) {
      let behind = line.text.dropFirst()
      let blanks = behind.prefix { $0 == 32 }.count
      let content = behind.dropFirst(blanks)
      if content.isEmpty || content.first == UInt8(ascii: "#") {
        advance()
        values.append(try nested(below: indent, depth: depth))
        continue
      }
      let inner = Line(number: line.number, indent: indent + 1 + blanks, text: content)
      let hasKey = try Self.key(inner) != nil
      if hasKey || Self.isItem(content) {
        at = line.number
        pending = inner
        values.append(try block(depth: depth + 1))
      } else if let text = try literal(content, line.number, below: indent) {
        values.append(.string(text))
      } else {
        advance()
        values.append(try Self.inline(content, line: line.number))
      }
    }
    if let line = try peek(), line.indent > indent {
      throw YAMLError(line: line.number, message: "unexpected indentation")
    }
    return .array(values)
  }

  private mutating func mapping(_ indent: Int, depth: Int) throws(YAMLError) -> JSONValue {
    var members: [JSONObject.Member] = []
    var seen: Set<String> = []
    while let line = try peek(), line.indent == indent, !Self.isItem(line.text) {
      guard let (name, rest) = try Self.key(line) else {
        throw YAMLError(line: line.number, message: "\"key: value\" was expected")
      }
      guard seen.insert(name).inserted else {
        throw YAMLError(line: line.number, message: "the key \"\(name)\" is there twice")
      }
      let value: JSONValue
      if rest.isEmpty || rest.first == UInt8(ascii: "#") {
        advance()
        // The dashes of a list may stand below its key.
        if let next = try peek(), next.indent == indent, Self.isItem(next.text) {
          value = try sequence(indent, depth: depth + 1)
        } else {
          value = try nested(below: indent, depth: depth)
        }
      } else if let text = try literal(rest, line.number, below: indent) {
        value = .string(text)
      } else {
        advance()
        value = try Self.inline(rest, line: line.number)
      }
      members.append(JSONObject.Member(name: name, value: value))
    }
    if let line = try peek(), line.indent > indent {
      throw YAMLError(line: line.number, message: "unexpected indentation")
    }
    return .object(JSONObject(members: members))
  }

  private mutating func nested(below indent: Int, depth: Int) throws(YAMLError) -> JSONValue {
    guard let next = try peek(), next.indent > indent else { return .null }
    return try block(depth: depth + 1)
  }

  /// The lines behind `|` (with one line end at their end) or `|-` (with none); nil where there is neither.
  private mutating func literal(
    _ mark: ArraySlice<UInt8>, _ line: Int, below indent: Int
  ) throws(YAMLError) -> String? {
    let mark = mark.prefix { $0 != 32 }
    guard mark.elementsEqual("|".utf8) || mark.elementsEqual("|-".utf8) else { return nil }
    at = line
    pending = nil
    var lines: [ArraySlice<UInt8>] = []
    var width: Int?
    while at < raw.count {
      let line = raw[at]
      let blanks = line.prefix { $0 == 32 }.count
      if blanks == line.count {
        lines.append([])
      } else {
        if width == nil && blanks > indent { width = blanks }
        guard let width, blanks >= width else { break }
        lines.append(line.dropFirst(width))
      }
      at += 1
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    let text = String(decoding: Array(lines.joined(separator: [10])), as: UTF8.self)
    return mark.count == 1 && !lines.isEmpty ? text + "\n" : text
  }

  // MARK: Values on one line

  /// The key at the beginning of a line and what stands behind its colon; nil where the line has none.
  private static func key(_ line: Line) throws(YAMLError) -> (name: String, rest: ArraySlice<UInt8>)? {
    let text = line.text
    guard let first = text.first else { return nil }
    if first == UInt8(ascii: "[") || first == UInt8(ascii: "{") { return nil }
    if first == UInt8(ascii: "?") && (text.count == 1 || text[text.startIndex + 1] == 32) {
      throw YAMLError(line: line.number, message: "keys of their own lines (\"?\") are not supported")
    }
    var scanner = YAMLScalars(text, line: line.number)
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      let name = try scanner.quoted()
      guard let rest = scanner.behindColon() else { return nil }
      return (name, rest)
    }
    guard let colon = YAMLScalars.colon(in: text) else { return nil }
    let name = text[..<colon]
    try YAMLScalars.checkBeginning(name, line: line.number)
    return (
      String(decoding: trimmedEnd(name), as: UTF8.self), text[(colon + 1)...].drop { $0 == 32 || $0 == 9 }
    )
  }

  private static func inline(_ text: ArraySlice<UInt8>, line: Int) throws(YAMLError) -> JSONValue {
    var scanner = YAMLScalars(text, line: line)
    let value = try scanner.value(isFlow: false, depth: 0)
    try scanner.end()
    return value
  }
}
