internal import Client
internal import JSONText

/// The second step of a login that wants more than one factor.
enum MultiFactorLogin {
  /// Shows the second factor where there is one method to choose from and somebody to ask.
  /// - Returns: nil where the answer has to go to whoever runs the validation.
  static func finish(_ call: Invocation, _ secret: Secret) throws(CommandFailure) -> Secret? {
    guard let requirement = secret.auth?.multiFactor, let id = requirement["mfa_request_id"]?.stringValue else {
      return secret
    }
    let constraints = requirement["mfa_constraints"]?.objectValue?.members ?? []
    let methods = constraints.map { $0.value["any"]?.arrayValue ?? [] }
    let canAsk = call.environment.isInputTerminal && !call[ClientFlags.nonInteractive]
    guard methods.count == 1, methods[0].count == 1, let method = methods[0].first, canAsk else { return nil }
    let name = method["id"]?.stringValue ?? ""
    let type = method["type"]?.stringValue ?? ""
    var passcode = ""
    if method["uses_passcode"]?.boolValue == true {
      passcode = try LoginPrompt.ask(call, "Passcode of method \(type) (will be hidden)") ?? ""
    } else {
      call.warn("Confirm the login with method \(type).")
    }
    let client = try call.client(withToken: false)
    let body: JSONObject = [
      "mfa_request_id": .string(id), "mfa_payload": .object(JSONObject([(name, JSONValue.strings([passcode]))])),
    ]
    let validated = try call.attempt("Error authenticating") { () throws(APIError) in
      try client.post("sys/mfa/validate", body)
    }
    return validated ?? secret
  }

  /// Says what to do with the answer that was shown.
  static func explain(_ call: Invocation, _ output: Output) {
    guard output.isTable else { return }
    call.warn(
      "A second factor is required: send it with \"\(call.programName) write sys/mfa/validate @payload.json\".")
  }
}
