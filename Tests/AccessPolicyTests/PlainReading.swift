import AccessPolicy
import JSONText
import Primitives

/// The rules of the policy language read straight from its documentation, without any cleverness: every rule is
/// looked at for every question. The real thing is held against this.
struct PlainReading {
  struct Stanza {
    var path: String
    var capabilities: [String]
    var minTTL: Int64 = 0
    var maxTTL: Int64 = 0
    var allowed: [(String, [String])] = []
    var denied: [(String, [String])] = []
    var required: [String] = []

    var hcl: String {
      func list(_ values: [String]) -> String { "[" + values.map { "\"\($0)\"" }.joined(separator: ", ") + "]" }
      func map(_ rules: [(String, [String])]) -> String {
        "{ " + rules.map { "\"\($0.0)\" = \(list($0.1))" }.joined(separator: ", ") + " }"
      }
      var out = "path \"\(path)\" {\n  capabilities = \(list(capabilities))\n"
      if minTTL > 0 { out += "  min_wrapping_ttl = \(minTTL)\n" }
      if maxTTL > 0 { out += "  max_wrapping_ttl = \"\(maxTTL)s\"\n" }
      if !allowed.isEmpty { out += "  allowed_parameters = \(map(allowed))\n" }
      if !denied.isEmpty { out += "  denied_parameters = \(map(denied))\n" }
      if !required.isEmpty { out += "  required_parameters = \(list(required))\n" }
      return out + "}\n"
    }
  }

  let stanzas: [Stanza]

  func capabilities(_ path: String) -> [String] {
    let path = Self.stripped(path)
    return granted(matching(path, list: path.hasSuffix("/")))
  }

  func allows(_ operation: AccessOperation, _ path: String, _ parameters: [(String, String)], _ ttl: Int64?) -> Bool {
    if operation == .help { return true }
    var path = Self.stripped(path)
    if operation == .list, !path.isEmpty, !path.hasSuffix("/") { path += "/" }
    let rules = matching(path, list: operation == .list)
    guard granted(rules).contains(operation.rawValue) else { return false }
    let shortest = rules.map(\.minTTL).filter { $0 > 0 }.min()
    let longest = rules.map(\.maxTTL).filter { $0 > 0 }.min()
    if shortest != nil || longest != nil {
      guard let ttl, ttl > 0, ttl >= shortest ?? 0, ttl <= longest ?? .max else { return false }
    }
    if operation == .list || operation == .delete { return true }
    for rule in rules {
      for name in rule.required where !parameters.contains(where: { $0.0 == name.lowercased() }) { return false }
    }
    let denied = joined(rules.flatMap(\.denied))
    let allowed = joined(rules.flatMap(\.allowed))
    for (name, value) in parameters {
      let name = name.lowercased()
      if denied.contains(where: { $0.0 == "*" }) { return false }
      if let values = denied.first(where: { $0.0 == name })?.1 {
        if values.isEmpty || values.contains(where: { Self.glob($0, value) }) { return false }
      }
      if allowed.isEmpty { continue }
      if let values = allowed.first(where: { $0.0 == name })?.1 {
        if !values.isEmpty && !value.isEmpty && !values.contains(where: { Self.glob($0, value) }) { return false }
      } else if !allowed.contains(where: { $0.0 == "*" }) {
        return false
      }
    }
    return true
  }

  private func joined(_ rules: [(String, [String])]) -> [(String, [String])] {
    var out: [(String, [String])] = []
    for (name, values) in rules {
      let name = name.lowercased()
      if let at = out.firstIndex(where: { $0.0 == name }) {
        out[at].1 = out[at].1.isEmpty || values.isEmpty ? [] : out[at].1 + values
      } else {
        out.append((name, values))
      }
    }
    return out
  }

  private func granted(_ rules: [Stanza]) -> [String] {
    let all = Set(rules.flatMap(\.capabilities))
    return all.isEmpty || all.contains("deny") ? ["deny"] : all.sorted()
  }

