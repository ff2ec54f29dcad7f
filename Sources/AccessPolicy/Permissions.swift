internal import JSONText
internal import Primitives

/// What the rules for one path grant together.
struct Permissions: Sendable {
  private(set) var capabilities: CapabilitySet
  private(set) var minWrapping: TimeSpan?
  private(set) var maxWrapping: TimeSpan?
  private(set) var parameters: ParameterRules
  /// Which policy brings which capabilities.
  private var sources: [(policy: String, capabilities: CapabilitySet)] = []

  init(
    _ capabilities: CapabilitySet, minWrapping: TimeSpan? = nil, maxWrapping: TimeSpan? = nil,
    parameters: ParameterRules = ParameterRules()
  ) {
    self.capabilities = capabilities
    self.minWrapping = minWrapping
    self.maxWrapping = maxWrapping
    self.parameters = parameters
  }

  static let denied = Permissions(.deny)

  func from(policy: String) -> Permissions {
    var copy = self
    copy.sources = [(policy, capabilities)]
    return copy
  }

  /// Adds another rule for the same path. A deny wins and leaves nothing else.
  mutating func join(_ other: Permissions) {
    if capabilities.contains(.deny) { return }
    if other.capabilities.contains(.deny) {
      self = other
      return
    }
    capabilities.formUnion(other.capabilities)
    minWrapping = Self.smaller(minWrapping, other.minWrapping)
    maxWrapping = Self.smaller(maxWrapping, other.maxWrapping)
    parameters.join(other.parameters)
    for source in other.sources {
      if let at = sources.firstIndex(where: { $0.policy == source.policy }) {
        sources[at].capabilities.formUnion(source.capabilities)
      } else {
        sources.append(source)
      }
    }
  }

  private static func smaller(_ a: TimeSpan?, _ b: TimeSpan?) -> TimeSpan? {
    guard let a else { return b }
    guard let b else { return a }
    return min(a, b)
  }

  /// Names of capabilities, sorted; none where nothing is granted and nothing denied.
  var names: [String] { capabilities.isEmpty ? [] : capabilities.sortedNames }

  /// With any value of these parameters taken as a good one.
  func withoutValues(of names: [String]) -> Permissions {
    var copy = self
    for name in names {
      if copy.parameters.allowed[name] != nil { copy.parameters.allowed[name] = [] }
      if copy.parameters.denied[name]?.isEmpty == false { copy.parameters.denied[name] = nil }
    }
    return copy
  }

  func policies(granting capability: CapabilitySet) -> [String] {
    sources.filter { $0.capabilities.contains(capability) }.map(\.policy)
  }

  /// What keeps such a request out; nil where nothing does.
  func refusal(_ operation: AccessOperation, _ parameters: JSONObject, wrapTTL: TimeSpan?) -> Refusal? {
    let needed = CapabilitySet(operation)
    if capabilities.contains(.deny) { return .denied }
    if needed.isEmpty || !capabilities.contains(needed) { return .missingCapability(operation) }
    if minWrapping != nil || maxWrapping != nil {
      // A wrapping of no length is none.
      guard let ttl = wrapTTL, ttl > .zero else { return .notWrapped(least: minWrapping, most: maxWrapping) }
      if let minWrapping, ttl < minWrapping { return .wrappedTooShortly(least: minWrapping) }
      if let maxWrapping, ttl > maxWrapping { return .wrappedTooLong(most: maxWrapping) }
    }
    switch operation {
    case .read, .create, .update, .patch: return self.parameters.refusal(parameters)
    case .list, .delete, .help: return nil
    }
  }

  /// The entry of resultant-acl.
  var resultant: JSONValue {
    var out: JSONObject = ["capabilities": .strings(capabilities.resultantNames)]
    if capabilities.contains(.deny) { return .object(out) }
    if let minWrapping { out["min_wrapping_ttl"] = .int(minWrapping.seconds) }
    if let maxWrapping { out["max_wrapping_ttl"] = .int(maxWrapping.seconds) }
    func object(_ rules: [String: [JSONValue]]) -> JSONValue {
      .object(JSONObject(members: rules.map { JSONObject.Member(name: $0.key, value: .array($0.value)) }).sorted)
    }
    if !parameters.allowed.isEmpty { out["allowed_parameters"] = object(parameters.allowed) }
    if !parameters.denied.isEmpty { out["denied_parameters"] = object(parameters.denied) }
    if !parameters.required.isEmpty { out["required_parameters"] = .strings(parameters.required) }
    return .object(out.sorted)
  }
}
