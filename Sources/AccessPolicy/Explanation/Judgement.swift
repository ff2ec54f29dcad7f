package import JSONText

/// What policies say to a request of which some values are not known, as in an audit log.
package enum Judgement: Sendable, Equatable {
  /// With the rules that grant it.
  case allowed([RuleReference])
  /// With the rules that decide.
  case refused(Refusal, [RuleReference])
  case missesSudo([RuleReference])
  /// Why nothing can be said.
  case unknown(String)
}

extension PolicySet {
  /// - Parameters:
  ///   - isHidden: whether a parameter's value is not the real one.
  ///   - knowsSubject: false where the values of templates are not all known, so that a rule that was left out for that
  ///     may be one that counts.
  package func judge(
    _ question: AccessQuestion, isHidden: (JSONValue) -> Bool, knowsSubject: Bool
  ) -> Judgement {
    if acl.isRoot || question.operation == .help { return .allowed([]) }
    let path = CompiledACL.bytes(question.path, of: question.operation)
    if !knowsSubject, let source = unresolved.first(where: { path.starts(with: $0.rule.path.fixedBeginning) }) {
      return .unknown("a template in \"\(source.policy)\" has no known value")
    }
    guard let rule = acl.rule(for: question.operation, path: question.path) else { return .refused(.noRule, []) }
    let stanzas = sources[acl.pattern(of: rule, path: path)] ?? []
    let parameters = rule.permissions.parameters
    let hidden = question.parameters.members.filter { member in
      guard question.operation.hasParameters, Self.holdsHidden(member.value, isHidden) else { return false }
      let name = member.name.lowercased()
      return parameters.allowed[name]?.isEmpty == false || parameters.denied[name]?.isEmpty == false
    }
    // First as if every hidden value were a good one: what is refused even so is refused.
    let lenient = rule.permissions.withoutValues(of: hidden.map { $0.name.lowercased() })
    if let refusal = lenient.refusal(question.operation, question.parameters, wrapTTL: question.wrapTTL) {
      return .refused(refusal, stanzas.map(\.reference))
    }
    if question.needsSudo && !rule.permissions.capabilities.contains(.sudo) {
      return .missesSudo(stanzas.map(\.reference))
    }
    if let member = hidden.first {
      return .unknown("the rule compares the value of \"\(member.name)\", which the log does not show")
    }
    let needed = CapabilitySet(question.operation)
    return .allowed(stanzas.filter { $0.rule.permissions.capabilities.contains(needed) }.map(\.reference))
  }

  private static func holdsHidden(_ value: JSONValue, _ isHidden: (JSONValue) -> Bool) -> Bool {
    switch value {
    case .array(let values): values.contains { holdsHidden($0, isHidden) }
    case .object(let object): object.members.contains { holdsHidden($0.value, isHidden) }
    default: isHidden(value)
    }
  }

  /// Every rule of one policy.
  package func rules(of policy: String) -> [RuleReference] {
    policies.filter { $0.name == policy }.flatMap { policy in
      policy.rules.map { Source(policy: policy.name, rule: $0).reference }
    }
  }
}
