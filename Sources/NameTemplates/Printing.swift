internal import Primitives

/// Go's `print`, `println` and `printf` (pkg.go.dev/fmt), as far as texts, numbers and truth values need them.
enum Printing {
  /// A line has blanks between all values, otherwise there is one where neither neighbour is a text.
  static func joined(_ values: [TemplateValue], asLine: Bool) -> String {
    var out = ""
    for (index, value) in values.enumerated() {
      if index > 0 && (asLine || (!values[index - 1].isText && !value.isText)) { out += " " }
      out += value.text
    }
    return asLine ? out + "\n" : out
  }

  private struct Verb {
    var padsRight = false
    var padsZero = false
    var showsSign = false
    var width = 0
    var precision: Int?
    var letter: UnicodeScalar = "v"
  }

  /// - Throws: where values and verbs do not fit each other; Go would write the complaint into the name.
  static func formatted(_ format: String, _ values: ArraySlice<TemplateValue>) throws(TemplateError) -> String {
    var left = values
    var rest = format.unicodeScalars[...]
    var out = ""
    while let scalar = rest.popFirst() {
      if scalar != "%" {
        out.unicodeScalars.append(scalar)
        continue
      }
      let verb = try verb(&rest)
      if verb.letter == "%" {
        out += "%"
        continue
      }
      guard let value = left.popFirst() else { throw TemplateError("printf: a value for %\(verb.letter) is missing") }
      out += padded(try text(of: value, verb), verb)
      if out.utf8.count > TemplateLimits.value { throw TemplateError("printf: the result is too long") }
    }
    if !left.isEmpty { throw TemplateError("printf: more values than verbs") }
    return out
  }

  private static func verb(_ rest: inout Substring.UnicodeScalarView) throws(TemplateError) -> Verb {
    var verb = Verb()
    flags: while let flag = rest.first {
      switch flag {
      case "-": verb.padsRight = true
      case "0": verb.padsZero = true
      case "+": verb.showsSign = true
      case " ", "#": throw TemplateError("printf: the flag \"\(flag)\" is not supported")
      default: break flags
      }
      rest.removeFirst()
    }
    verb.width = try number(&rest) ?? 0
    if rest.first == "." {
      rest.removeFirst()
      verb.precision = try number(&rest) ?? 0
    }
    guard let letter = rest.popFirst() else { throw TemplateError("printf: the verb after % is missing") }
    verb.letter = letter
    return verb
  }

  private static func number(_ rest: inout Substring.UnicodeScalarView) throws(TemplateError) -> Int? {
    var value: Int?
    while let digit = rest.first, ("0"..."9").contains(digit) {
      value = (value ?? 0) * 10 + Int(digit.value - 48)
      if let value, value > TemplateLimits.value { throw TemplateError("printf: the width is too large") }
      rest.removeFirst()
    }
    return value
  }

  private static func text(of value: TemplateValue, _ verb: Verb) throws(TemplateError) -> String {
    func cut(_ text: String) -> String {
      guard let precision = verb.precision else { return text }
      return String(String.UnicodeScalarView(text.unicodeScalars.prefix(precision)))
    }
    switch (verb.letter, value) {
    case ("s", .string(let text)), ("v", .string(let text)): return cut(text)
    case ("q", .string(let text)): return quoted(cut(text))
    case ("x", .string(let text)): return Hex.encode(text.utf8)
    case ("X", .string(let text)): return Hex.encode(text.utf8).uppercased()
    case ("d", .int(let number)), ("v", .int(let number)): return signed(number, 10, verb)
    case ("x", .int(let number)): return signed(number, 16, verb)
    case ("X", .int(let number)): return signed(number, 16, verb).uppercased()
    case ("o", .int(let number)): return signed(number, 8, verb)
    case ("b", .int(let number)): return signed(number, 2, verb)
    case ("t", .bool), ("v", .bool): return value.text
    default: throw TemplateError("printf: %\(verb.letter) does not fit a value of type \(value.typeName)")
    }
  }

  private static func signed(_ number: Int64, _ radix: Int, _ verb: Verb) -> String {
    var digits = String(number.magnitude, radix: radix)
    let sign = number < 0 ? "-" : verb.showsSign ? "+" : ""
    // Zeros stand between the sign and the digits.
    let wanted = verb.precision ?? (verb.padsZero && !verb.padsRight ? verb.width - sign.utf8.count : 0)
    if digits.utf8.count < wanted { digits = String(repeating: "0", count: wanted - digits.utf8.count) + digits }
    return sign + digits
  }

  private static func padded(_ text: String, _ verb: Verb) -> String {
    let missing = verb.width - text.unicodeScalars.count
    if missing <= 0 { return text }
    let filling = String(repeating: verb.padsZero && !verb.padsRight ? "0" : " ", count: missing)
    return verb.padsRight ? text + filling : filling + text
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      case "\r": out += "\\r"
      case _ where scalar.value < 32 || scalar.value == 127:
        out += "\\x" + Hex.encode([UInt8(truncatingIfNeeded: scalar.value)])
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}

extension TemplateValue {
  fileprivate var isText: Bool { if case .string = self { true } else { false } }
}
