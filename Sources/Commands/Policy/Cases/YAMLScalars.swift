internal import JSONText

/// What stands on one line of YAML: quoted and plain scalars, `[…]` and `{…}`.
struct YAMLScalars {
  private let text: ArraySlice<UInt8>
  private let line: Int
  private var at: Int

  init(_ text: ArraySlice<UInt8>, line: Int) {
    self.text = text
    self.line = line
    at = text.startIndex
  }

  private func error(_ message: String) -> YAMLError { YAMLError(line: line, message: message) }
  private var next: UInt8? { at < text.endIndex ? text[at] : nil }
  private mutating func skipBlanks() { while let c = next, c == 32 || c == 9 { at += 1 } }

  /// The first colon that ends a key: outside quotes, with a blank or nothing behind it.
  static func colon(in text: ArraySlice<UInt8>) -> Int? {
    var previous: UInt8 = 32
    for i in text.indices {
      if text[i] == UInt8(ascii: "#"), previous == 32 || previous == 9 { return nil }
      if text[i] == UInt8(ascii: ":"), i + 1 == text.endIndex || text[i + 1] == 32 || text[i + 1] == 9 { return i }
      previous = text[i]
    }
    return nil
  }

  /// Signs that mean something else in YAML.
  static func checkBeginning(_ text: ArraySlice<UInt8>, line: Int) throws(YAMLError) {
    guard let first = text.first else { throw YAMLError(line: line, message: "a key is missing before \":\"") }
    switch first {
    case UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"):
      throw YAMLError(
        line: line, message: "anchors, aliases and tags are not supported; quote a text that begins with & * or !")
    case UInt8(ascii: ">"), UInt8(ascii: "|"):
      throw YAMLError(line: line, message: "of texts over several lines only \"|\" and \"|-\" are supported")
    case UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: ","), UInt8(ascii: "]"),
      UInt8(ascii: "}"):
      throw YAMLError(line: line, message: "a text that begins with a sign of YAML must be quoted")
    default: break
    }
  }

  /// Behind a quoted key.
  mutating func behindColon() -> ArraySlice<UInt8>? {
    skipBlanks()
    guard next == UInt8(ascii: ":"), at + 1 == text.endIndex || text[at + 1] == 32 else { return nil }
    at += 1
    skipBlanks()
    return text[at...]
  }

  mutating func end() throws(YAMLError) {
    let before = at
    skipBlanks()
    guard let c = next else { return }
    if c == UInt8(ascii: "#"), at > before { return }
    throw error("nothing was expected behind the value")
  }

  mutating func value(isFlow: Bool, depth: Int) throws(YAMLError) -> JSONValue {
    guard depth < 16 else { throw error("too deep") }
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try quoted())
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "{"): return try map(depth: depth)
    default: return try plain(isFlow: isFlow)
    }
  }

  private mutating func list(depth: Int) throws(YAMLError) -> JSONValue {
    at += 1
    var values: [JSONValue] = []
    skipBlanks()
    while next != UInt8(ascii: "]") {
      values.append(try value(isFlow: true, depth: depth + 1))
      try separator(UInt8(ascii: "]"))
    }
    at += 1
    return .array(values)
  }

  private mutating func map(depth: Int) throws(YAMLError) -> JSONValue {
    at += 1
    var members: [JSONObject.Member] = []
    skipBlanks()
    while next != UInt8(ascii: "}") {
      let name: String
      if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
        name = try quoted()
      } else {
        let start = at
        while let c = next, !Self.flowSigns.contains(c), c != UInt8(ascii: ":") { at += 1 }
        try Self.checkBeginning(text[start..<at], line: line)
        var bytes = text[start..<at]
        while bytes.last == 32 { bytes = bytes.dropLast() }
        name = String(decoding: bytes, as: UTF8.self)
      }
      guard behindColon() != nil else { throw error("\"key: value\" was expected") }
      guard !members.contains(where: { $0.name == name }) else { throw error("the key \"\(name)\" is there twice") }
      members.append(JSONObject.Member(name: name, value: try value(isFlow: true, depth: depth + 1)))
      try separator(UInt8(ascii: "}"))
    }
    at += 1
    return .object(JSONObject(members: members))
  }

  private static let flowSigns: Set<UInt8> = Set("[]{},".utf8)

  private mutating func separator(_ end: UInt8) throws(YAMLError) {
    skipBlanks()
    if next == UInt8(ascii: ",") {
      at += 1
      skipBlanks()
    } else if next != end {
      throw error("a comma or \"\(String(decoding: [end], as: UTF8.self))\" was expected on the same line")
    }
  }

  mutating func quoted() throws(YAMLError) -> String {
    let quote = next
    at += 1
    var out: [UInt8] = []
    while let c = next {
      at += 1
      if c == quote {
        if quote == UInt8(ascii: "'"), next == quote {
          out.append(c)
          at += 1
          continue
        }
        return String(decoding: out, as: UTF8.self)
      }
      if c == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") { out += try escape() } else { out.append(c) }
    }
    throw error("a quoted text must end on its line")
  }

  private mutating func escape() throws(YAMLError) -> [UInt8] {
    guard let c = next else { throw error("a quoted text must end on its line") }
    at += 1
    switch c {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [c]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"):
      let digits = text[at...].prefix(4)
      guard digits.count == 4, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw error("\\u wants four hexadecimal digits of one character") }
      at += 4
      return Array(String(scalar).utf8)
    default: throw error("of escapes only \\\" \\\\ \\/ \\n \\r \\t and \\u are supported")
    }
  }

  private mutating func plain(isFlow: Bool) throws(YAMLError) -> JSONValue {
    let start = at
    var previous: UInt8 = 32
    while let c = next {
      if c == UInt8(ascii: "#"), previous == 32 || previous == 9 { break }
      if isFlow && Self.flowSigns.contains(c) { break }
      if c == UInt8(ascii: ":"), at + 1 == text.endIndex || text[at + 1] == 32 {
        throw error("a text with \": \" must be quoted")
      }
      previous = c
      at += 1
    }
    // What comes behind the value is looked at by the caller, blanks included.
    while at > start, text[at - 1] == 32 || text[at - 1] == 9 { at -= 1 }
    let bytes = text[start..<at]
    if bytes.isEmpty {
      if isFlow { throw error("a value is missing") }
      return .null
    }
    try Self.checkBeginning(bytes, line: line)
    let word = String(decoding: bytes, as: UTF8.self)
    switch word {
    case "null", "~", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    if ["yes", "no", "on", "off", "y", "n"].contains(word.lowercased()) {
      throw error("\"\(word)\" is a boolean to some readers of YAML: quote it, or write true or false")
    }
    return Self.number(word) ?? .string(word)
  }

  /// Numbers as JSON writes them (RFC 8259, section 6).
  private static func number(_ word: String) -> JSONValue? {
    guard let first = word.utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first),
      let value = try? JSONParser.parse(word), value.numberValue != nil
    else { return nil }
    return value
  }
}
