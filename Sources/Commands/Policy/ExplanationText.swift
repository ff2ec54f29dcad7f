internal import JSONText

/// An explanation, as the server or this program made it, for people.
enum ExplanationText {
  static func lines(_ explanation: JSONObject) -> [String] {
    let isAllowed = explanation["allowed"] == true
    let question = "\(text(explanation, "operation")) \(text(explanation, "path"))"
    var lines = ["\(isAllowed ? "Allowed" : "Denied"): \(question)", "  \(text(explanation, "reason"))"]
    lines += section("Policies", policies(explanation["policies"]?.arrayValue ?? []))
    lines += section("Rules that match the path", rules(explanation["rules"]?.arrayValue ?? []))
    let skipped = (explanation["skipped_rules"]?.arrayValue ?? []).map { "  " + reference($0) }
    lines += section("Rules left out, because their templates have no value here", skipped)
    let missing = (explanation["missing"]?.arrayValue ?? []).map { "  " + ($0["text"]?.stringValue ?? "") }
    lines += section("Missing", missing)
    let rule = text(explanation, "smallest_rule")
    var smallest = rule.isEmpty ? [] : rule.split(separator: "\n").map { "  " + $0 }
    let note = text(explanation, "note")
    if !note.isEmpty { smallest.append("  " + (rule.isEmpty ? "" : "# ") + note) }
    lines += section(rule.isEmpty ? "No rule to add" : "Smallest rule that would allow it", smallest)
    return lines
  }

  private static func text(_ object: JSONObject, _ name: String) -> String { object[name]?.stringValue ?? "" }

  private static func section(_ title: String, _ lines: [String]) -> [String] {
    lines.isEmpty ? [] : ["", title] + lines
  }

  private static func policies(_ values: [JSONValue]) -> [String] {
    guard !values.isEmpty else { return [] }
    let rows = values.map { value -> [String] in
      let name = "  " + (value["name"]?.stringValue ?? "")
      if value["exists"] == false { return [name, "does not exist"] }
      if name == "  root" { return [name, "allows everything"] }
      return [
        name,
        "\(count(value, "rules")) \(value["rules"] == 1 ? "rule" : "rules"), \(count(value, "matching_rules")) match",
      ]
    }
    return [Table.aligned(rows)]
  }

  private static func count(_ value: JSONValue, _ name: String) -> String {
    value[name]?.int64Value.map { $0 == 0 ? "none" : String($0) } ?? "none"
  }

  private static func rules(_ values: [JSONValue]) -> [String] {
    values.flatMap { value -> [String] in
      let mark = value["decides"] == true ? "=> " : "   "
      let capabilities = texts(value["capabilities"])
      var lines = [
        "  \(mark)\"\(value["pattern"]?.stringValue ?? "")\" [\(capabilities.joined(separator: ", "))]",
        "     \(value["why"]?.stringValue ?? "")",
      ]
      lines += (value["from"]?.arrayValue ?? []).map { "     from " + reference($0) }
      return lines
    }
  }

  /// `team, line 4: "secret/data/team/*" [read]`
  static func reference(_ value: JSONValue) -> String {
    let capabilities = texts(value["capabilities"]).joined(separator: ", ")
    return "\(value["policy"]?.stringValue ?? ""), line \(value["line"]?.int64Value ?? 0): "
      + "\"\(value["path"]?.stringValue ?? "")\" [\(capabilities)]"
  }

  private static func texts(_ value: JSONValue?) -> [String] { value?.arrayValue?.compactMap(\.stringValue) ?? [] }
}
