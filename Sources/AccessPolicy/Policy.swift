internal import HCL
internal import JSONText
internal import Primitives

/// A policy, read and found sound.
package struct Policy: Sendable {
  package let name: String
  /// As it was written, comments included.
  package let text: String
  /// Whether a path speaks of the token's entity, so that the policy must be compiled for each entity.
  package let templated: Bool
  /// What was read and has no effect, for whoever wrote it.
  package let warnings: [String]
  let rules: [Rule]

  struct Rule: Sendable {
    let path: PathTemplate
    /// The path as it is written, and the line of its stanza.
    let text: String
    let line: Int
    let permissions: Permissions
  }

  /// Reads HCL or JSON. Errors begin with "failed to parse policy: ".
  package init(name: String, text: String) throws(PolicyError) {
    self.name = name
    self.text = text
    var reader = PolicyReader()
    do throws(PolicyFault) {
      rules = try reader.rules(text)
    } catch {
      throw PolicyError("failed to parse policy: \(error.message)")
    }
    templated = rules.contains { $0.path.isTemplated }
    warnings = reader.warnings
  }

  private init(root name: String) {
    self.name = name
    text = ""
    templated = false
    warnings = []
    rules = []
  }

  /// The policy that may do everything. It has no text.
  package static let root = Policy(root: rootName)
  package static let rootName = "root"
}

struct PolicyFault: Error { let message: String }

private struct PolicyReader {
  var warnings: [String] = []

  private static let topKeys: Set<String> = ["name", "path"]
  private static let stanzaKeys: Set<String> = [
    "comment", "policy", "capabilities", "allowed_parameters", "denied_parameters", "required_parameters",
    "min_wrapping_ttl", "max_wrapping_ttl", "mfa_methods", "control_group", "subscribe_event_types",
  ]
  private static let withoutEffect = ["mfa_methods", "control_group", "subscribe_event_types"]

  mutating func rules(_ text: String) throws(PolicyFault) -> [Policy.Rule] {
    let body: HCLBody
    let stanzas: [HCLBlock]
    do throws(HCLError) {
      body = try HCLParser.parse(text)
      if let item = body.duplicateAttribute {
        throw HCLError(
          message: "The argument \"\(item.key)\" at \(item.line):\(item.column) was already set. "
            + "Each argument can only be defined once")
      }
      try Self.checkKeys(body, Self.topKeys, "")
      if !body.isJSON, let item = body.items.first(where: { $0.key == "path" && !$0.isBlock }) {
        throw HCLError(message: "path must be a block", line: item.line, column: item.column)
      }
      stanzas = try body.blocks("path")
    } catch {
      throw PolicyFault(message: error.description)
    }
    var rules: [Policy.Rule] = []
    for stanza in stanzas { rules.append(try rule(stanza)) }
    return rules
  }

  private mutating func rule(_ stanza: HCLBlock) throws(PolicyFault) -> Policy.Rule {
    let path = stanza.labels.first ?? "path"
    guard let template = PathTemplate(path) else {
      throw PolicyFault(message: "failed to validate policy templating: unbalanced templating characters")
    }
    do throws(HCLError) {
      try Self.checkKeys(stanza.body, Self.stanzaKeys, "path \"\(path)\": ")
    } catch { throw PolicyFault(message: error.description) }
    if Self.contains(path, "+*") {
      throw PolicyFault(message: "path \"\(path)\": invalid use of wildcards ('+*' is forbidden)")
    }
    for key in Self.withoutEffect where stanza.body.contains(key) {
      warnings.append("path \"\(path)\": \(key) has no effect")
    }
    return Policy.Rule(
      path: template, text: path, line: stanza.line, permissions: try permissions(path, stanza.body))
  }

  /// Bytewise, because a mark behind the star would make it another character.
  private static func contains(_ path: String, _ pair: String) -> Bool {
    let bytes = Array(path.utf8)
    let pair = Array(pair.utf8)
    return bytes.indices.contains { bytes[$0...].starts(with: pair) }
  }

  private static func checkKeys(_ body: HCLBody, _ known: Set<String>, _ place: String) throws(HCLError) {
    // A block counts as standing on line 0 here, which clients know.
    let faults = body.items.filter { !known.contains($0.key) }.map {
      "\(place)invalid key \"\($0.key)\" on line \($0.assignmentLine)"
    }
    if !faults.isEmpty { throw HCLError(message: PolicyError.joined(faults)) }
  }