  private static func stripped(_ path: String) -> String { String(path.drop { $0 == "/" }) }

  private static func glob(_ pattern: String, _ text: String) -> Bool {
    if pattern == "*" { return text == "*" }
    let opensLeft = pattern.hasPrefix("*")
    let opensRight = pattern.hasSuffix("*")
    let inner = String(pattern.dropFirst(opensLeft ? 1 : 0).dropLast(opensRight ? 1 : 0))
    // Every way of cutting the text is tried.
    let letters = Array(text)
    for from in 0...letters.count where from == 0 || opensLeft {
      for to in from...letters.count where to == letters.count || opensRight {
        if String(letters[from..<to]) == inner { return true }
      }
    }
    return false
  }

  // MARK: Which stanzas count

  /// All stanzas that are written for the one pattern that decides.
  private func matching(_ path: String, list: Bool) -> [Stanza] {
    func of(_ pattern: String?) -> [Stanza] {
      guard let pattern else { return [] }
      return stanzas.filter { Self.pattern($0) == pattern }
    }
    let exact = Set(stanzas.map(Self.pattern).filter { !$0.hasSuffix("*") && !Self.hasPlus($0) })
    if exact.contains(path) { return of(path) }
    if list, path.hasSuffix("/") {
      let bare = String(path.dropLast())
      if exact.contains(bare) { return of(bare) }
      if let pattern = best(bare) { return of(pattern) }
    }
    return of(best(path))
  }

  private static func pattern(_ stanza: Stanza) -> String {
    stanza.path.hasPrefix("/") ? String(stanza.path.dropFirst()) : stanza.path
  }

  private static func hasPlus(_ pattern: String) -> Bool {
    let body = pattern.hasSuffix("*") ? String(pattern.dropLast()) : pattern
    return parts(body).contains("+")
  }

  private static func parts(_ text: String) -> [String] {
    text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
  }

  private func best(_ path: String) -> String? {
    var candidates: [String] = []
    for pattern in Set(stanzas.map(Self.pattern)) {
      if Self.hasPlus(pattern) {
        if Self.segmentMatch(pattern, path) { candidates.append(pattern) }
      } else if pattern.hasSuffix("*"), path.hasPrefix(pattern.dropLast()) {
        candidates.append(pattern)
      }
    }
    var winner: String?
    for candidate in candidates {
      if let current = winner, !Self.beats(candidate, current) { continue }
      winner = candidate
    }
    return winner
  }

  private static func segmentMatch(_ pattern: String, _ path: String) -> Bool {
    let isOpen = pattern.hasSuffix("*")
    let wanted = parts(isOpen ? String(pattern.dropLast()) : pattern)
    let given = parts(path)
    if given.count < wanted.count || !isOpen && given.count != wanted.count { return false }
    for i in wanted.indices where wanted[i] != "+" {
      if isOpen && i == wanted.count - 1 {
        if !given[i].hasPrefix(wanted[i]) { return false }
      } else if given[i] != wanted[i] {
        return false
      }
    }
    return true
  }

  /// Whether `a` counts before `b`.
  private static func beats(_ a: String, _ b: String) -> Bool {
    func firstWildcard(_ pattern: String) -> Int {
      let body = pattern.hasSuffix("*") ? String(pattern.dropLast()) : pattern
      var length = 0
      for part in parts(body) {
        if part == "+" { return length }
        length += part.count + 1
      }
      return body.count
    }
    if firstWildcard(a) != firstWildcard(b) { return firstWildcard(a) > firstWildcard(b) }
    if a.hasSuffix("*") != b.hasSuffix("*") { return b.hasSuffix("*") }
    let plus = { (pattern: String) in parts(pattern).filter { $0 == "+" }.count }
    if plus(a) != plus(b) { return plus(a) < plus(b) }
    if a.count != b.count { return a.count > b.count }
    return a > b
  }
}
