internal import JSONText
internal import Primitives

/// Block-style YAML 1.1 of a JSON value, names sorted. Texts that a reader would take for something else are quoted.
enum YAMLWriter {
  static func text(_ value: JSONValue) -> String {
    var out = ""
    block(value.sortedByName, indent: 0, to: &out)
    return out
  }

  /// Ends with a newline.
  private static func block(_ value: JSONValue, indent: Int, to out: inout String) {
    let margin = String(repeating: " ", count: indent)
    switch value {
    case .object(let object) where !object.isEmpty:
      for member in object.members {
        out += margin + scalar(member.name, indent: indent) + ":"
        switch member.value {
        case .object(let inner) where !inner.isEmpty:
          out += "\n"
          block(member.value, indent: indent + 2, to: &out)
        case .array(let values) where !values.isEmpty:
          // A list may stand at the depth of its name.
          out += "\n"
          block(member.value, indent: indent, to: &out)
        default: out += " " + leaf(member.value, indent: indent) + "\n"
        }
      }
    case .array(let values) where !values.isEmpty:
      for value in values {
        var inner = ""
        switch value {
        case .object(let object) where !object.isEmpty: block(value, indent: indent + 2, to: &inner)
        case .array(let values) where !values.isEmpty: block(value, indent: indent + 2, to: &inner)
        default: inner = margin + "  " + leaf(value, indent: indent) + "\n"
        }
        out += margin + "- " + inner.dropFirst(indent + 2)
      }
    default: out += margin + leaf(value, indent: indent) + "\n"
    }
  }

  private static func leaf(_ value: JSONValue, indent: Int) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let number): number.text
    case .string(let text): scalar(text, indent: indent)
    case .array: "[]"
    case .object: "{}"
    }
  }

  private static func scalar(_ text: String, indent: Int) -> String {
    if meansSomethingElse(text) || !text.unicodeScalars.allSatisfy(isPrintable) { return doubleQuoted(text) }
    if text.contains("\n") { return literal(text, indent: indent) ?? doubleQuoted(text) }
    return isPlain(text) ? text : "'" + text.flatMap { $0 == "'" ? "''" : String($0) } + "'"
  }

  /// Lines as they are, where nothing would be lost that way.
  private static func literal(_ text: String, indent: Int) -> String? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let first = lines.first, !first.hasPrefix(" "), !first.isEmpty,
      lines.allSatisfy({ !$0.hasSuffix(" ") && !$0.contains("\t") }), !text.hasSuffix("\n\n")
    else { return nil }
    let margin = String(repeating: " ", count: indent + 2)
    let body = text.hasSuffix("\n") ? lines.dropLast() : lines[...]
    let shown = body.map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
    return (text.hasSuffix("\n") ? "|\n" : "|-\n") + shown
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\n"
      || (scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80...0x9F).contains(scalar.value)
        && scalar.value != 0xFEFF && scalar.value != 0x2028 && scalar.value != 0x2029)
  }

  /// Whether a reader would see a text if it were written bare.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else { return false }
    if first == " " || last == " " || last == ":" { return false }
    if ",[]{}#&*!|>'\"%@`".unicodeScalars.contains(first) { return false }
    if "-?:".unicodeScalars.contains(first) {
      guard let second = text.unicodeScalars.dropFirst().first, second != " " else { return false }
    }
    if text.hasPrefix("---") || text.hasPrefix("...") { return false }
    return !text.contains(": ") && !text.contains(" #")
  }

  private static func meansSomethingElse(_ text: String) -> Bool {
    switch text {
    case "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "y", "Y", "yes", "Yes",
      "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "<<", "=", ".nan", ".NaN", ".NAN",
      ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
      return true
    default: break
    }
    guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else { return false }
    return isNumber(text) || isDate(text) || isSexagesimal(text)
  }

  private static func isNumber(_ text: String) -> Bool {
    let bare = text.filter { $0 != "_" }
    let digits = bare.hasPrefix("-") || bare.hasPrefix("+") ? bare.dropFirst() : bare[...]
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
      return digits.count > 2 && UInt64(digits.dropFirst(2), radix: radix) != nil
    }
    guard digits.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }), digits.contains(where: \.isNumber) else {
      return false
    }
    if digits.utf8.allSatisfy({ (48...57).contains($0) }) { return true }
    let number = digits.hasSuffix(".") ? digits.dropLast() : digits
    return Double(number.hasPrefix(".") ? "0" + number : String(number)) != nil
  }

  private static func isDate(_ text: String) -> Bool {
    if Timestamp(rfc3339: text) != nil { return true }
    return text.utf8.count == 10 && Timestamp(rfc3339: text + "T00:00:00Z") != nil
  }

  private static func isSexagesimal(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count > 1 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
      && parts.dropFirst().allSatisfy { (Int($0) ?? 60) < 60 }
  }

  private static func doubleQuoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      case "\r": out += "\\r"
      case _ where isPrintable(scalar): out.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let width = scalar.value <= 0xFF ? 2 : 4
        out += (width == 2 ? "\\x" : "\\u") + String(repeating: "0", count: max(0, width - digits.count)) + digits
      }
    }
    return out + "\""
  }
}
