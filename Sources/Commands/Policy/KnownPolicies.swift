internal import AccessPolicy
internal import Client
internal import JSONText

/// The policies that a command judges by: from files, of the server where that was asked for, and built in.
struct KnownPolicies {
  private var policies: [String: Policy] = [:]
  private var absent: Set<String> = []
  private let client: APIClient?

  /// - Parameter client: nil where no server is to be asked.
  init(client: APIClient?) { self.client = client }

  mutating func add(_ name: String, text: String, from place: String) throws(CommandFailure) {
    guard name != Policy.rootName else { throw .local("The root policy has no rules and cannot be given") }
    do throws(PolicyError) {
      policies[name] = try Policy(name: name, text: PolicyText.decoded(text))
    } catch { throw .local("Error reading policy \"\(name)\" from \(place): \(error)") }
  }

  mutating func add(_ name: String, file path: String, _ call: Invocation) throws(CommandFailure) {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try call.environment.files.read(call.environment.expanded(path)).get() } catch {
      throw .local("Error reading policy \"\(name)\": \(error)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .local("Error reading policy \"\(name)\": the file is not UTF-8")
    }
    try add(name, text: text, from: path)
  }

  enum Answer {
    case policy(Policy)
    /// The server has no policy of that name, which grants nothing.
    case absent
    case unknown
  }

  mutating func find(_ name: String, _ call: Invocation) throws(CommandFailure) -> Answer {
    if name == Policy.rootName { return .policy(.root) }
    if let known = policies[name] { return .policy(known) }
    if absent.contains(name) { return .absent }
    if let client {
      let secret = try call.attempt("Error reading policy named \(name)") { () throws(APIError) in
        try client.read("sys/policies/acl/\(name)")
      }
      guard let text = secret?.data?["policy"]?.stringValue else {
        absent.insert(name)
        return .absent
      }
      try add(name, text: text, from: "the server")
    } else {
      let builtin: String
      switch name {
      case "default": builtin = BuiltinPolicies.default
      case "response-wrapping": builtin = BuiltinPolicies.responseWrapping
      case "control-group": builtin = BuiltinPolicies.controlGroup
      default: return .unknown
      }
      try add(name, text: builtin, from: "the program")
    }
    return policies[name].map { .policy($0) } ?? .unknown
  }
}
