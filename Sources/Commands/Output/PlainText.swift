package import JSONText
internal import Primitives

extension JSONValue {
  /// The value in the notation of Go's `%v`, which scripts read: `map[a:b]`, `[x y]`, `<nil>`.
  package var plainText: String {
    switch self {
    case .null: "<nil>"
    case .bool(let value): value ? "true" : "false"
    case .number(let number): number.text
    case .string(let text): text
    case .array(let values): "[" + values.map(\.plainText).joined(separator: " ") + "]"
    case .object(let object):
      "map[" + object.sorted.members.map { "\($0.name):\($0.value.plainText)" }.joined(separator: " ") + "]"
    }
  }
}

enum PlainText {
  /// A list in the notation of Go's `%q`: `["a" "b"]`.
  static func quoted(_ texts: [String]) -> String {
    "[" + texts.map { JSONText(.string($0)).string }.joined(separator: " ") + "]"
  }

  /// A length of time without the parts that say nothing: `768h`, `59m58s`, `0s`.
  static func duration(seconds: Int64) -> String {
    if seconds == 0 { return "0s" }
    var text = TimeSpan.seconds(seconds).goDescription
    if text.hasSuffix("m0s") { text.removeLast(2) }
    if let hours = text.firstIndex(of: "h") {
      let rest = text[text.index(after: hours)...]
      if rest.hasPrefix("0m") { text = String(text[...hours]) + rest.dropFirst(2) }
    }
    return text
  }

  /// A member's value as tables show it: numbers of seconds under a name that says so become a length of time.
  static func cell(_ name: String, _ value: JSONValue) -> String {
    if isDuration(name), let seconds = value.int64Value { return duration(seconds: seconds) }
    return value.plainText
  }

  private static func isDuration(_ name: String) -> Bool {
    switch name {
    case "period", "ttl", "duration", "lease_max", "ttl_max": true
    default: name.hasSuffix("_period") || name.hasSuffix("_ttl") || name.hasSuffix("_duration")
    }
  }
}

extension JSONValue {
  /// As a cell of a table, which is empty for null.
  var cell: String { isNull ? "" : plainText }
}

extension JSONValue? {
  var cell: String { map(\.cell) ?? "" }
}
