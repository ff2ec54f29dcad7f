/// Lists of policy names as tokens hold them.
package enum PolicyNames {
  /// Lower case, trimmed, without empty names and repetitions, sorted. Nothing stands beside `root`.
  package static func normalized(_ names: [String], addingDefault: Bool) -> [String] {
    var set = Set(names.map(normalized).filter { !$0.isEmpty })
    if set.contains("root") { return ["root"] }
    if addingDefault { set.insert("default") }
    return set.sorted()
  }

  package static func normalized(_ name: String) -> String {
    let trimmed = name.drop { $0.isWhitespace }
    guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return trimmed[...last].lowercased()
  }

  /// Those that the server gives out itself and nobody else may.
  package static let unassignable: Set<String> = ["response-wrapping", "control-group"]
}
