internal import AccessPolicy
internal import JSONText

/// The end of a simulation, for people and for programs.
struct SimulationReport {
  let simulation: Simulation
  let unused: [Simulation.Unused]

  var lines: [String] {
    let left = simulation.notJudged.values.reduce(0, +)
    var lines = [
      "\(simulation.requests) requests: \(simulation.unchanged) as before, \(Self.total(simulation.denied)) now denied, "
        + "\(Self.total(simulation.allowed)) now allowed, \(left) not judged, \(simulation.ofRoot) of root"
    ]
    if simulation.unreadable > 0 { lines.append("\(simulation.unreadable) lines of the log cannot be read") }
    lines += Self.section("Allowed then, denied now", simulation.denied)
    lines += Self.section("Denied then, allowed now", simulation.allowed)
    if simulation.changesNotShown > 0 {
      lines += ["", "\(simulation.changesNotShown) more changed requests are not shown"]
    }
    if !simulation.notJudged.isEmpty {
      lines += ["", "Not judged"]
      lines += simulation.notJudged.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
        "  \($0.value)  \($0.key)"
      }
    }
    if !unused.isEmpty {
      lines += ["", "Not needed by any request of this log"]
      lines += unused.map { unused in
        let rest = unused.isWhole ? "never used" : "unused: " + unused.capabilities.joined(separator: ", ")
        return "  \(ExplanationText.reference(unused.rule.json)): \(rest)"
      }
    }
    return lines
  }

  private static func total(_ changes: [Simulation.Change]) -> Int { changes.reduce(0) { $0 + $1.count } }

  private static func section(_ title: String, _ changes: [Simulation.Change]) -> [String] {
    guard !changes.isEmpty else { return [] }
    return ["", title]
      + changes.sorted { $0.count > $1.count }.flatMap { change -> [String] in
        let head =
          "  \(change.count)  \(change.operation.rawValue) \(change.path)  by [\(change.policies.joined(separator: ", "))]"
        return [head, "     \(change.reason)"] + change.rules.map { "     \(ExplanationText.reference($0.json))" }
      }
  }

  var json: JSONValue {
    let reasons = simulation.notJudged.sorted { $0.key < $1.key }.map { reason, count -> JSONValue in
      ["reason": .string(reason), "count": .int(count)]
    }
    return [
      "requests": .int(simulation.requests), "unchanged": .int(simulation.unchanged), "root": .int(simulation.ofRoot),
      "unreadable_lines": .int(simulation.unreadable), "changes_not_shown": .int(simulation.changesNotShown),
      "denied": .array(simulation.denied.map(Self.json)), "allowed": .array(simulation.allowed.map(Self.json)),
      "not_judged": .array(reasons),
      "unused": .array(
        unused.map {
          ["rule": $0.rule.json, "capabilities": .strings($0.capabilities), "never_used": .bool($0.isWhole)]
        }),
    ]
  }

  private static func json(_ change: Simulation.Change) -> JSONValue {
    [
      "operation": .string(change.operation.rawValue), "path": .string(change.path),
      "policies": .strings(change.policies), "reason": .string(change.reason), "count": .int(change.count),
      "first": .string(change.first), "last": .string(change.last), "example_request_id": .string(change.example),
      "rules": .array(change.rules.map(\.json)),
    ]
  }
}
