package import Primitives

/// What a flag can hold.
package protocol FlagValue: Sendable {
  /// False for flags that say enough by being there.
  static var takesValue: Bool { get }
  /// How help shows the value.
  static var placeholder: String { get }
  /// Reads what was given, in order; nil where the last text makes no sense.
  init?(flagTexts: [String])
  /// What is wrong with a text that makes no sense.
  static func fault(_ text: String) -> String
}

extension FlagValue {
  package static func fault(_ text: String) -> String { "parse error" }
}

/// A flag of a command: its name, where else its value may come from, and what it means.
package struct Flag<Value: FlagValue>: Sendable {
  package let name: String
  package let aliases: [String]
  package let fallback: Value
  /// An environment variable that stands in for the flag.
  package let variable: String
  package let help: String

  package init(_ name: String, aliases: [String] = [], default fallback: Value, variable: String = "", _ help: String) {
    self.name = name
    self.aliases = aliases
    self.fallback = fallback
    self.variable = variable
    self.help = help
  }
}

/// A flag whatever it holds, for parsing and for help.
package protocol AnyFlag: Sendable {
  var name: String { get }
  var aliases: [String] { get }
  var variable: String { get }
  var help: String { get }
  var takesValue: Bool { get }
  var placeholder: String { get }
  func accepts(_ texts: [String]) -> Bool
  func fault(_ text: String) -> String
}

extension Flag: AnyFlag {
  package var takesValue: Bool { Value.takesValue }
  package var placeholder: String { Value.placeholder }
  package func accepts(_ texts: [String]) -> Bool { Value(flagTexts: texts) != nil }
  package func fault(_ text: String) -> String { Value.fault(text) }
}

extension Flag where Value == Bool {
  package init(_ name: String, aliases: [String] = [], variable: String = "", _ help: String) {
    self.init(name, aliases: aliases, default: false, variable: variable, help)
  }
}

extension Flag where Value == String {
  package init(_ name: String, aliases: [String] = [], variable: String = "", _ help: String) {
    self.init(name, aliases: aliases, default: "", variable: variable, help)
  }
}

extension Flag where Value == [String] {
  package init(_ name: String, aliases: [String] = [], variable: String = "", _ help: String) {
    self.init(name, aliases: aliases, default: [], variable: variable, help)
  }
}

extension Flag where Value == TimeSpan {
  package init(_ name: String, aliases: [String] = [], variable: String = "", _ help: String) {
    self.init(name, aliases: aliases, default: .zero, variable: variable, help)
  }
}

extension Flag where Value == KeyedTexts {
  package init(_ name: String, aliases: [String] = [], variable: String = "", _ help: String) {
    self.init(name, aliases: aliases, default: KeyedTexts(), variable: variable, help)
  }
}

extension String: FlagValue {
  package static var takesValue: Bool { true }
  package static var placeholder: String { "TEXT" }
  package init?(flagTexts: [String]) {
    guard let last = flagTexts.last else { return nil }
    self = last
  }
}

extension Bool: FlagValue {
  package static var takesValue: Bool { false }
  package static var placeholder: String { "" }
  package init?(flagTexts: [String]) {
    switch flagTexts.last {
    case "1", "t", "T", "true", "TRUE", "True": self = true
    case "0", "f", "F", "false", "FALSE", "False": self = false
    default: return nil
    }
  }
  package static func fault(_ text: String) -> String { "strconv.ParseBool: parsing \"\(text)\": invalid syntax" }
}

extension Int64: FlagValue {
  package static var takesValue: Bool { true }
  package static var placeholder: String { "NUMBER" }
  package init?(flagTexts: [String]) {
    guard let last = flagTexts.last, let value = Int64(last) else { return nil }
    self = value
  }
  package static func fault(_ text: String) -> String { "strconv.ParseInt: parsing \"\(text)\": invalid syntax" }
}

extension TimeSpan: FlagValue {
  package static var takesValue: Bool { true }
  package static var placeholder: String { "TIME" }
  package init?(flagTexts: [String]) {
    guard let last = flagTexts.last, let value = TimeSpan(api: last) else { return nil }
    self = value
  }
  package static func fault(_ text: String) -> String { "time: invalid duration \"\(text)\"" }
}

/// A flag that may be repeated.
extension Array: FlagValue where Element == String {
  package static var takesValue: Bool { true }
  package static var placeholder: String { "TEXT" }
  package init?(flagTexts: [String]) { self = flagTexts }
}

/// A flag `key=value` that may be repeated; a later value of the same key wins.
package struct KeyedTexts: FlagValue, Equatable {
  package var entries: [(key: String, value: String)] = []
  package static var takesValue: Bool { true }
  package static var placeholder: String { "KEY=VALUE" }
  package static func fault(_ text: String) -> String { "missing = in KV pair: \"\(text)\"" }

  package init() {}

  package init?(flagTexts: [String]) {
    for text in flagTexts {
      guard let equals = text.firstIndex(of: "=") else { return nil }
      let key = String(text[..<equals])
      entries.removeAll { $0.key == key }
      entries.append((key, String(text[text.index(after: equals)...])))
    }
  }

  package static func == (a: KeyedTexts, b: KeyedTexts) -> Bool {
    a.entries.elementsEqual(b.entries) { $0.key == $1.key && $0.value == $1.value }
  }
}
