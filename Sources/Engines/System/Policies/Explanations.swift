internal import AccessPolicy
internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives
internal import Tokens

private enum Fields {
  static let token = Field.string("token", "The token to ask about.", secret: true)
  static let accessor = Field.string("accessor", "The accessor of the token to ask about.")
  static let policies = Field.commaStrings("policies", "The policies to ask about, in place of a token.")
  static let entity = Field.string("entity_id", "The entity whose values fill templates, beside `policies`.")
  static let operation = Field.string(
    "operation", "read, list, create, update, patch, delete or help.", required: true)
  static let path = Field.string("path", "The path of the request, without /v1/.", required: true)
  static let parameters = Field.object("parameters", "The request's body or query.")
  static let wrapTTL = Field.duration("wrap_ttl", "The wrapping that the request asks for.")
  static let requestID = Field.string("request_id", "The X-Vault-Request-Id of an answer with status 403.")

  static let question = [operation.description, path.description, parameters.description, wrapTTL.description]
}

/// Why a request is allowed or refused. What is said of other tokens and of past requests tells what policies hold, so
/// that it needs `sudo`; a caller may ask about itself, as with capabilities.
extension SystemEngine {
  static let explanationRoutes: [Route<SystemEngine>] = [
    Route(
      "policies/explain/", traits: [.sudo],
      fields: [
        Fields.token.description, Fields.accessor.description, Fields.policies.description, Fields.entity.description,
      ] + Fields.question, summary: "Why a request would be allowed or refused; the requests that were refused lately",
      [.update: { try explain($1) }, .list: { try denials($1) }]),
    Route(
      "policies/explain/{request_id:any}", traits: [.sudo], fields: [Fields.requestID.description],
      summary: "Why a request was refused", [.read: { try denial($1) }]),
    Route(
      "policies/explain-self", fields: Fields.question,
      summary: "Why a request of the caller would be allowed or refused", [.update: { try explainSelf($1) }]),
  ]

  // MARK: Questions

  private static func explain(_ call: Call) throws -> Reply {
    let state = try call.active.state
    let names = try call[Fields.policies] ?? []
    let text = try call[Fields.token] ?? ""
    let accessor = try call[Fields.accessor] ?? ""
    guard [!names.isEmpty, !text.isEmpty, !accessor.isEmpty].count(where: { $0 }) == 1 else {
      throw EngineError.invalid("exactly one of \"token\", \"accessor\" and \"policies\" must be given")
    }
    if !names.isEmpty {
      let set = try state.policySet(names.map(FoldedName.of), entityID: try call[Fields.entity] ?? "")
      return try answer(call, set, token: nil)
    }
    let token =
      text.isEmpty
      ? try state.tokens.entry(accessor: accessor, now: call.now) : try state.tokens.lookup(text, now: call.now)
    guard let token else { throw EngineError.invalid(text.isEmpty ? "invalid accessor" : "invalid token") }
    return try answer(call, policySet(of: token, state), token: token)
  }

  private static func explainSelf(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    guard let token = session.token else { throw EngineError.denied }
    return try answer(call, policySet(of: token, state), token: token)
  }

  private static func policySet(of token: TokenEntry, _ state: ActiveState) throws -> PolicySet {
    // Root does not come from an entity.
    let names = token.isRoot ? [Policy.rootName] : state.policyNames(of: token).filter { $0 != Policy.rootName }
    return try state.policySet(names, entityID: token.entityID)
  }

  private static func operation(_ call: Call) throws -> (access: AccessOperation, route: EngineAPI.Operation) {
    guard let text = try call[Fields.operation], !text.isEmpty else {
      throw EngineError.invalid("missing operation")
    }
    guard let access = AccessOperation(rawValue: text.lowercased()),
      let route = EngineAPI.Operation(rawValue: text.lowercased())
    else { throw EngineError.invalid("operation must be read, list, create, update, patch, delete or help") }
    return (access, route)
  }

