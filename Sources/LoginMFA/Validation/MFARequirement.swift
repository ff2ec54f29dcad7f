package import JSONText

/// What a login still has to show: for each rule one of its methods.
package struct MFARequirement: Sendable {
  package static let warning =
    "A login request was issued that is subject to MFA validation. Please make sure to validate the login by sending "
    + "another request to mfa/validate endpoint."

  private let requestID: String
  private let constraints: [(name: String, methods: [MFAMethod])]

  package init(requestID: String, enforcements: [LoginEnforcement], method: (String) -> MFAMethod?) {
    self.requestID = requestID
    constraints = enforcements.map { ($0.name, $0.methodIDs.compactMap(method)) }
  }

  /// The envelope's `auth` of a login that waits: no token, and the requirement.
  package var authObject: JSONText {
    var w = JSONWriter()
    w.beginObject()
    for name: StaticString in ["client_token", "accessor"] {
      w.name(name)
      w.string("")
    }
    for name: StaticString in ["policies", "metadata"] {
      w.name(name)
      w.null()
    }
    w.name("lease_duration")
    w.int(0)
    w.name("renewable")
    w.bool(false)
    w.name("entity_id")
    w.string("")
    w.name("token_type")
    w.string("default")
    w.name("orphan")
    w.bool(false)
    w.name("mfa_requirement")
    w.value(.object(requirement))
    w.name("num_uses")
    w.int(0)
    w.endObject()
    return JSONText(trusted: w.bytes)
  }

  private var requirement: JSONObject {
    let constraints = constraints.map { constraint in
      (constraint.name, ["any": .array(constraint.methods.map(Self.face))] as JSONValue)
    }
    return ["mfa_request_id": .string(requestID), "mfa_constraints": .object(JSONObject(constraints))]
  }

  private static func face(_ method: MFAMethod) -> JSONValue {
    var object: JSONObject = [
      "type": .string(method.kind.rawValue), "id": .string(method.id), "uses_passcode": .bool(method.usesPasscode),
    ]
    if !method.name.isEmpty { object["name"] = .string(method.name) }
    return .object(object)
  }
}
