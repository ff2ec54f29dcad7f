enum TemplateToken: Sendable, Equatable {
  case field(String)
  /// Without the `$`; empty for `$` alone.
  case variable(String)
  case identifier(String)
  case string(String)
  case int(Int64)
  case leftParenthesis, rightParenthesis, pipe, declare, assign
}

enum TemplatePiece: Sendable {
  case text(String)
  case action([TemplateToken])
}

/// Cuts a template into text and actions, and actions into tokens.
struct TemplateLexer {
  private let bytes: [UInt8]
  private var at = 0

  init(_ source: String) { bytes = Array(source.utf8) }

  mutating func pieces() throws(TemplateError) -> [TemplatePiece] {
    var pieces: [TemplatePiece] = []
    var trimsStart = false
    while true {
      var end = at
      while end < bytes.count && !starts("{{", at: end) { end += 1 }
      var text = bytes[at..<end]
      at = end
      let opens = at < bytes.count
      let trimsEnd = opens && starts("{{-", at: at) && isSpace(at + 3)
      if trimsStart { text = text.drop(while: Self.isSpace) }
      if trimsEnd { while let last = text.last, Self.isSpace(last) { text = text.dropLast() } }
      if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
      if !opens { return pieces }
      at += trimsEnd ? 4 : 2
      if starts("/*", at: at) {
        trimsStart = try skipComment()
      } else {
        let (tokens, trims) = try action()
        pieces.append(.action(tokens))
        trimsStart = trims
      }
    }
  }

  /// Returns whether the text behind it is to be trimmed.
  private mutating func skipComment() throws(TemplateError) -> Bool {
    while at < bytes.count && !starts("*/", at: at) { at += 1 }
    at += 2
    if starts("}}", at: at) {
      at += 2
      return false
    }
    if isSpace(at) && starts("-}}", at: at + 1) {
      at += 4
      return true
    }
    throw TemplateError(at >= bytes.count ? "unclosed comment" : "comment ends before closing delimiter")
  }

  private mutating func action() throws(TemplateError) -> (tokens: [TemplateToken], trims: Bool) {
    var tokens: [TemplateToken] = []
    var needsSpace = false
    while at < bytes.count {
      if starts("}}", at: at) {
        at += 2
        return (tokens, false)
      }
      if isSpace(at) {
        if starts("-}}", at: at + 1) {
          at += 4
          return (tokens, true)
        }
        at += 1
        needsSpace = false
        continue
      }
      let token = try self.token()
      switch token {
      case .field, .variable, .identifier, .string, .int, .leftParenthesis:
        // `.A.B` and `(…).B` ask for members, which texts and numbers do not have.
        if needsSpace, case .field(let name) = token { throw TemplateError("there is no \(name) in a value") }
        if needsSpace { throw TemplateError("a blank is missing between operands") }
        needsSpace = token != .leftParenthesis
      case .rightParenthesis: needsSpace = true
      case .pipe, .declare, .assign: needsSpace = false
      }
      // The root of all fields is `$`, and `$.A` is `.A`.
      if token == .variable(""), at < bytes.count, bytes[at] == UInt8(ascii: ".") {
        needsSpace = false
      } else {
        tokens.append(token)
      }
    }
    throw TemplateError("unclosed action")
  }