  private static func answer(_ call: Call, _ set: PolicySet, token: TokenEntry?) throws -> Reply {
    let (session, state) = try call.active
    let (access, operation) = try operation(call)
    let path = String((try call[Fields.path] ?? "").drop { $0 == "/" })
    guard !path.isEmpty else { throw EngineError.invalid("missing path") }
    let rights = PathRights(operation, path: path, node: session.node, state: state)
    let explanation = set.explain(
      AccessQuestion(
        access, path: rights.path, parameters: try call[Fields.parameters] ?? [:], wrapTTL: try call[Fields.wrapTTL],
        needsSudo: rights.needsSudo))
    var data = explanation.json
    if let token {
      data["token"] = face(of: token, state)
      if let unusable = unusable(token, state) { refuse(&data, unusable) }
    }
    if rights.isOpen {
      allow(&data, "the path works without a token")
    } else if rights.isForAnyToken, data["allowed"] == false, token.map({ unusable($0, state) == nil }) ?? true {
      allow(&data, "any valid token may use the path")
    }
    return .data(data, warnings: warnings(rights, access))
  }

  private static func allow(_ data: inout JSONObject, _ reason: String) {
    data["allowed"] = true
    data["reason"] = .string(reason)
    data["missing"] = []
    data["smallest_rule"] = ""
    data["note"] = ""
  }

  private static func refuse(_ data: inout JSONObject, _ reason: String) {
    data["allowed"] = false
    data["reason"] = .string(reason)
    data["smallest_rule"] = ""
    data["note"] = "no policy helps against that"
  }

  private static func unusable(_ token: TokenEntry, _ state: ActiveState) -> String? {
    guard !token.entityID.isEmpty else { return nil }
    guard let entity = state.identity.entity(id: token.entityID), !entity.isDisabled else {
      return Denial.Cause.entityUnusable.description
    }
    return nil
  }

  private static func face(of token: TokenEntry, _ state: ActiveState) -> JSONValue {
    [
      "accessor": .string(token.accessor), "display_name": .string(token.displayName),
      "entity_id": .string(token.entityID), "policies": .strings(token.policies),
      "identity_policies": .strings(state.identityPolicies(of: token)),
    ]
  }

  private static func warnings(_ rights: PathRights, _ operation: AccessOperation) -> [String] {
    guard rights.isMounted else { return ["No engine is mounted at this path: an allowed request finds nothing."] }
    guard rights.hasRoute else {
      return ["The engine mounted there has no such path: an allowed request finds nothing."]
    }
    guard rights.tellsCreate, operation == .create || operation == .update else { return [] }
    return ["A write here needs \"create\" where nothing is there yet, and \"update\" where something is."]
  }

  // MARK: Refused requests

  private static func denials(_ call: Call) throws -> Reply {
    let denials = try call.active.state.denials.all
    let info = denials.map { denial -> (String, JSONValue) in
      (
        denial.id,
        [
          "time": .string(denial.time.rfc3339), "operation": .string(denial.operation.rawValue),
          "path": .string(denial.path), "display_name": .string(denial.displayName),
          "remote_address": .string(denial.remoteAddress), "reason": .string(denial.cause.description),
        ]
      )
    }
    return .keys(denials.map(\.id), info: JSONObject(info))
  }

  private static func denial(_ call: Call) throws -> Reply {
    let state = try call.active.state
    guard let denial = state.denials.denial(call.capture("request_id").lowercased()) else {
      throw EngineError.notFound("no refused request of that id is remembered: it was not refused, or is too long ago")
    }
    var data: JSONObject = [
      "request_id": .string(denial.id), "time": .string(denial.time.rfc3339),
      "operation": .string(denial.operation.rawValue), "path": .string(denial.path),
      "remote_address": .string(denial.remoteAddress), "display_name": .string(denial.displayName),
      "accessor": .string(denial.accessor), "entity_id": .string(denial.entityID),
      "policies": .strings(denial.policies), "reason": .string(denial.cause.description),
    ]
    let hasChanged = denial.policyGeneration != state.policies.generation
    data["policies_changed"] = .bool(hasChanged)
    data["explanation"] = .null
    var refusal: Refusal?
    switch denial.cause {
    case .policies(let found): refusal = found
    case .missingSudo: break
    default: return .data(data)
    }
    guard let access = AccessOperation(rawValue: denial.operation.rawValue) else { return .data(data) }
    let question = AccessQuestion(
      access, path: denial.path, wrapTTL: denial.wrapTTL, needsSudo: denial.needsSudo)
    let set = try state.policySet(denial.policies.filter { $0 != Policy.rootName }, entityID: denial.entityID)
    // The parameters are not kept, so that what was found in them then still holds; after a change it may not.
    data["explanation"] = .object(set.explain(question, refusal: hasChanged ? nil : refusal).json)
    return .data(data)
  }
}
