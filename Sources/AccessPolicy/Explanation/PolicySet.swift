package import JSONText
package import Primitives

/// What somebody wants to do, as policies are asked about it.
package struct AccessQuestion: Sendable {
  package var operation: AccessOperation
  package var path: String
  /// The request's body or query.
  package var parameters: JSONObject
  /// Nil where no wrapping is asked for.
  package var wrapTTL: TimeSpan?
  /// The path is protected: it needs `sudo` beside the operation's capability.
  package var needsSudo: Bool

  package init(
    _ operation: AccessOperation, path: String, parameters: JSONObject = [:], wrapTTL: TimeSpan? = nil,
    needsSudo: Bool = false
  ) {
    self.operation = operation
    self.path = path
    self.parameters = parameters
    self.wrapTTL = wrapTTL
    self.needsSudo = needsSudo
  }
}

/// The policies of a token with all that tells about their rules, beside the compiled set that decides.
package struct PolicySet: Sendable {
  /// One stanza of one policy.
  struct Source: Sendable {
    let policy: String
    let rule: Policy.Rule

    var reference: RuleReference {
      RuleReference(policy: policy, line: rule.line, path: rule.text, capabilities: rule.permissions.names)
    }
  }

  package let policies: [Policy]
  /// Names that stand for no policy.
  package let absent: [String]
  let acl: CompiledACL
  let subject: TemplateSubject?
  /// The stanzas that were joined into each rule.
  let sources: [PathPattern: [Source]]
  /// Stanzas whose templates have no value for the subject.
  let unresolved: [Source]

  package init(_ policies: [Policy], absent: [String] = [], subject: TemplateSubject? = nil) {
    self.policies = policies
    self.absent = absent
    self.subject = subject
    acl = CompiledACL(policies, subject: subject)
    var sources: [PathPattern: [Source]] = [:]
    var unresolved: [Source] = []
    for policy in policies where !acl.isRoot {
      for rule in policy.rules {
        let source = Source(policy: policy.name, rule: rule)
        if let pattern = rule.path.resolved(subject) {
          sources[pattern, default: []].append(source)
        } else {
          unresolved.append(source)
        }
      }
    }
    self.sources = sources
    self.unresolved = unresolved
  }

  /// As `sys/capabilities` tells them.
  package func capabilities(_ path: String) -> [String] { acl.capabilities(path) }

  /// The verdict that the server would come to, `sudo` included.
  package func allows(_ question: AccessQuestion) -> Bool {
    let verdict = acl.decide(
      question.operation, path: question.path, parameters: question.parameters, wrapTTL: question.wrapTTL)
    return verdict.isAllowed && (verdict.hasSudo || !question.needsSudo)
  }
}

/// Where a rule is written.
package struct RuleReference: Sendable, Hashable {
  package let policy: String
  package let line: Int
  /// As it is written, templates included.
  package let path: String
  package let capabilities: [String]
}
