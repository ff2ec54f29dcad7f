package import Primitives

/// A number as it was written: decimal, hexadecimal (`0x1F`), octal (`017`) or with a fraction and exponent.
package struct HCLNumber: Sendable, Hashable {
  package let text: String

  package init(text: String) { self.text = text }

  /// Nil where the number has a fraction or an exponent, or does not fit.
  package var int64: Int64? {
    let negative = text.utf8.first == UInt8(ascii: "-")
    let digits = negative ? text.dropFirst() : text[...]
    let sign = negative ? "-" : ""
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") { return Int64(sign + digits.dropFirst(2), radix: 16) }
    if digits.utf8.count > 1, digits.utf8.first == UInt8(ascii: "0") {
      return Int64(sign + digits.dropFirst(), radix: 8)
    }
    return Int64(text)
  }

  /// The number as JSON writes it.
  package var jsonText: String {
    if let whole = int64 { return String(whole) }
    // JSON wants digits on both sides of the point.
    return double.map { "\($0)" } ?? "0"
  }

  package var double: Double? {
    if let whole = int64 { return Double(whole) }
    guard let value = Double(text), value.isFinite else { return nil }
    return value
  }
}

/// What stands behind `=` (or `:` in JSON).
package enum HCLValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(HCLNumber)
  case string(String)
  case list([HCLValue])
  case object(HCLBody)

  /// For error texts: what a value is, never what it holds.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .list: "a list"
    case .object: "an object"
    }
  }
}

/// One entry of a body, in the order of the text.
package struct HCLItem: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    /// `key = value`
    case attribute(HCLValue)
    /// `key "label" { … }`
    case block(labels: [String], body: HCLBody)
  }
  package let key: String
  package let content: Content
  /// Where the key stands, from 1.
  package let line: Int
  package let column: Int
  /// The line of `=` or `:`; 0 for a block.
  package let assignmentLine: Int

  package init(key: String, content: Content, line: Int, column: Int, assignmentLine: Int) {
    self.key = key
    self.content = content
    self.line = line
    self.column = column
    self.assignmentLine = assignmentLine
  }

  package var value: HCLValue? { if case .attribute(let value) = content { value } else { nil } }
  package var isBlock: Bool { if case .block = content { true } else { false } }

  func error(_ message: String) -> HCLError { HCLError(message: message, line: line, column: column) }
}

/// A stanza with its labels, whichever notation it was written in.
package struct HCLBlock: Sendable, Equatable {
  package let labels: [String]
  package let body: HCLBody
  package let line: Int
  package let column: Int

  package init(labels: [String], body: HCLBody, line: Int, column: Int) {
    self.labels = labels
    self.body = body
    self.line = line
    self.column = column
  }
}

