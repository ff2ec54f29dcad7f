internal import JSONText

/// JSON with two blanks a level, as people read it and scripts grep it.
enum IndentedJSON {
  static func text(_ value: JSONValue) -> String {
    var out = ""
    append(value, indent: "", to: &out)
    return out
  }

  private static func append(_ value: JSONValue, indent: String, to out: inout String) {
    let inner = indent + "  "
    switch value {
    case .object(let object) where !object.isEmpty:
      out += "{\n"
      for (i, member) in object.members.enumerated() {
        out += "\(i == 0 ? "" : ",\n")\(inner)\(JSONText(.string(member.name)).string): "
        append(member.value, indent: inner, to: &out)
      }
      out += "\n\(indent)}"
    case .array(let values) where !values.isEmpty:
      out += "[\n"
      for (i, value) in values.enumerated() {
        out += (i == 0 ? "" : ",\n") + inner
        append(value, indent: inner, to: &out)
      }
      out += "\n\(indent)]"
    default: out += JSONText(value).string
    }
  }
}
