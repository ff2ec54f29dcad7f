internal import JSONText

/// Why a request is allowed or not: which policies were looked at, which rule decides and why it does, what is missing.
package struct Explanation: Sendable {
  /// A rule that matches the path, and how it stands beside the others.
  package struct Candidate: Sendable {
    /// As it would be written, with the values of templates in place.
    package let pattern: String
    package let sources: [RuleReference]
    /// What the sources grant together.
    package let capabilities: [String]
    package let decides: Bool
    /// Why it decides, or why it does not.
    package let why: String
  }

  /// One policy of the token.
  package struct Share: Sendable {
    package let policy: String
    package let exists: Bool
    package let rules: Int
    package let matching: Int
  }

  package struct Lack: Sendable, Equatable {
    /// `capability`, `sudo`, `wrapping`, `required_parameter`, `denied_parameter` or `allowed_parameter`.
    package let kind: String
    /// The capability or the parameter; empty for wrapping.
    package let name: String
    package let text: String
  }

  package let question: AccessQuestion
  package let isAllowed: Bool
  package let isRoot: Bool
  package let refusal: Refusal?
  package let reason: String
  package let policies: [Share]
  /// The one that decides first, then in the order in which the others would have come.
  package let candidates: [Candidate]
  package let missing: [Lack]
  /// Rules that might have matched, had their templates a value for the token's entity.
  package let skipped: [RuleReference]
  /// HCL; nil where the request is allowed, or where no added rule would help.
  package let smallestRule: String?
  /// What somebody who adds the rule should know, or why there is none.
  package let note: String
}

extension PolicySet {
  /// As many rules that lost are told about.
  private static let mostCandidates = 50

  /// - Parameter known: what was found earlier to keep the request out, where its parameters' values are no longer there.
  package func explain(_ question: AccessQuestion, refusal known: Refusal? = nil) -> Explanation {
    let verdict = acl.decide(
      question.operation, path: question.path, parameters: question.parameters, wrapTTL: question.wrapTTL)
    let refusal = known ?? verdict.refusal
    let lacksSudo = question.needsSudo && !verdict.hasSudo
    let isAllowed = refusal == nil && !lacksSudo
    let deciding =
      verdict.isRoot || question.operation == .help ? nil : acl.rule(for: question.operation, path: question.path)
    let matching = verdict.isRoot ? [] : matchingRules(question)
    let path = CompiledACL.bytes(question.path, of: question.operation)
    let winner = deciding.map { acl.pattern(of: $0, path: path) }
    var smallest = SmallestRule.none
    if known?.parameter != nil {
      smallest = .withoutParameters
    } else if !isAllowed {
      smallest = SmallestRule(for: question, in: self, deciding: deciding?.permissions, pattern: winner)
    }
    return Explanation(
      question: question, isAllowed: isAllowed, isRoot: verdict.isRoot, refusal: refusal,
      reason: reason(question, verdict, refusal, lacksSudo: lacksSudo), policies: shares(matching),
      candidates: candidates(matching, winner: winner, deciding),
      missing: lacks(question, refusal, lacksSudo: lacksSudo),
      skipped: unresolved.filter { path.starts(with: $0.rule.path.fixedBeginning) }.map(\.reference),
      smallestRule: smallest.text, note: smallest.note)
  }

  /// All rules that match, the one that decides first.
  func matchingRules(_ question: AccessQuestion) -> [(pattern: PathPattern, order: RuleOrder)] {
    let path = CompiledACL.bytes(question.path, of: question.operation)
    return sources.keys.compactMap { pattern in
      RuleOrder(pattern, path: path, isList: question.operation == .list).map { (pattern, $0) }
    }.sorted { $0.order < $1.order }
  }

  private func candidates(
    _ matching: [(pattern: PathPattern, order: RuleOrder)], winner: PathPattern?, _ deciding: DecidingRule?
  ) -> [Explanation.Candidate] {
    let first = matching.first { $0.pattern == winner }
    return matching.prefix(Self.mostCandidates).map { pattern, order in
      let decides = pattern == winner
      let stanzas = sources[pattern] ?? []
      var joined = stanzas.first?.rule.permissions ?? .denied
      for stanza in stanzas.dropFirst() { joined.join(stanza.rule.permissions) }
      let why: String
      if decides {
        let next = matching.first { $0.pattern != winner }
        why =
          next.map { "counts before \"\($0.pattern.written)\": " + order.advantage(over: $0.order) }
          ?? "the only rule that matches"
      } else {
        why = first.map { "does not count beside \"\($0.pattern.written)\": " + $0.order.advantage(over: order) } ?? ""
      }
      return Explanation.Candidate(
        pattern: pattern.written, sources: stanzas.map(\.reference), capabilities: joined.names, decides: decides,
        why: why)
    }
  }

  private func shares(_ matching: [(pattern: PathPattern, order: RuleOrder)]) -> [Explanation.Share] {
    let hits = matching.flatMap { sources[$0.pattern] ?? [] }
    let known = policies.map { policy in
      Explanation.Share(
        policy: policy.name, exists: true, rules: policy.rules.count, matching: hits.count { $0.policy == policy.name })
    }
    return known + absent.map { Explanation.Share(policy: $0, exists: false, rules: 0, matching: 0) }
  }

  private func reason(
    _ question: AccessQuestion, _ verdict: Verdict, _ refusal: Refusal?, lacksSudo: Bool
  ) -> String {
    if verdict.isRoot { return "the root policy allows everything" }
    if question.operation == .help { return "every valid token may read a path's help" }
    if let refusal { return refusal.description }
    if lacksSudo { return "the path is protected, and the rule that decides does not grant \"sudo\"" }
    return "granted by " + verdict.grantingPolicies.map { "\"\($0)\"" }.joined(separator: ", ")
  }

  private func lacks(_ question: AccessQuestion, _ refusal: Refusal?, lacksSudo: Bool) -> [Explanation.Lack] {
    var lacks: [Explanation.Lack] = []
    if let refusal {
      let name = refusal.parameter ?? (refusal.kind == "capability" ? question.operation.rawValue : "")
      let text = refusal.kind == "capability" ? "the capability \"\(name)\" on the path" : refusal.description
      lacks.append(Explanation.Lack(kind: refusal.kind, name: name, text: text))
    }
    if lacksSudo {
      lacks.append(
        Explanation.Lack(kind: "sudo", name: "sudo", text: "the capability \"sudo\", because the path is protected"))
    }
    return lacks
  }
}
