/// The words of HCL 1. Names are those that error texts use.
enum HCLTokenKind: String {
  case endOfText = "EOF"
  case comment = "COMMENT"
  case identifier = "IDENT"
  case number = "NUMBER"
  case float = "FLOAT"
  case bool = "BOOL"
  case string = "STRING"
  case heredoc = "HEREDOC"
  case listStart = "LBRACK"
  case listEnd = "RBRACK"
  case objectStart = "LBRACE"
  case objectEnd = "RBRACE"
  case comma = "COMMA"
  case period = "PERIOD"
  case assign = "ASSIGN"
  case plus = "ADD"
  case minus = "SUB"
}

struct HCLPosition: Equatable {
  var line: Int
  var column: Int
}

struct HCLToken {
  let kind: HCLTokenKind
  /// As written, quotes and markers included.
  let text: String
  /// What a string or a heredoc stands for; otherwise the same as the text.
  let value: String
  let start: HCLPosition
  let endLine: Int

  func error(_ message: String) -> HCLError {
    HCLError(message: message, line: start.line, column: start.column)
  }
}

/// Takes a text apart into tokens, one at a time.
struct HCLScanner {
  private let input: [Unicode.Scalar]
  private var at = 0
  /// Where the scalar that was read last stands. Every attempt to read behind the end moves on by one column, which
  /// error texts show.
  private var position = HCLPosition(line: 1, column: 0)
  private var previous = HCLPosition(line: 1, column: 0)
  private var wasNewline = false
  private var wasNewlineBefore = false

  init(_ text: String) {
    var scalars = Array(text.unicodeScalars)
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
    input = scalars
  }

  mutating func next() throws(HCLError) -> HCLToken {
    var c = read()
    while let blank = c, blank == " " || blank == "\t" || blank == "\n" || blank == "\r" { c = read() }
    let start = position
    guard let c else {
      return HCLToken(kind: .endOfText, text: "", value: "", start: start, endLine: start.line)
    }
    let from = at - 1
    func token(_ kind: HCLTokenKind, _ scanner: HCLScanner, value: String? = nil) -> HCLToken {
      let text = scanner.text(from..<scanner.at)
      return HCLToken(kind: kind, text: text, value: value ?? text, start: start, endLine: scanner.position.line)
    }
    if Self.isLetter(c) {
      readWhile { Self.isLetter($0) || Self.isDigit($0) || $0 == "-" || $0 == "." }
      let word = text(from..<at)
      return token(word == "true" || word == "false" ? .bool : .identifier, self)
    }
    if Self.isDecimal(c) { return token(try number(c), self) }
    switch c {
    case "\"":
      let value = try string()
      return token(.string, self, value: value)
    case "#", "/":
      try comment(c)
      return token(.comment, self)
    case ".":
      if let digit = peek(), Self.isDecimal(digit) {
        readWhile(Self.isDecimal)
        try exponent()
        return token(.float, self)
      }
      return token(.period, self)
    case "-":
      if let digit = peek(), Self.isDecimal(digit) {
        _ = read()
        return token(try number(digit), self)
      }
      return token(.minus, self)
    case "<":
      let value = try heredoc()
      return token(.heredoc, self, value: value)
    case "[": return token(.listStart, self)
    case "]": return token(.listEnd, self)
    case "{": return token(.objectStart, self)
    case "}": return token(.objectEnd, self)
    case ",": return token(.comma, self)
    case "=": return token(.assign, self)
    case "+": return token(.plus, self)
    default: throw error("illegal char")
    }
  }

  // MARK: Characters

  private mutating func read() -> Unicode.Scalar? {
    previous = position
    wasNewlineBefore = wasNewline
    if wasNewline {
      position = HCLPosition(line: position.line + 1, column: 0)
      wasNewline = false
    }
    position.column += 1
    guard at < input.count else { return nil }
    let c = input[at]
    at += 1
    wasNewline = c == "\n"
    return c
  }

  /// Takes back one scalar, or the attempt to read one.
  private mutating func unread() {
    at -= 1
    position = previous
    wasNewline = wasNewlineBefore
  }

  private func peek() -> Unicode.Scalar? { at < input.count ? input[at] : nil }

  private mutating func readWhile(_ belongs: (Unicode.Scalar) -> Bool) {
    while let c = read() {
      if !belongs(c) {
        unread()
        return
      }
    }
  }