  private func permissions(_ path: String, _ body: HCLBody) throws(PolicyFault) -> Permissions {
    let place = "path \"\(path)\": "
    var capabilities: CapabilitySet = []
    let word: String?
    do throws(HCLError) { word = try body.string("policy") } catch {
      throw PolicyFault(message: place + error.message)
    }
    if let word, !word.isEmpty {
      guard let old = CapabilitySet.legacy(word) else {
        throw PolicyFault(message: "\(place)invalid policy \"\(word)\"")
      }
      if old.contains(.deny) { return .denied }
      capabilities = old
    }
    for name in try strings("capabilities", place, body) {
      guard let capability = CapabilitySet.named(name) else {
        throw PolicyFault(message: "\(place)invalid capability \"\(name)\"")
      }
      // Whatever else the stanza says means nothing any more, and is not looked at.
      if capability == .deny { return .denied }
      capabilities.insert(capability)
    }
    var parameters = ParameterRules()
    parameters.allowed = try values("allowed_parameters", place, body)
    parameters.denied = try values("denied_parameters", place, body)
    var seen: Set<String> = []
    parameters.required = try strings("required_parameters", place, body).map { $0.lowercased() }.filter {
      seen.insert($0).inserted
    }
    let shortest = try duration("min_wrapping_ttl", body)
    let longest = try duration("max_wrapping_ttl", body)
    if let shortest, let longest, longest < shortest {
      throw PolicyFault(message: "max_wrapping_ttl cannot be less than min_wrapping_ttl")
    }
    return Permissions(capabilities, minWrapping: shortest, maxWrapping: longest, parameters: parameters)
  }

  private func strings(_ key: String, _ place: String, _ body: HCLBody) throws(PolicyFault) -> [String] {
    guard let item = body.item(key) else { return [] }
    if item.value == .null { return [] }
    guard case .list(let values)? = item.value else {
      throw PolicyFault(message: "\(place)\(key) must be a list of strings")
    }
    var out: [String] = []
    for value in values {
      guard case .string(let text) = value else {
        throw PolicyFault(message: "\(place)\(key) must be a list of strings")
      }
      out.append(text)
    }
    return out
  }

  private func values(
    _ key: String, _ place: String, _ body: HCLBody
  ) throws(PolicyFault) -> [String: [JSONValue]] {
    var out: [String: [JSONValue]] = [:]
    for item in body.items where item.key == key {
      let object: HCLBody
      switch item.content {
      case .attribute(.null): continue
      case .attribute(.object(let body)): object = body
      case .block(let labels, let body) where labels.isEmpty: object = body
      default: throw PolicyFault(message: "\(place)\(key) must be an object of lists")
      }
      for inner in object.items {
        guard case .list(let values)? = inner.value else {
          throw PolicyFault(message: "\(place)\(key): \"\(inner.key)\" must be a list")
        }
        let name = inner.key.lowercased()
        let added = values.map(Self.json)
        // Two spellings of one name count as two rules for it do.
        if let known = out[name] {
          out[name] = known.isEmpty || added.isEmpty ? [] : known + added
        } else {
          out[name] = added
        }
      }
    }
    return out
  }

  private static func json(_ value: HCLValue) -> JSONValue {
    switch value {
    case .null: .null
    case .bool(let bool): .bool(bool)
    case .number(let number): .number(JSONNumber(text: number.jsonText))
    case .string(let text): .string(text)
    case .list(let values): .array(values.map(json))
    case .object(let body): object(body)
    }
  }

  private static func object(_ body: HCLBody) -> JSONValue {
    var values: [String: JSONValue] = [:]
    for item in body.items {
      switch item.content {
      case .attribute(let value): values[item.key] = json(value)
      case .block(_, let body): values[item.key] = object(body)
      }
    }
    return .object(
      JSONObject(members: body.keys.map { JSONObject.Member(name: $0, value: values[$0] ?? .null) }))
  }

  /// Nought is no limit.
  private func duration(_ key: String, _ body: HCLBody) throws(PolicyFault) -> TimeSpan? {
    let span: TimeSpan?
    do throws(HCLError) { span = try body.duration(key) } catch {
      var reason = error.message
      if case .string(let text)? = body.item(key)?.value { reason = "time: invalid duration \"\(text)\"" }
      throw PolicyFault(message: "error parsing \(key): \(reason)")
    }
    guard let span, span != .zero else { return nil }
    if span < .zero { throw PolicyFault(message: "error parsing \(key): a length of time cannot be negative") }
    return span
  }
}
