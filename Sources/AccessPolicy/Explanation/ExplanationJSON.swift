package import JSONText

extension Explanation {
  /// The data of `sys/policies/explain`, and what the command line prints.
  package var json: JSONObject {
    var out: JSONObject = [
      "allowed": .bool(isAllowed), "operation": .string(question.operation.rawValue), "path": .string(question.path),
      "reason": .string(reason), "root": .bool(isRoot), "sudo_required": .bool(question.needsSudo),
    ]
    out["policies"] = .array(
      policies.map {
        [
          "name": .string($0.policy), "exists": .bool($0.exists), "rules": .int($0.rules),
          "matching_rules": .int($0.matching),
        ]
      })
    out["rules"] = .array(candidates.map(\.json))
    out["missing"] = .array(
      missing.map { ["kind": .string($0.kind), "name": .string($0.name), "text": .string($0.text)] })
    out["skipped_rules"] = .array(skipped.map(\.json))
    out["smallest_rule"] = .string(smallestRule ?? "")
    out["note"] = .string(note)
    return out
  }
}

extension Explanation.Candidate {
  fileprivate var json: JSONValue {
    [
      "pattern": .string(pattern), "decides": .bool(decides), "capabilities": .strings(capabilities),
      "why": .string(why), "from": .array(sources.map(\.json)),
    ]
  }
}

extension RuleReference {
  package var json: JSONValue {
    [
      "policy": .string(policy), "line": .int(line), "path": .string(path), "capabilities": .strings(capabilities),
    ]
  }
}
