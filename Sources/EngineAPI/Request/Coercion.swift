package import JSONText
package import Primitives

/// How values of one JSON type are read as another. One place, so that every endpoint is lenient in the same way.
package enum Coercion {
  package static func string(_ raw: JSONValue) throws(FieldMismatch) -> String {
    switch raw {
    case .string(let text): text
    case .number(let number): number.text
    case .bool(let value): value ? "1" : "0"
    case .null: ""
    case .array, .object: throw FieldMismatch("expected type 'string', got unconvertible type '\(name(raw))'")
    }
  }

  package static func bool(_ raw: JSONValue) throws(FieldMismatch) -> Bool {
    switch raw {
    case .bool(let value): return value
    case .null: return false
    case .number(let number): return try bool(.string(number.text))
    case .string(let text):
      if text.isEmpty { return false }
      if let value = parseBool(text) { return value }
      throw FieldMismatch("cannot parse '' as bool: strconv.ParseBool: parsing \"\(text)\": invalid syntax")
    case .array, .object: throw FieldMismatch("expected type 'bool', got unconvertible type '\(name(raw))'")
    }
  }

  /// The texts that Go reads as booleans; nil for any other.
  package static func parseBool(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
  }

  package static func int(_ raw: JSONValue) throws(FieldMismatch) -> Int64 {
    switch raw {
    case .number(let number):
      if let value = number.int64 { return value }
      throw FieldMismatch("expected a whole number of at most 64 bits")
    case .bool(let value): return value ? 1 : 0
    case .null: return 0
    case .string(let text):
      if text.isEmpty { return 0 }
      if let value = prefixed(text) { return value }
      throw FieldMismatch("cannot parse '' as int: strconv.ParseInt: parsing \"\(text)\": invalid syntax")
    case .array, .object: throw FieldMismatch("expected type 'int', got unconvertible type '\(name(raw))'")
    }
  }

  package static func double(_ raw: JSONValue) throws(FieldMismatch) -> Double {
    switch raw {
    case .number(let number): return number.double
    case .bool(let value): return value ? 1 : 0
    case .null: return 0
    case .string(let text):
      if let value = Double(text), value.isFinite { return value }
      throw FieldMismatch("cannot parse '' as float: strconv.ParseFloat: parsing \"\(text)\": invalid syntax")
    case .array, .object: throw FieldMismatch("expected type 'float64', got unconvertible type '\(name(raw))'")
    }
  }

  /// Seconds as a number, or the API's notation for lengths of time. The empty text and null are zero.
  package static func duration(_ raw: JSONValue) throws(FieldMismatch) -> TimeSpan {
    switch raw {
    case .null: return .zero
    case .number(let number):
      if let seconds = number.int64 ?? whole(number.double) { return .seconds(seconds) }
      throw FieldMismatch("could not parse duration from number")
    case .string(let text):
      if text.isEmpty { return .zero }
      if let span = TimeSpan(api: text) { return span }
      if let seconds = Double(text), let span = whole(seconds) { return .seconds(span) }
      throw FieldMismatch(durationReason(text))
    case .bool, .array, .object: throw FieldMismatch("could not parse duration from input")
    }
  }

  /// What is wrong with a text that is no length of time, in the words clients know.
  package static func durationReason(_ text: String) -> String {
    var rest = text.utf8[...]
    if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
    while rest.first.map(isDigit) ?? false {
      rest = rest.drop { isDigit($0) }
      if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop { isDigit($0) } }
      let unit = String(decoding: rest.prefix { !isDigit($0) && $0 != UInt8(ascii: ".") }, as: UTF8.self)
      if unit.isEmpty { return "time: missing unit in duration \"\(text)\"" }
      if !["ns", "us", "µs", "μs", "ms", "s", "m", "h"].contains(unit) {
        return "time: unknown unit \"\(unit)\" in duration \"\(text)\""
      }
      rest = rest.dropFirst(unit.utf8.count)
    }
    return "time: invalid duration \"\(text)\""
  }

  private static func isDigit(_ c: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(c) }

  package static func strings(_ raw: JSONValue, splitting: Bool) throws(FieldMismatch) -> [String] {
    switch raw {
    case .null: return []
    case .array(let values):
      var out: [String] = []
      for value in values { out.append(try string(value)) }
      return out.map(trimmed)
    case .object: throw FieldMismatch("expected a list of texts, got '\(name(raw))'")
    default:
      let text = try string(raw)
      if text.isEmpty { return [] }
      if !splitting { return [trimmed(text)] }
      return text.split(separator: ",", omittingEmptySubsequences: false).map { trimmed(String($0)) }
    }
  }

  package static func ints(_ raw: JSONValue) throws(FieldMismatch) -> [Int64] {
    switch raw {
    case .null: return []
    case .array(let values):
      var out: [Int64] = []
      for value in values { out.append(try int(value)) }
      return out
    case .string(let text):
      var out: [Int64] = []
      for part in text.split(separator: ",") { out.append(try int(.string(trimmed(String(part))))) }
      return out
    default: return [try int(raw)]
    }
  }

  package static func keyValues(_ raw: JSONValue) throws(FieldMismatch) -> [String: String] {
    var out: [String: String] = [:]
    switch raw {
    case .null: break
    case .object(let object):
      for member in object.members { out[member.name] = try string(member.value) }
    case .array(let values):
      for value in values {
        if case .object(let object) = value {
          for member in object.members { out[member.name] = try string(member.value) }
        } else {
          try pair(try string(value), into: &out)
        }
      }
    default:
      let text = try string(raw)
      if text.isEmpty { break }
      if text.utf8.first == UInt8(ascii: "{"), let object = (try? JSONParser.parse(text))?.objectValue {
        for member in object.members { out[member.name] = try string(member.value) }
        break
      }
      try pair(text, into: &out)
    }
    return out
  }

  private static func pair(_ text: String, into out: inout [String: String]) throws(FieldMismatch) {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw FieldMismatch("invalid key pair \"\(text)\"")
    }
    out[String(text[..<equals])] = String(text[text.index(after: equals)...])
  }

  /// A JSON type by the name that clients know from error texts.
  package static func name(_ raw: JSONValue) -> String {
    switch raw {
    case .null: "nil"
    case .bool: "bool"
    case .number: "json.Number"
    case .string: "string"
    case .array: "[]interface {}"
    case .object: "map[string]interface {}"
    }
  }

  /// The whole number that a double holds exactly, or its integer part; nil beyond the range of 64 bits.
  package static func whole(_ value: Double) -> Int64? {
    value > -9.2e18 && value < 9.2e18 ? Int64(value) : nil
  }

  private static func prefixed(_ text: String) -> Int64? {
    if let value = Int64(text) { return value }
    let lower = text.lowercased()
    if lower.hasPrefix("0x") { return Int64(lower.dropFirst(2), radix: 16) }
    if lower.hasPrefix("0b") { return Int64(lower.dropFirst(2), radix: 2) }
    if lower.hasPrefix("0o") { return Int64(lower.dropFirst(2), radix: 8) }
    return nil
  }

  private static func trimmed(_ text: String) -> String {
    let bytes = text.utf8
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(text[first...last])
  }

  private static func isSpace(_ c: UInt8) -> Bool { c == 0x20 || (c >= 9 && c <= 13) }
}
