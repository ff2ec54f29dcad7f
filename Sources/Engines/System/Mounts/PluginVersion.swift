internal import EngineAPI

/// The version of an engine as clients name it. There is one of each engine, the one that is built in.
enum PluginVersion {
  /// What was asked for, in the form in which versions are shown: `1.2` is `v1.2.0`.
  /// - Throws: 400 for what is no version.
  static func canonical(_ text: String) throws(EngineError) -> String {
    var rest = text.hasPrefix("v") ? text.dropFirst() : text[...]
    let suffix = rest.firstIndex { $0 == "-" || $0 == "+" }.map { rest[$0...] } ?? ""
    rest = rest.dropLast(suffix.count)
    var numbers = rest.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let isNumeric = numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    let isPlain = suffix.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    guard isNumeric, isPlain, suffix.count != 1 else {
      throw .invalid("version \"\(text)\" is not a valid semantic version: Malformed version: \(text)")
    }
    while numbers.count < 3 { numbers.append("0") }
    return "v" + numbers.joined(separator: ".") + suffix
  }
}
