internal import JSONText

/// Values as HCL writes them.
enum HCLText {
  static func quoted(_ text: String) -> String {
    var out = "\""
    var previous: Unicode.Scalar = " "
    for c in text.unicodeScalars {
      switch c {
      case "\"", "\\": out += "\\" + String(c)
      case "\n": out += "\\n"
      // A brace behind a dollar sign would begin an interpolation.
      case "{" where previous == "$": out += "\\x7b"
      case "\u{00}"..."\u{1F}", "\u{7F}":
        let digits = String(c.value, radix: 16)
        out += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
      default: out.unicodeScalars.append(c)
      }
      previous = c
    }
    return out + "\""
  }

  static func list(_ values: [JSONValue]) -> String { "[" + values.map(value).joined(separator: ", ") + "]" }

  private static func value(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): quoted(text)
    case .array(let values): list(values)
    case .object(let object):
      "{ " + object.members.map { "\(quoted($0.name)) = \(self.value($0.value))" }.joined(separator: ", ") + " }"
    default: JSONText(value).string
    }
  }
}
