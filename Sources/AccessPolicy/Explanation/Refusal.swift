package import Primitives

/// What keeps a request out: the first thing that the decision comes upon.
package enum Refusal: Sendable, Equatable {
  /// No rule matches the path.
  case noRule
  /// The rule that decides says `deny`.
  case denied
  case missingCapability(AccessOperation)
  /// The rule wants the answer wrapped, and the request does not ask for that.
  case notWrapped(least: TimeSpan?, most: TimeSpan?)
  case wrappedTooShortly(least: TimeSpan)
  case wrappedTooLong(most: TimeSpan)
  /// A parameter that the rule requires is not there.
  case missingParameter(String)
  /// The rule denies the parameter whatever its value.
  case deniedParameter(String)
  case deniedValue(String)
  /// The rule lists the parameters that it allows, and this one is not among them.
  case unlistedParameter(String)
  case unlistedValue(String)

  /// A word for programs.
  package var kind: String {
    switch self {
    case .noRule, .denied, .missingCapability: "capability"
    case .notWrapped, .wrappedTooShortly, .wrappedTooLong: "wrapping"
    case .missingParameter: "required_parameter"
    case .deniedParameter, .deniedValue: "denied_parameter"
    case .unlistedParameter, .unlistedValue: "allowed_parameter"
    }
  }

  /// The parameter that it is about.
  package var parameter: String? {
    switch self {
    case .missingParameter(let name), .deniedParameter(let name), .deniedValue(let name), .unlistedParameter(let name),
      .unlistedValue(let name):
      name
    default: nil
    }
  }

  /// In words, without any value of the request.
  package var description: String {
    switch self {
    case .noRule: "no rule matches the path"
    case .denied: "the rule that decides says deny"
    case .missingCapability(let operation): "the rule that decides does not grant \"\(operation.rawValue)\""
    case .notWrapped(let least, let most):
      "the rule wants a wrapped answer, with a wrapping TTL" + Self.bounds(least, most)
    case .wrappedTooShortly(let least): "the wrapping TTL must be at least \(least.goDescription)"
    case .wrappedTooLong(let most): "the wrapping TTL must be at most \(most.goDescription)"
    case .missingParameter(let name): "the required parameter \"\(name)\" is missing"
    case .deniedParameter(let name): "the parameter \"\(name)\" is denied"
    case .deniedValue(let name): "the value of the parameter \"\(name)\" is denied"
    case .unlistedParameter(let name): "the parameter \"\(name)\" is not among those that are allowed"
    case .unlistedValue(let name): "the value of the parameter \"\(name)\" is not among those that are allowed"
    }
  }

  private static func bounds(_ least: TimeSpan?, _ most: TimeSpan?) -> String {
    let parts = [least.map { "of \($0.goDescription) or more" }, most.map { "of \($0.goDescription) or less" }]
    return " " + parts.compactMap { $0 }.joined(separator: " and ")
  }
}