/// The contents of a file, a block or an object. Where a key is written several times, the last one counts for the
/// typed readers.
package struct HCLBody: Sendable, Equatable {
  package let items: [HCLItem]
  /// The line of `{`; 1 for a whole text.
  package let line: Int
  /// Whether the text was JSON, where blocks are written as nested objects.
  package let isJSON: Bool

  package init(items: [HCLItem] = [], line: Int = 1, isJSON: Bool = false) {
    self.items = items
    self.line = line
    self.isJSON = isJSON
  }

  package var isEmpty: Bool { items.isEmpty }

  /// Keys in order of their first appearance, each once.
  package var keys: [String] {
    var seen: Set<String> = []
    return items.compactMap { seen.insert($0.key).inserted ? $0.key : nil }
  }

  package func contains(_ key: String) -> Bool { items.contains { $0.key == key } }

  /// The last item of that name.
  package func item(_ key: String) -> HCLItem? { items.last { $0.key == key } }

  /// Entries whose key is not among `known`, in order, with the line of the key.
  package func unknownKeys(known: Set<String>) -> [(key: String, line: Int)] {
    items.filter { !known.contains($0.key) }.map { ($0.key, $0.line) }
  }

  /// The first attribute that is written a second time in its body, at any depth; blocks may repeat.
  package var duplicateAttribute: HCLItem? {
    var seen: Set<String> = []
    for item in items {
      switch item.content {
      case .attribute(let value):
        if !seen.insert(item.key).inserted { return item }
        if let inner = Self.duplicate(in: value) { return inner }
      case .block(_, let body):
        if let inner = body.duplicateAttribute { return inner }
      }
    }
    return nil
  }

  private static func duplicate(in value: HCLValue) -> HCLItem? {
    switch value {
    case .object(let body): return body.duplicateAttribute
    case .list(let values):
      for value in values { if let found = duplicate(in: value) { return found } }
      return nil
    default: return nil
    }
  }

  /// The value of an attribute; nil where it is missing or null.
  package func value(_ key: String) throws(HCLError) -> HCLValue? {
    guard let item = item(key) else { return nil }
    switch item.content {
    case .attribute(.null): return nil
    case .attribute(let value): return value
    case .block(let labels, let body):
      if labels.isEmpty { return .object(body) }
      throw item.error("\"\(key)\" must be an argument, not a block")
    }
  }

  /// Numbers and booleans are taken as they are written.
  package func string(_ key: String) throws(HCLError) -> String? {
    guard let value = try value(key) else { return nil }
    guard let text = Self.text(value) else { throw mismatch(key, "a string", value) }
    return text
  }

  /// A number, or a text that is one.
  package func int(_ key: String) throws(HCLError) -> Int64? {
    guard let value = try value(key) else { return nil }
    switch value {
    case .number(let number): if let int = number.int64 { return int }
    case .string(let text): if let int = HCLNumber(text: text.trimmed).int64 { return int }
    default: break
    }
    throw mismatch(key, "a whole number", value)
  }

  /// A boolean, a number (anything but 0 is true), or a text: `true`, `t`, `1`, `false`, `f`, `0` in the usual cases;
  /// the empty text is false.
  package func bool(_ key: String) throws(HCLError) -> Bool? {
    guard let value = try value(key) else { return nil }
    switch value {
    case .bool(let bool): return bool
    case .number(let number): if let number = number.double { return number != 0 }
    case .string(let text):
      switch text.trimmed {
      case "1", "t", "T", "true", "TRUE", "True": return true
      case "0", "f", "F", "false", "FALSE", "False", "": return false
      default: break
      }
    default: break
    }
    throw mismatch(key, "a boolean", value)
  }

  /// Seconds as a number, or a text such as `90`, `1h30m` or `7d`; the empty text is zero.
  package func duration(_ key: String) throws(HCLError) -> TimeSpan? {
    guard let value = try value(key) else { return nil }
    switch value {
    case .number(let number):
      if let seconds = number.int64 { return .seconds(seconds) }
      if let seconds = number.double, abs(seconds) < 9_000_000_000 {
        return TimeSpan(nanoseconds: Int64(seconds * 1_000_000_000))
      }
    case .string(let text):
      let text = text.trimmed
      if text.isEmpty { return .zero }
      if let span = TimeSpan(api: text) { return span }
    default: break
    }
    throw mismatch(key, "a length of time", value)
  }

  /// A list of texts, or one text whose parts are separated by commas.
  package func strings(_ key: String) throws(HCLError) -> [String]? {
    guard let value = try value(key) else { return nil }
    guard case .list(let values) = value else {
      guard let text = Self.text(value) else { throw mismatch(key, "a list of strings", value) }
      return text.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }
    var out: [String] = []
    for value in values {
      guard let text = Self.text(value) else { throw mismatch(key, "a list of strings", value) }
      out.append(text)
    }
    return out
  }

  /// All stanzas of that name, in order.
  ///
  /// A stanza in HCL's own notation comes with the labels that it was written with. Objects that are assigned, as
  /// JSON must do, are taken apart: as many levels of them as `labels` says are labels, and a list at any level
  /// stands for several stanzas.
  package func blocks(_ name: String, labels: Int = 1) throws(HCLError) -> [HCLBlock] {
    var out: [HCLBlock] = []
    for item in items where item.key == name {
      switch item.content {
      case .block(let labels, let body):
        out.append(HCLBlock(labels: labels, body: body, line: item.line, column: item.column))
      case .attribute(let value):
        try Self.unfold(value, [], labels, item, into: &out)
      }
    }
    return out
  }

  private static func unfold(
    _ value: HCLValue, _ labels: [String], _ missing: Int, _ item: HCLItem, into out: inout [HCLBlock]
  ) throws(HCLError) {
    switch value {
    case .null: break
    case .list(let values):
      for value in values { try unfold(value, labels, missing, item, into: &out) }
    case .object(let body):
      guard missing > 0 else {
        out.append(HCLBlock(labels: labels, body: body, line: item.line, column: item.column))
        return
      }
      for inner in body.items {
        switch inner.content {
        case .attribute(let value): try unfold(value, labels + [inner.key], missing - 1, inner, into: &out)
        case .block(let more, let body):
          out.append(
            HCLBlock(labels: labels + [inner.key] + more, body: body, line: inner.line, column: inner.column))
        }
      }
    default: throw item.error("\"\(item.key)\" must be a block, not \(value.kind)")
    }
  }

  private static func text(_ value: HCLValue) -> String? {
    switch value {
    case .string(let text): text
    case .number(let number): number.text
    case .bool(let bool): bool ? "true" : "false"
    default: nil
    }
  }

  private func mismatch(_ key: String, _ wanted: String, _ value: HCLValue) -> HCLError {
    HCLError(
      message: "\"\(key)\" must be \(wanted), not \(value.kind)", line: item(key)?.line ?? 0,
      column: item(key)?.column ?? 0)
  }
}

extension String {
  var trimmed: String {
    let blank: (UInt8) -> Bool = { $0 == 0x20 || (9...13).contains($0) }
    guard let first = utf8.firstIndex(where: { !blank($0) }), let last = utf8.lastIndex(where: { !blank($0) }) else {
      return ""
    }
    return String(self[first...last])
  }
}
