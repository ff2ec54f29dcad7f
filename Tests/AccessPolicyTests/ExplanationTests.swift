import AccessPolicy
import JSONText
import Primitives
import Testing

@Suite struct ExplanationTests {
  private func set(_ texts: String...) throws -> PolicySet {
    PolicySet(try texts.enumerated().map { try Policy(name: "p\($0.offset)", text: $0.element) })
  }

  private func rule(_ path: String, _ capabilities: String, _ more: String = "") -> String {
    "path \"\(path)\" {\n  capabilities = [\(capabilities)]\n  \(more)\n}\n"
  }

  // MARK: Against the decision

  /// What is told must be what is decided, for any policies and any request.
  @Test func verdictIsTheDecision() throws {
    let dice = Dice(random: .seeded(31))
    var allowed = 0
    var refused = 0
    var offered = 0
    for _ in 0..<300 {
      let stanzas = dice.several(1...3) { dice.several(1...7) { dice.stanza() } }
      let policies = try stanzas.enumerated().map {
        try Policy(name: "p\($0.offset)", text: $0.element.map(\.hcl).joined())
      }
      let acl = CompiledACL(policies, subject: nil)
      let set = PolicySet(policies)
      for _ in 0..<30 {
        let parameters = ["x", "X", "y", "w"].filter { _ in dice.chance(30) }.map {
          ($0, JSONValue.string(dice.pick(["p", "q", "pq", "xpqx", "*", ""])))
        }
        let question = AccessQuestion(
          dice.pick(AccessOperation.allCases), path: dice.path(), parameters: JSONObject(parameters),
          wrapTTL: dice.chance(50) ? .seconds(dice.pick([0, 1, 7, 15, 60])) : nil, needsSudo: dice.chance(20))
        let verdict = acl.decide(
          question.operation, path: question.path, parameters: question.parameters, wrapTTL: question.wrapTTL)
        let expected = verdict.isAllowed && (verdict.hasSudo || !question.needsSudo)
        let explanation = set.explain(question)
        let context = "\(question) \(explanation.json)\n\(stanzas.flatMap { $0 }.map(\.hcl).joined())"
        #expect(explanation.isAllowed == expected, "\(context)")
        #expect(explanation.refusal == verdict.refusal, "\(context)")
        #expect(explanation.missing.isEmpty == expected, "\(context)")
        if expected { allowed += 1 } else { refused += 1 }
        if question.operation != .help, !explanation.candidates.isEmpty {
          // The order in words and the order of the compiled set are two ways to the same rule.
          #expect(
            explanation.candidates.map(\.decides) == [true] + explanation.candidates.dropFirst().map { _ in false })
          var path = String(question.path.drop { $0 == "/" })
          if question.operation == .list, !path.isEmpty, !path.hasSuffix("/") { path += "/" }
          if question.operation == .list || !path.hasSuffix("/") {
            let granted = explanation.candidates[0].capabilities
            #expect((granted.isEmpty ? ["deny"] : granted) == acl.capabilities(path), "\(context)")
          }
        }
        guard let text = explanation.smallestRule else { continue }
        offered += 1
        let added = try policies + [Policy(name: "added", text: text)]
        #expect(PolicySet(added).allows(question), "\(text)\n\(context)")
        // It takes nothing away.
        let after = CompiledACL(added, subject: nil)
        for operation in AccessOperation.allCases where operation != .list && question.operation != .list {
          let before = acl.decide(operation, path: question.path, parameters: [:], wrapTTL: nil)
          let now = after.decide(operation, path: question.path, parameters: [:], wrapTTL: nil)
          #expect(now.isAllowed || !before.isAllowed, "\(operation) \(text)\n\(context)")
        }
        let list = question.path + (question.path.hasSuffix("/") ? "" : "/")
        if acl.capabilities(list).contains("list") {
          #expect(after.capabilities(list).contains("list"), "\(text)\n\(context)")
        }
      }
    }
    #expect(allowed > 500 && refused > 500 && offered > refused / 3, "\(allowed) \(refused) \(offered)")
  }

  /// What is said of a request whose values are hidden must hold whatever they are.
  @Test func judgementsHoldForTheRealValues() throws {
    let dice = Dice(random: .seeded(32))
    var judged = 0
    var unknown = 0
    for _ in 0..<400 {
      let stanzas = dice.several(1...7) { dice.stanza() }
      let set = PolicySet([try Policy(name: "p", text: stanzas.map(\.hcl).joined())])
      for _ in 0..<20 {
        let parameters = ["x", "X", "y", "w"].filter { _ in dice.chance(40) }
        func question(_ value: () -> String) -> AccessQuestion {
          AccessQuestion(.update, path: "a", parameters: JSONObject(parameters.map { ($0, .string(value())) }))
        }
        var real = question { dice.pick(["p", "q", "pq", "*", ""]) }
        var hidden = question { "hmac-sha256:00" }
        real.path = dice.path()
        hidden.path = real.path
        real.operation = dice.pick([.create, .read, .list, .update])
        hidden.operation = real.operation
        let isHidden = { (value: JSONValue) in value.stringValue?.hasPrefix("hmac-sha256:") == true }
        switch set.judge(hidden, isHidden: isHidden, knowsSubject: true) {
        case .unknown: unknown += 1
        case .allowed:
          judged += 1
          #expect(set.allows(real), "\(real) \(stanzas.map(\.hcl).joined())")
        case .refused, .missesSudo:
          judged += 1
          #expect(!set.allows(real), "\(real) \(stanzas.map(\.hcl).joined())")
        }
      }
    }
    #expect(unknown > 20 && judged > 1000, "\(unknown) \(judged)")
  }

  // MARK: In words

  @Test func ruleAndLineAreNamed() throws {
    let explanation = try set("# about a\n\n" + rule("a/*", "\"read\"") + rule("a/b", "\"list\"")).explain(
      AccessQuestion(.read, path: "a/b"))
    #expect(!explanation.isAllowed)
    #expect(explanation.candidates.map(\.pattern) == ["a/b", "a/*"])
    #expect(explanation.candidates.flatMap(\.sources).map(\.line) == [7, 3])
    #expect(explanation.reason == "the rule that decides does not grant \"read\"")
    #expect(explanation.candidates[0].why == "counts before \"a/*\": an exact path counts before any other")
    #expect(explanation.candidates[1].why == "does not count beside \"a/b\": an exact path counts before any other")
    #expect(explanation.missing.map(\.kind) == ["capability"])
    #expect(explanation.missing.map(\.text) == ["the capability \"read\" on the path"])
    #expect(explanation.smallestRule == "path \"a/b\" {\n  capabilities = [\"read\"]\n}\n")
  }

  @Test(arguments: [
    ("a/b/c*", "a/*", "its first wildcard stands later: behind 5 characters, not 2"),
    ("a/+/c", "a/+/c*", "it does not end in \"*\""),
    ("a/+/c/d", "a/+/+/d", "it has fewer \"+\" segments: 1, not 2"),
    ("a/+/c/d*", "a/+/c*", "it is longer: 7 characters, not 5"),
  ])
  func comparisonIsTold(winner: String, loser: String, reason: String) throws {
    let set = try set(rule(loser, "\"read\""), rule(winner, "\"update\""))
    for path in ["a/b/c", "a/b/c/d"] {
      let candidates = set.explain(AccessQuestion(.update, path: path)).candidates
      guard candidates.count == 2 else { continue }
      #expect(candidates[0].pattern == winner)
      #expect(candidates[0].why == "counts before \"\(loser)\": \(reason)")
      return
    }
    Issue.record("no path matches both")
  }

  @Test func absentPoliciesAndTemplatesWithoutValueAreTold() throws {
    let set = PolicySet(
      [try Policy(name: "p", text: rule("home/{{identity.entity.name}}", "\"read\""))], absent: ["gone"])
    let explanation = set.explain(AccessQuestion(.read, path: "home/x"))
    #expect(explanation.policies.map(\.policy) == ["p", "gone"])
    #expect(explanation.policies.map(\.exists) == [true, false])
    #expect(explanation.skipped.map(\.path) == ["home/{{identity.entity.name}}"])
    #expect(explanation.reason == "no rule matches the path")
  }

  @Test func everyWayToBeRefusedIsTold() throws {
    func missing(_ more: String, _ parameters: JSONObject = [:], _ ttl: TimeSpan? = nil, sudo: Bool = false) throws
      -> [String]
    {
      let set = try set(rule("a", "\"update\"", more))
      return set.explain(
        AccessQuestion(.update, path: "a", parameters: parameters, wrapTTL: ttl, needsSudo: sudo)
      ).missing.map { "\($0.kind): \($0.text)" }
    }
    #expect(
      try missing("required_parameters = [\"b\"]") == ["required_parameter: the required parameter \"b\" is missing"])
    #expect(
      try missing("denied_parameters = { \"b\" = [] }", ["B": 1]) == ["denied_parameter: the parameter \"B\" is denied"]
    )
    #expect(
      try missing("denied_parameters = { \"b\" = [\"x\"] }", ["b": "x"])
        == ["denied_parameter: the value of the parameter \"b\" is denied"])
    #expect(
      try missing("allowed_parameters = { \"b\" = [] }", ["c": 1])
        == ["allowed_parameter: the parameter \"c\" is not among those that are allowed"])
    #expect(
      try missing("allowed_parameters = { \"b\" = [\"x\"] }", ["b": "y"])
        == ["allowed_parameter: the value of the parameter \"b\" is not among those that are allowed"])
    #expect(
      try missing("min_wrapping_ttl = \"1m\"")
        == ["wrapping: the rule wants a wrapped answer, with a wrapping TTL of 1m0s or more"])
    #expect(
      try missing("min_wrapping_ttl = \"1m\"", [:], .seconds(5))
        == ["wrapping: the wrapping TTL must be at least 1m0s"])
    #expect(
      try missing("max_wrapping_ttl = \"1m\"", [:], .seconds(90)) == ["wrapping: the wrapping TTL must be at most 1m0s"]
    )
    #expect(
      try missing("", sudo: true) == ["sudo: the capability \"sudo\", because the path is protected"])
  }

  // MARK: The smallest rule

  @Test func ruleForAPathThatAPatternCoveredKeepsWhatWasGranted() throws {
    let set = try set(rule("a/*", "\"read\", \"list\"", "denied_parameters = { \"x\" = [] }"))
    let explanation = set.explain(AccessQuestion(.update, path: "a/b"))
    #expect(
      explanation.smallestRule
        == "path \"a/b\" {\n  capabilities = [\"list\", \"read\", \"update\"]\n  denied_parameters = {\n    \"x\" = []\n  }\n}\n"
    )
    #expect(explanation.note.hasPrefix("once the path has a rule of its own, \"a/*\" no longer counts"))
  }

  @Test func denyForTheVeryPathCannotBeOvercome() throws {
    let explanation = try set(rule("a", "\"deny\""), rule("a", "\"read\"")).explain(AccessQuestion(.read, path: "a"))
    #expect(explanation.smallestRule == nil)
    #expect(explanation.note.contains("a deny for the very path wins"))
    let general = try set(rule("*", "\"deny\"")).explain(AccessQuestion(.read, path: "a"))
    #expect(general.smallestRule == "path \"a\" {\n  capabilities = [\"read\"]\n}\n")
  }

  @Test func rulesThatOnlyAddCannotTakeAPartOfARuleAway() throws {
    let explanation = try set(rule("a", "\"update\"", "denied_parameters = { \"x\" = [] }")).explain(
      AccessQuestion(.update, path: "a", parameters: ["x": 1]))
    #expect(explanation.smallestRule == nil)
    #expect(explanation.note.hasPrefix("no added rule helps"))
  }

  @Test(arguments: ["a\"b", "a\\b", "a${b}", "a\nb", "ä/ö"])
  func pathsAreQuoted(path: String) throws {
    let explanation = PolicySet([]).explain(AccessQuestion(.read, path: path))
    let text = try #require(explanation.smallestRule)
    #expect(try PolicySet([Policy(name: "p", text: text)]).allows(AccessQuestion(.read, path: path)), "\(text)")
  }

  @Test(arguments: ["a*", "a/+", "+/b", "{{identity.entity.id", ""])
  func pathsThatNoRuleCanNameExactlyGetNone(path: String) throws {
    #expect(PolicySet([]).explain(AccessQuestion(.read, path: path)).smallestRule == nil)
  }
}
