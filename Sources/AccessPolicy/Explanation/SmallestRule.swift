internal import JSONText
internal import Primitives

/// The least that would have to be added to a set of policies so that a request is allowed. It is tried before it is
/// told: a rule that would not help, or would take something away, is not offered.
struct SmallestRule {
  let text: String?
  let note: String

  static let none = SmallestRule(text: nil, note: "")

  static let withoutParameters = SmallestRule(
    text: nil, note: "the request's parameters were not kept; ask again with them for a rule that allows it")

  private init(text: String?, note: String) {
    self.text = text
    self.note = note
  }

  init(for question: AccessQuestion, in set: PolicySet, deciding: Permissions?, pattern: PathPattern?) {
    let path = CompiledACL.bytes(question.path, of: question.operation)
    guard PathPattern(path) == .exact(path), !path.isEmpty else {
      self.init(
        text: nil, note: "the path has a wildcard's sign at its end or as a segment, and cannot be written exactly")
      return
    }
    let isExact = pattern == .exact(path)
    var draft = RuleDraft(path: String(decoding: path, as: UTF8.self))
    draft.capabilities = CapabilitySet(question.operation).union(question.needsSudo ? .sudo : [])
    let denies = deciding?.capabilities.contains(.deny) == true
    if let deciding, !denies {
      if isExact { draft.join(with: deciding, for: question) } else { draft.take(over: deciding, for: question) }
    }
    // A rule for the path counts for its list too, which another may have granted until now.
    if !isExact, set.acl.rule(for: .list, path: question.path)?.permissions.capabilities.contains(.list) == true {
      draft.capabilities.insert(.list)
    }
    guard let policy = try? Policy(name: "\0added", text: draft.text),
      PolicySet(set.policies + [policy], subject: set.subject).allows(question)
    else {
      self.init(text: nil, note: Self.hopeless(isExact: isExact, denies: denies))
      return
    }
    self.init(text: draft.text, note: Self.caution(isExact: isExact, denies: denies, pattern))
  }

  private static func hopeless(isExact: Bool, denies: Bool) -> String {
    if isExact && denies { return "no added rule helps: a deny for the very path wins over all others; take it out" }
    if isExact { return "no added rule helps: rules for one path only add to each other; change the one that decides" }
    return "no added rule was found that helps; change the one that decides"
  }

  private static func caution(isExact: Bool, denies: Bool, _ pattern: PathPattern?) -> String {
    guard let pattern, !isExact else { return "" }
    let name = "\"\(pattern.written)\""
    if denies { return "the deny of \(name) no longer counts for this path once it has a rule of its own" }
    return "once the path has a rule of its own, \(name) no longer counts for it: what that rule says is taken over"
  }
}

/// A rule in the making.
private struct RuleDraft {
  let path: String
  var capabilities: CapabilitySet = []
  var minWrapping: TimeSpan?
  var maxWrapping: TimeSpan?
  var parameters = ParameterRules()

  init(path: String) { self.path = path }

  /// What joins a rule for the same path so that together they allow the request.
  mutating func join(with rule: Permissions, for question: AccessQuestion) {
    if let least = rule.minWrapping, let ttl = question.wrapTTL, ttl < least { minWrapping = ttl }
    for member in question.parameters.members where question.operation.hasParameters {
      let name = member.name.lowercased()
      if !rule.parameters.allowed.isEmpty { allow(name, member.value, beside: rule.parameters) }
    }
  }

  /// The general rule, narrowed to the path and widened by what the request needs.
  mutating func take(over rule: Permissions, for question: AccessQuestion) {
    capabilities.formUnion(rule.capabilities)
    if let ttl = question.wrapTTL, ttl > .zero {
      minWrapping = rule.minWrapping.map { min($0, ttl) }
      maxWrapping = rule.maxWrapping.map { max($0, ttl) }
    }
    parameters = rule.parameters
    guard question.operation.hasParameters else { return }
    parameters.required.removeAll { question.parameters[$0] == nil }
    for member in question.parameters.members {
      let name = member.name.lowercased()
      parameters.denied["*"] = nil
      if let values = parameters.denied[name], values.isEmpty || ParameterRules.touches(member.value, values) {
        parameters.denied[name] = nil
      }
      if !parameters.allowed.isEmpty { allow(name, member.value, beside: rule.parameters) }
    }
  }

  private mutating func allow(_ name: String, _ value: JSONValue, beside known: ParameterRules) {
    guard let values = known.allowed[name] else {
      if known.allowed["*"] == nil { parameters.allowed[name] = [] }
      return
    }
    if values.isEmpty || ParameterRules.stays(value, within: values) { return }
    // No listed value equals a number or holds a secret's text: what helps then is any value.
    parameters.allowed[name] = []
  }

  var text: String {
    var lines = ["  capabilities = " + HCLText.list(capabilities.sortedNames.map { .string($0) })]
    if let minWrapping { lines.append("  min_wrapping_ttl = " + HCLText.quoted(minWrapping.goDescription)) }
    if let maxWrapping { lines.append("  max_wrapping_ttl = " + HCLText.quoted(maxWrapping.goDescription)) }
    lines += Self.object("allowed_parameters", parameters.allowed)
    lines += Self.object("denied_parameters", parameters.denied)
    if !parameters.required.isEmpty {
      lines.append("  required_parameters = " + HCLText.list(parameters.required.map { .string($0) }))
    }
    return "path \(HCLText.quoted(path)) {\n" + lines.joined(separator: "\n") + "\n}\n"
  }

  private static func object(_ key: String, _ rules: [String: [JSONValue]]) -> [String] {
    guard !rules.isEmpty else { return [] }
    let members = rules.sorted { $0.key < $1.key }.map { "    \(HCLText.quoted($0.key)) = \(HCLText.list($0.value))" }
    return ["  \(key) = {"] + members + ["  }"]
  }
}

extension AccessOperation {
  /// Parameters are looked at for these only.
  var hasParameters: Bool {
    switch self {
    case .read, .create, .update, .patch: true
    case .list, .delete, .help: false
    }
  }
}