  private func text(_ range: Range<Int>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: input[range])
    return String(view)
  }

  private func error(_ message: String) -> HCLError {
    HCLError(message: message, line: position.line, column: position.column)
  }

  private static func isLetter(_ c: Unicode.Scalar) -> Bool {
    switch c {
    case "a"..."z", "A"..."Z", "_": true
    default: c.value >= 0x80 && c.properties.isAlphabetic
    }
  }
  private static func isDigit(_ c: Unicode.Scalar) -> Bool {
    isDecimal(c) || c.value >= 0x80 && c.properties.generalCategory == .decimalNumber
  }
  private static func isDecimal(_ c: Unicode.Scalar) -> Bool { c >= "0" && c <= "9" }
  private static func isHex(_ c: Unicode.Scalar) -> Bool { c.properties.isASCIIHexDigit }

  // MARK: Numbers and comments

  private mutating func number(_ first: Unicode.Scalar) throws(HCLError) -> HCLTokenKind {
    if first == "0" {
      if let c = peek(), c == "x" || c == "X" {
        _ = read()
        guard let digit = peek(), Self.isHex(digit) else {
          _ = read()
          throw error("illegal hexadecimal number")
        }
        readWhile(Self.isHex)
        return .number
      }
      var octal = true
      readWhile {
        if $0 == "8" || $0 == "9" { octal = false }
        return Self.isDecimal($0)
      }
      if try fraction() { return .float }
      if !octal { throw error("illegal octal number") }
      return .number
    }
    readWhile(Self.isDecimal)
    return try fraction() ? .float : .number
  }

  private mutating func fraction() throws(HCLError) -> Bool {
    var isFloat = false
    if peek() == "." {
      _ = read()
      readWhile(Self.isDecimal)
      isFloat = true
    }
    return try exponent() || isFloat
  }

  @discardableResult
  private mutating func exponent() throws(HCLError) -> Bool {
    guard let e = peek(), e == "e" || e == "E" else { return false }
    _ = read()
    if let sign = peek(), sign == "+" || sign == "-" { _ = read() }
    guard let digit = peek(), Self.isDecimal(digit) else {
      _ = read()
      throw error("illegal number: its exponent has no digits")
    }
    readWhile(Self.isDecimal)
    return true
  }

  private mutating func comment(_ first: Unicode.Scalar) throws(HCLError) {
    if first == "/" {
      let second = read()
      if second == "*" {
        var star = false
        while let c = read() {
          if star, c == "/" { return }
          star = c == "*"
        }
        throw error("comment not terminated")
      }
      if second != "/" { throw error("expected '/' for comment") }
    }
    readWhile { $0 != "\n" }
  }

  // MARK: Strings

  /// Behind the opening quote. What is inside `${…}` stays as written, quotes and line ends included.
  private mutating func string() throws(HCLError) -> String {
    var out = String.UnicodeScalarView()
    var braces = 0
    while true {
      guard let c = read() else { throw error("literal not terminated") }
      if braces == 0 {
        switch c {
        case "\"": return String(out)
        case "\n": throw error("literal not terminated")
        case "\\":
          out.append(try escape())
          continue
        case "$" where peek() == "{":
          _ = read()
          out.append("$")
          out.append("{")
          braces = 1
          continue
        default: break
        }
      } else if c == "{" {
        braces += 1
      } else if c == "}" {
        braces -= 1
      }
      out.append(c)
    }
  }

  private mutating func escape() throws(HCLError) -> Unicode.Scalar {
    guard let c = read() else { throw error("literal not terminated") }
    switch c {
    case "a": return "\u{07}"
    case "b": return "\u{08}"
    case "f": return "\u{0C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "v": return "\u{0B}"
    case "\\", "\"": return c
    case "0"..."7":
      unread()
      return try scalar(digits: 3, radix: 8)
    case "x": return try scalar(digits: 2, radix: 16)
    case "u": return try scalar(digits: 4, radix: 16)
    case "U": return try scalar(digits: 8, radix: 16)
    default: throw error("illegal char escape")
    }
  }

  private mutating func scalar(digits: Int, radix: UInt32) throws(HCLError) -> Unicode.Scalar {
    var code: UInt32 = 0
    for _ in 0..<digits {
      guard let c = read(), let digit = Character(c).hexDigitValue, digit < radix, c.isASCII else {
        throw error("illegal char escape")
      }
      code = code &* radix &+ UInt32(digit)
    }
    guard let scalar = Unicode.Scalar(code) else { throw error("illegal char escape") }
    return scalar
  }

  /// Behind the first `<`. The value ends with the line end before the closing marker.
  private mutating func heredoc() throws(HCLError) -> String {
    if read() != "<" { throw error("heredoc expected second '<', didn't see it") }
    let isIndented = peek() == "-"
    if isIndented { _ = read() }
    let markerStart = at
    readWhile { Self.isLetter($0) || Self.isDigit($0) }
    let marker = Array(input[markerStart..<at])
    if marker.isEmpty { throw error("zero-length heredoc anchor") }
    if peek() == "\r" { _ = read() }
    guard let end = read() else { throw error("heredoc not terminated") }
    if end != "\n" { throw error("invalid characters in heredoc anchor") }
    var lines: [ArraySlice<Unicode.Scalar>] = []
    while true {
      let lineStart = at
      var ended = false
      while let c = peek() {
        if c == "\n" {
          ended = true
          break
        }
        _ = read()
      }
      let line = input[lineStart..<at]
      let blank = line.prefix { $0 == " " || $0 == "\t" }
      var rest = line.dropFirst(blank.count)
      if rest.last == "\r" { rest = rest.dropLast() }
      if rest.elementsEqual(marker) {
        if isIndented, lines.allSatisfy({ $0.starts(with: blank) }) {
          lines = lines.map { $0.dropFirst(blank.count) }
        }
        var out = String.UnicodeScalarView()
        for line in lines {
          out.append(contentsOf: line)
          out.append("\n")
        }
        return String(out)
      }
      if !ended {
        _ = read()
        throw error("heredoc not terminated")
      }
      lines.append(line)
      _ = read()
    }
  }
}
