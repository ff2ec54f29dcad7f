internal import AccessPolicy
internal import EngineAPI
internal import JSONText
internal import Kernel

private enum Fields {
  static let policy = Field.string("policy", "The policy's text: a length and character sets.")
  static let entropy = Field.string("entropy_source", "Accepted for old clients; the system's source is used.")
  static let name = Field.string("name", "The policy's name.")
}

extension SystemEngine {
  static let passwordPolicyRoutes: [Route<SystemEngine>] = [
    Route("policies/password/", summary: "The names of all password policies", [.list: { try passwordNames($1) }]),
    Route(
      "policies/password/{name...}",
      fields: [Fields.name.description, Fields.policy.description, Fields.entropy.description],
      summary: "One password policy; a password made by it (below /generate)",
      [
        .read: { try readPasswordPolicy($1) }, .update: { try writePasswordPolicy($1) },
        .delete: { try deletePasswordPolicy($1) },
      ]),
  ]

  private static let generate = "/generate"

  private static func passwordNames(_ call: Call) throws -> Reply {
    .keys(try call.active.state.passwordPolicies.names())
  }

  private static func readPasswordPolicy(_ call: Call) throws -> Reply {
    let state = try call.active.state
    var name = call.capture("name")
    let generates = name.hasSuffix(generate)
    if generates { name = String(name.dropLast(generate.utf8.count)) }
    guard let text = try state.passwordPolicies.text(name) else {
      throw EngineError.list(status: 404, ["policy does not exist"])
    }
    guard generates else { return .data(["policy": .string(text)]) }
    do {
      return .data(["password": .string(try PasswordPolicy(text: text).generate(state.random))])
    } catch {
      throw EngineError.list(status: 500, [error.description])
    }
  }

  private static func writePasswordPolicy(_ call: Call) throws -> Reply {
    let state = try call.active.state
    let name = call.capture("name")
    guard !name.hasSuffix(generate) else { throw EngineError.unsupportedOperation }
    guard let given = try call[Fields.policy], !given.isEmpty else {
      throw EngineError.list(status: 400, ["missing policy"])
    }
    let text = PolicyText.decoded(given)
    let source = try call[Fields.entropy] ?? ""
    guard ["", "seal", "platform"].contains(source) else {
      throw EngineError.list(status: 400, ["unsupported entropy source \(source)"])
    }
    do {
      // A policy that cannot be satisfied is found out now, not when somebody needs a password.
      _ = try PasswordPolicy(text: text).generate(state.random)
    } catch {
      throw EngineError.list(status: 400, [error.description])
    }
    try state.passwordPolicies.put(name, text: text)
    return .none
  }

  private static func deletePasswordPolicy(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard !name.hasSuffix(generate) else { throw EngineError.unsupportedOperation }
    try call.active.state.passwordPolicies.delete(name)
    return .none
  }
}
