internal import EngineAPI
internal import JSONText
internal import Kernel

private enum Fields {
  static let requestID = Field.string("mfa_request_id", "The `mfa_request_id` of the login's answer.", required: true)
  /// Command lines send it as a text.
  static let payload = Field<JSONObject>(
    "mfa_payload", kind: .object, help: "Lists of one passcode, or of an empty text, by the ids of methods.",
    required: true, secret: true
  ) { (raw) throws(FieldMismatch) in
    switch raw {
    case .null: return [:]
    case .object(let object): return object
    case .string(let text):
      if let object = (try? JSONParser.parse(text))?.objectValue { return object }
      throw FieldMismatch("expected an object")
    default: throw FieldMismatch("expected an object")
    }
  }
}

extension SystemEngine {
  /// `sys/mfa/…`: the second half of a login.
  static let mfaRoutes: [Route<SystemEngine>] = [
    Route(
      "mfa/validate", traits: .unauthenticated, fields: [Fields.requestID.description, Fields.payload.description],
      summary: "Show the second factor of a login that waits for it",
      help: "Answers the token. A login waits for five minutes.",
      [.update: { try validate($1) }])
  ]

  private static func validate(_ call: Call) throws -> Reply {
    let id = try call[Fields.requestID] ?? ""
    guard !id.isEmpty else { throw EngineError.invalid("missing request ID") }
    let payload = try call[Fields.payload] ?? [:]
    return Reply(.resumed(try call.active.state.secondFactors.validate(id, payload: payload, now: call.now)))
  }
}
