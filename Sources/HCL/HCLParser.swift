/// Reads HCL 1 and its JSON form.
package enum HCLParser {
  /// Reads either notation: JSON where the first character that is not blank is `{`, HCL otherwise.
  package static func parse(_ text: String, limits: HCLLimits = .standard) throws(HCLError) -> HCLBody {
    let first = text.utf8.first { $0 != 0x20 && !(9...13).contains($0) }
    return first == UInt8(ascii: "{") ? try parse(json: text, limits: limits) : try parse(hcl: text, limits: limits)
  }

  /// Reads HCL's own notation.
  package static func parse(hcl text: String, limits: HCLLimits = .standard) throws(HCLError) -> HCLBody {
    try checkSize(text, limits)
    var reader = HCLReader(text, limits: limits)
    return HCLBody(items: try reader.items(until: .endOfText, depth: 1))
  }

  /// Reads a JSON object.
  package static func parse(json text: String, limits: HCLLimits = .standard) throws(HCLError) -> HCLBody {
    try checkSize(text, limits)
    var reader = HCLJSONReader(text, limits: limits)
    return try reader.document()
  }

  private static func checkSize(_ text: String, _ limits: HCLLimits) throws(HCLError) {
    if text.utf8.count > limits.bytes { throw HCLError(message: "text exceeds the allowed length") }
  }
}

/// The cursor of one parse.
struct HCLReader {
  private var scanner: HCLScanner
  private let limits: HCLLimits
  private var held: HCLToken?
  private var count = 0

  init(_ text: String, limits: HCLLimits) {
    scanner = HCLScanner(text)
    self.limits = limits
  }

  /// The items up to `end`, which is consumed.
  mutating func items(until end: HCLTokenKind, depth: Int) throws(HCLError) -> [HCLItem] {
    var items: [HCLItem] = []
    while true {
      let token = try next()
      if token.kind == end { return items }
      // The brace that is missing is looked for once more, one column further on.
      if token.kind == .endOfText {
        throw try next().error("object expected closing RBRACE got: EOF")
      }
      items.append(try item(token, depth: depth))
      let following = try next()
      if following.kind != .comma { held = following }
    }
  }

  private mutating func item(_ first: HCLToken, depth: Int) throws(HCLError) -> HCLItem {
    try countItem(first)
    var keys: [HCLToken] = []
    var token = first
    while token.kind == .identifier || token.kind == .string {
      keys.append(token)
      token = try next()
    }
    switch token.kind {
    case .assign:
      guard let key = keys.first else { throw token.error("no object keys found!") }
      if keys.count > 1 { throw token.error("nested object expected: LBRACE got: ASSIGN") }
      let value = try value(try next(), depth: depth)
      return HCLItem(
        key: key.value, content: .attribute(value), line: key.start.line, column: key.start.column,
        assignmentLine: token.start.line)
    case .objectStart:
      guard let key = keys.first else { throw token.error("expected: IDENT | STRING got: LBRACE") }
      let body = try object(token, depth: depth)
      return HCLItem(
        key: key.value, content: .block(labels: keys.dropFirst().map(\.value), body: body), line: key.start.line,
        column: key.start.column, assignmentLine: 0)
    case .endOfText where !keys.isEmpty:
      let names = keys.map(\.text).joined(separator: " ")
      throw token.error("key '\(names)' expected start of object ('{') or assignment ('=')")
    default:
      throw token.error("expected: IDENT | STRING | ASSIGN | LBRACE got: \(token.kind.rawValue)")
    }
  }

  private mutating func value(_ token: HCLToken, depth: Int) throws(HCLError) -> HCLValue {
    switch token.kind {
    case .string, .heredoc: return .string(token.value)
    case .number, .float: return .number(HCLNumber(text: token.text))
    case .bool: return .bool(token.text == "true")
    case .objectStart: return .object(try object(token, depth: depth))
    case .listStart: return .list(try list(token, depth: depth + 1))
    default: throw token.error("expected a value, got: \(token.kind.rawValue)")
    }
  }

  private mutating func object(_ brace: HCLToken, depth: Int) throws(HCLError) -> HCLBody {
    if depth >= limits.depth { throw brace.error("nesting exceeds the allowed depth") }
    return HCLBody(items: try items(until: .objectEnd, depth: depth + 1), line: brace.start.line)
  }

  private mutating func list(_ bracket: HCLToken, depth: Int) throws(HCLError) -> [HCLValue] {
    if depth >= limits.depth { throw bracket.error("nesting exceeds the allowed depth") }
    var values: [HCLValue] = []
    var needsComma = false
    while true {
      let token = try next()
      switch token.kind {
      case .listEnd: return values
      case .comma: needsComma = false
      case _ where needsComma:
        throw token.error("error parsing list, expected comma or list end, got: \(token.kind.rawValue)")
      case .string, .heredoc, .number, .float, .bool, .objectStart, .listStart:
        try countItem(token)
        values.append(try value(token, depth: depth))
        needsComma = true
      default: throw token.error("unexpected token while parsing list: \(token.kind.rawValue)")
      }
    }
  }

  private mutating func countItem(_ token: HCLToken) throws(HCLError) {
    count += 1
    if count > limits.items { throw token.error("text exceeds the allowed number of items") }
  }

  private mutating func next() throws(HCLError) -> HCLToken {
    if let token = held {
      held = nil
      return token
    }
    while true {
      let token = try scanner.next()
      if token.kind != .comment { return token }
    }
  }
}