  private mutating func token() throws(TemplateError) -> TemplateToken {
    let c = bytes[at]
    switch c {
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "|"), UInt8(ascii: "="):
      at += 1
      return switch c {
      case UInt8(ascii: "("): .leftParenthesis
      case UInt8(ascii: ")"): .rightParenthesis
      case UInt8(ascii: "|"): .pipe
      default: .assign
      }
    case UInt8(ascii: ":"):
      guard starts(":=", at: at) else { throw TemplateError("expected :=") }
      at += 2
      return .declare
    case UInt8(ascii: "\""): return .string(try quoted())
    case UInt8(ascii: "`"): return .string(try raw())
    case UInt8(ascii: "."):
      at += 1
      let name = word()
      if name.isEmpty { throw TemplateError("a field's name is missing after \".\"") }
      return .field(name)
    case UInt8(ascii: "$"):
      at += 1
      return .variable(word())
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): return .int(try number())
    default:
      let name = word()
      if name.isEmpty { throw TemplateError("unexpected character U+\(String(c, radix: 16)) in an action") }
      return .identifier(name)
    }
  }

  /// Letters, digits and `_`.
  private mutating func word() -> String {
    let start = at
    while at < bytes.count, Self.isWord(bytes[at]) { at += 1 }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  private mutating func number() throws(TemplateError) -> Int64 {
    let sign = bytes[at]
    let isSigned = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
    if isSigned { at += 1 }
    let digits = word()
    var text = digits.lowercased()
    var radix = 10
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] where text.hasPrefix(prefix) {
      radix = base
      text.removeFirst(2)
    }
    let isFraction = at < bytes.count && bytes[at] == UInt8(ascii: ".")
    let signed = (sign == UInt8(ascii: "-") ? "-" : "") + text.filter { $0 != "_" }
    guard !isFraction, !text.hasPrefix("_"), let value = Int64(signed, radix: radix) else {
      throw TemplateError("bad number \"\(isSigned ? String(UnicodeScalar(sign)) : "")\(digits)\"")
    }
    return value
  }

  private mutating func raw() throws(TemplateError) -> String {
    at += 1
    let start = at
    while at < bytes.count && bytes[at] != UInt8(ascii: "`") { at += 1 }
    guard at < bytes.count else { throw TemplateError("unterminated raw quoted string") }
    at += 1
    return String(decoding: bytes[start..<at - 1], as: UTF8.self)
  }

  private mutating func quoted() throws(TemplateError) -> String {
    at += 1
    var out: [UInt8] = []
    while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\n") {
      if bytes[at] == UInt8(ascii: "\\") {
        at += 1
        try appendEscape(to: &out)
      } else {
        out.append(bytes[at])
        at += 1
      }
    }
    guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw TemplateError("unterminated quoted string") }
    at += 1
    return String(decoding: out, as: UTF8.self)
  }

  /// What stands behind a backslash, as Go reads it.
  private mutating func appendEscape(to out: inout [UInt8]) throws(TemplateError) {
    guard at < bytes.count else { throw TemplateError("unterminated quoted string") }
    let c = bytes[at]
    at += 1
    let simple: [UInt8: UInt8] = [
      UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13, UInt8(ascii: "\\"): 92,
      UInt8(ascii: "\""): 34, UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "v"): 11,
    ]
    if let byte = simple[c] {
      out.append(byte)
      return
    }
    let digits = c == UInt8(ascii: "x") ? 2 : c == UInt8(ascii: "u") ? 4 : c == UInt8(ascii: "U") ? 8 : 0
    guard digits > 0, bytes.count - at >= digits,
      let value = UInt32(String(decoding: bytes[at..<at + digits], as: UTF8.self), radix: 16),
      digits > 2 || value < 128, let scalar = UnicodeScalar(value)
    else { throw TemplateError("invalid escape in a quoted string") }
    at += digits
    out.append(contentsOf: String(scalar).utf8)
  }

  private func starts(_ text: StaticString, at place: Int) -> Bool {
    guard place >= 0, place <= bytes.count, text.utf8CodeUnitCount <= bytes.count - place else { return false }
    return text.withUTF8Buffer { $0.elementsEqual(bytes[place..<place + $0.count]) }
  }

  private func isSpace(_ place: Int) -> Bool { place < bytes.count && Self.isSpace(bytes[place]) }
  private static func isSpace(_ c: UInt8) -> Bool { c == 32 || c == 9 || c == 10 || c == 13 }
  private static func isWord(_ c: UInt8) -> Bool {
    switch c {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), 128...:
      true
    default: false
    }
  }
}
