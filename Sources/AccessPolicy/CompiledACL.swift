package import JSONText
package import Primitives

/// The answer to "may this token do that?".
package struct Verdict: Sendable, Equatable {
  /// What keeps the request out; nil where nothing does. A path that is protected needs `hasSudo` besides.
  package let refusal: Refusal?
  package let hasSudo: Bool
  /// Names of the policies that grant the capability; empty where it is not granted.
  package let grantingPolicies: [String]
  package let isRoot: Bool

  package init(refusal: Refusal? = nil, hasSudo: Bool = false, grantingPolicies: [String] = [], isRoot: Bool = false) {
    self.refusal = refusal
    self.hasSudo = hasSudo
    self.grantingPolicies = grantingPolicies
    self.isRoot = isRoot
  }

  /// Whether the rules let the operation through.
  package var isAllowed: Bool { refusal == nil }
}

/// The rule that decides about a request, and where its set has it.
struct DecidingRule {
  enum Place {
    case exact, exactWithoutSlash
    case prefix(Int)
    case segmented(Int)
  }
  let place: Place
  let permissions: Permissions
}

/// All policies of a token made into one set of rules. Exactly one rule, the most specific one that matches, decides
/// about a request.
package final class CompiledACL: Sendable {
  private struct PrefixRule: Sendable {
    let prefix: [UInt8]
    /// The longest other prefix that this one begins with.
    let shorter: Int?
    let precedence: Precedence
    let permissions: Permissions
  }

  private struct SegmentRule: Sendable {
    let segments: [PathPattern.Segment]
    let isOpen: Bool
    let precedence: Precedence
    let permissions: Permissions
  }

  package let isRoot: Bool
  private let exact: [[UInt8]: Permissions]
  /// Sorted bytewise.
  private let prefixes: [PrefixRule]
  /// The one that counts first comes first.
  private let segmented: [SegmentRule]

  /// Rules whose templates have no value for the subject are left out. The root policy counts only where it stands
  /// alone; among others it brings nothing.
  package init(_ policies: [Policy], subject: TemplateSubject?) {
    isRoot = !policies.isEmpty && policies.allSatisfy { $0.name == Policy.rootName }
    var joined: [PathPattern: Permissions] = [:]
    for policy in policies where !isRoot {
      for rule in policy.rules {
        guard let pattern = rule.path.resolved(subject) else { continue }
        let permissions = rule.permissions.from(policy: policy.name)
        if var known = joined[pattern] {
          known.join(permissions)
          joined[pattern] = known
        } else {
          joined[pattern] = permissions
        }
      }
    }
    var exact: [[UInt8]: Permissions] = [:]
    var byPrefix: [(prefix: [UInt8], permissions: Permissions)] = []
    var segmented: [SegmentRule] = []
    for (pattern, permissions) in joined {
      switch pattern {
      case .exact(let path): exact[path] = permissions
      case .prefix(let prefix): byPrefix.append((prefix, permissions))
      case .segments(let segments, let isOpen):
        segmented.append(
          SegmentRule(
            segments: segments, isOpen: isOpen, precedence: Precedence(segments: segments, isOpen: isOpen),
            permissions: permissions))
      }
    }
    byPrefix.sort { $0.prefix.lexicographicallyPrecedes($1.prefix) }
    var prefixes: [PrefixRule] = []
    for (prefix, permissions) in byPrefix {
      var shorter = prefixes.indices.last
      while let at = shorter, !prefix.starts(with: prefixes[at].prefix) { shorter = prefixes[at].shorter }
      prefixes.append(
        PrefixRule(
          prefix: prefix, shorter: shorter, precedence: Precedence(prefix: prefix), permissions: permissions))
    }
    self.exact = exact
    self.prefixes = prefixes
    self.segmented = segmented.sorted { $0.precedence > $1.precedence }
  }

  /// `parameters` are the request's body and query; `wrapTTL` is what the request asks for, nil where it does not.
  package func decide(
    _ operation: AccessOperation, path: String, parameters: JSONObject, wrapTTL: TimeSpan?
  ) -> Verdict {
    if isRoot { return Verdict(hasSudo: true, grantingPolicies: [Policy.rootName], isRoot: true) }
    if operation == .help { return Verdict() }
    guard let rule = rule(for: operation, path: path) else { return Verdict(refusal: .noRule) }
    let permissions = rule.permissions
    let hasSudo = permissions.capabilities.contains(.sudo)
    if let refusal = permissions.refusal(operation, parameters, wrapTTL: wrapTTL) {
      return Verdict(refusal: refusal, hasSudo: hasSudo)
    }
    return Verdict(hasSudo: hasSudo, grantingPolicies: permissions.policies(granting: CapabilitySet(operation)))
  }

  /// The one rule that decides about the operation.
  func rule(for operation: AccessOperation, path: String) -> DecidingRule? {
    rule(Self.bytes(path, of: operation), isList: operation == .list)
  }

  /// What the token may do there, sorted: `["root"]`, `["deny"]`, or names of capabilities. A path that ends in `/`
  /// is looked up as for a list.
  package func capabilities(_ path: String) -> [String] {
    if isRoot { return [Policy.rootName] }
    let bytes = Self.bytes(path)
    return rule(bytes, isList: bytes.last == UInt8(ascii: "/"))?.permissions.capabilities.sortedNames ?? ["deny"]
  }

  /// Whether some path at or below `prefix` (a mount's path, with its slash) is granted anything.
  package func hasAnyAccess(under prefix: String) -> Bool {
    if isRoot { return true }
    let mount = Self.bytes(prefix)
    let bare = mount.last == UInt8(ascii: "/") ? mount.dropLast() : mount[...]
    for (path, permissions) in exact where permissions.capabilities.grantsAnything {
      if path.starts(with: mount) || path.elementsEqual(bare) { return true }
    }
    let covering = longestPrefix(of: mount[...])
    if let covering, prefixes[covering].permissions.capabilities.grantsAnything { return true }
    for rule in prefixes where rule.permissions.capabilities.grantsAnything {
      if rule.prefix.count >= mount.count, rule.prefix.starts(with: mount) { return true }
    }
    for rule in segmented where rule.permissions.capabilities.grantsAnything {
      // What covers the whole mount and counts before this rule leaves nothing to it.
      if let covering, prefixes[covering].precedence > rule.precedence { return false }
      if Self.reaches(rule, below: mount) { return true }
    }
    return false
  }

  /// The data of sys/internal/ui/resultant-acl.
  package var resultantACL: JSONObject {
    if isRoot { return ["chroot_namespace": "", "root": true] }
    func object(_ rules: [(String, Permissions)]) -> JSONValue {
      let members = rules.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
      return .object(JSONObject(members: members.map { JSONObject.Member(name: $0.0, value: $0.1.resultant) }))
    }
    let exactPaths = exact.map { (PathPattern.exact($0.key).description, $0.value) }
    let globs = prefixes.map { (PathPattern.prefix($0.prefix).description, $0.permissions) }
    let patterns = segmented.map {
      (PathPattern.segments($0.segments, isOpen: $0.isOpen).description, $0.permissions)
    }
    return [
      "chroot_namespace": "", "exact_paths": object(exactPaths), "glob_paths": object(globs + patterns), "root": false,
    ]
  }

  // MARK: Which rule

  private static func bytes(_ path: String) -> [UInt8] {
    guard path.utf8.first == UInt8(ascii: "/") else { return Array(path.utf8) }
    return Array(path.utf8.drop { $0 == UInt8(ascii: "/") })
  }

  /// The path as rules see it: lists run with a slash at its end.
  static func bytes(_ path: String, of operation: AccessOperation) -> [UInt8] {
    var bytes = bytes(path)
    if operation == .list, let last = bytes.last, last != UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
    return bytes
  }

  private func rule(_ path: [UInt8], isList: Bool) -> DecidingRule? {
    if let found = exact[path] { return DecidingRule(place: .exact, permissions: found) }
    if isList, path.last == UInt8(ascii: "/") {
      let bare = path.dropLast()
      if let found = exact[Array(bare)] { return DecidingRule(place: .exactWithoutSlash, permissions: found) }
      return glob(bare) ?? glob(path[...])
    }
    return glob(path[...])
  }

  private func glob(_ path: ArraySlice<UInt8>) -> DecidingRule? {
    let covering = longestPrefix(of: path)
    for (i, rule) in segmented.enumerated() {
      if let covering, prefixes[covering].precedence > rule.precedence { break }
      if PathPattern.matches(rule.segments, isOpen: rule.isOpen, path) {
        return DecidingRule(place: .segmented(i), permissions: rule.permissions)
      }
    }
    return covering.map { DecidingRule(place: .prefix($0), permissions: prefixes[$0].permissions) }
  }

  /// The pattern of a rule that this set found to decide about the path.
  func pattern(of rule: DecidingRule, path: [UInt8]) -> PathPattern {
    switch rule.place {
    case .exact: .exact(path)
    case .exactWithoutSlash: .exact(path.dropLast())
    case .prefix(let at): .prefix(prefixes[at].prefix)
    case .segmented(let at): .segments(segmented[at].segments, isOpen: segmented[at].isOpen)
    }
  }

  /// Whatever sorts between a prefix of the path and the path itself begins with that prefix. So the last one that
  /// does not sort behind the path leads, over ever shorter ones, to the longest that matches.
  private func longestPrefix(of path: ArraySlice<UInt8>) -> Int? {
    var low = 0
    var high = prefixes.count
    while low < high {
      let middle = (low + high) / 2
      if path.lexicographicallyPrecedes(prefixes[middle].prefix) { high = middle } else { low = middle + 1 }
    }
    var candidate = low > 0 ? low - 1 : nil
    while let at = candidate, !path.starts(with: prefixes[at].prefix) { candidate = prefixes[at].shorter }
    return candidate
  }

  /// Whether the rule matches some path that begins with `mount`, which ends with a slash.
  private static func reaches(_ rule: SegmentRule, below mount: [UInt8]) -> Bool {
    var parts = mount.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if parts.last?.isEmpty == true { parts.removeLast() }
    for (i, part) in parts.enumerated() {
      guard i < rule.segments.count else { return false }
      guard case .literal(let bytes) = rule.segments[i] else { continue }
      if i == rule.segments.count - 1, rule.isOpen { return part.starts(with: bytes) }
      if !part.elementsEqual(bytes) { return false }
    }
    return true
  }
}
