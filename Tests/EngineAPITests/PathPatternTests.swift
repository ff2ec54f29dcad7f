import EngineAPI
import Testing

private let patterns: [PathPattern] = [
  "a", "a/", "a/b", "a/b/", "{x}", "{x}/", "a/{x}", "a/{x}/", "a/{x}/b", "{x}/{y}", "{x:any}", "a/{x:any}/b",
  "a/{x:any}/",
  "{x...}", "{x...?}", "a/{x...}", "a/{x...?}", "a/{x}/{y...}", "a/{x}/{y...?}", "{x:any}/{y...?}",
]

@Suite struct PathPatternTests {
  /// By splitting, as one would say what a pattern means.
  private func plain(_ pattern: PathPattern, _ path: String) -> [String: String]? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    var captures: [String: String] = [:]
    for (index, segment) in pattern.segments.enumerated() {
      if case .rest(let name, let mayBeEmpty) = segment {
        let rest = parts.dropFirst(index).joined(separator: "/")
        captures[name] = rest
        return mayBeEmpty || !rest.isEmpty ? captures : nil
      }
      guard index < parts.count else { return nil }
      switch segment {
      case .literal(let text): if parts[index] != text { return nil }
      case .name(let name):
        guard parts[index].wholeMatch(of: /\w|\w[\w.-]*\w/.asciiOnlyWordCharacters()) != nil else { return nil }
        captures[name] = parts[index]
      case .any(let name):
        if parts[index].isEmpty { return nil }
        captures[name] = parts[index]
      case .rest: return nil
      }
    }
    let left = parts.dropFirst(pattern.segments.count)
    return left.isEmpty || (pattern.slashIsOptional && Array(left) == [""]) ? captures : nil
  }

  @Test(arguments: patterns) func matchesAsItSays(_ pattern: PathPattern) {
    var paths = [""]
    for part in ["a", "b", "", "a.b-c", ".a", "é", "a b"] {
      paths += [part] + ["a", "b", "", "-", "é"].map { part + "/" + $0 }
      for middle in ["a", "", "b_1"] { paths += ["b", "", "c"].map { "\(part)/\(middle)/\($0)" } }
    }
    for path in paths { #expect(pattern.match(path) == plain(pattern, path), "\(pattern) on \"\(path)\"") }
    #expect(
      paths.contains { pattern.match($0) != nil } && paths.contains { pattern.match($0) == nil || pattern == "{x...?}" }
    )
  }
}
