internal import EngineAPI
internal import JSONText
internal import Kernel
internal import LoginMFA

extension IdentityEngine {
  static let mfaRoutes: [Route<IdentityEngine>] =
    enrolmentRoutes + MFAMethod.Kind.allCases.flatMap(mfaMethodRoutes) + anyMFAMethodRoutes + enforcementRoutes

  private static func mfaMethodRoutes(_ kind: MFAMethod.Kind) -> [Route<IdentityEngine>] {
    let path = "mfa/method/\(kind.rawValue)/"
    let fields = MethodFields.all(kind)
    return [
      Route(
        PathPattern(stringLiteral: path), fields: fields,
        summary: "Makes an MFA method of type \(kind.rawValue); lists those of that type",
        [.update: { try writeMethod($1, kind) }, .list: { try listMethods($1, kind) }]),
      Route(
        PathPattern(stringLiteral: path + "{method_id}"), fields: fields,
        summary: "One MFA method of type \(kind.rawValue)",
        [
          .read: { try readMethod($1, kind) }, .update: { try writeMethod($1, kind) },
          .delete: { try deleteMethod($1, kind) },
        ]),
    ]
  }

  private static let anyMFAMethodRoutes: [Route<IdentityEngine>] = [
    Route("mfa/method/", summary: "The ids of all MFA methods", [.list: { try listMethods($1, nil) }]),
    Route(
      "mfa/method/{method_id}", fields: [MethodFields.methodID.description], summary: "One MFA method of any type",
      [.read: { try readMethod($1, nil) }]),
  ]

  /// The method that the request names, where it is of the type that the path names.
  private static func method(_ call: Call, _ kind: MFAMethod.Kind?) throws -> MFAMethod? {
    guard let id = try call[MethodFields.methodID], !id.isEmpty, let method = try call.mfa.configuration.method(id: id),
      kind == nil || method.kind == kind
    else { return nil }
    return method
  }

  private static func readMethod(_ call: Call, _ kind: MFAMethod.Kind?) throws -> Reply {
    guard let method = try method(call, nil) else { return .none }
    if let kind, method.kind != kind {
      throw EngineError.invalid("failed to find the method ID under MFA type \(kind.rawValue).")
    }
    return .data(face(method))
  }

  private static func listMethods(_ call: Call, _ kind: MFAMethod.Kind?) throws -> Reply {
    let methods = try call.mfa.configuration.methods.filter { kind == nil || $0.kind == kind }
    return .keys(methods.map(\.id), info: JSONObject(methods.map { ($0.id, .object(face($0))) }))
  }

  private static func writeMethod(_ call: Call, _ kind: MFAMethod.Kind) throws -> Reply {
    let known = try method(call, kind)
    if known == nil, try call[MethodFields.methodID]?.isEmpty == false {
      throw EngineError.invalid("there is no MFA method of type \"\(kind.rawValue)\" with that id")
    }
    let name = try call[MethodFields.name] ?? known?.name ?? ""
    guard name.utf8.count <= 256, name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }) else {
      // It stands before a colon in a header.
      throw EngineError.invalid("method_name can have at most 256 bytes, without colons, blanks and control characters")
    }
    let settings = try MethodFields.settings(kind, call, over: known?.settings)
    let method = MFAMethod(id: try known?.id ?? call.identity.store.newID(), name: name, settings: settings)
    try call.mfa.configuration.put(method)
    return known == nil ? .data(["method_id": .string(method.id)]) : .none
  }

  private static func deleteMethod(_ call: Call, _ kind: MFAMethod.Kind) throws -> Reply {
    guard let method = try method(call, kind) else { return .none }
    try call.mfa.configuration.deleteMethod(id: method.id)
    return .none
  }

  /// A method as the API shows it; secrets stay inside.
  private static func face(_ method: MFAMethod) -> JSONObject {
    var object: JSONObject = [
      "id": .string(method.id), "name": .string(method.name), "namespace_id": "root", "namespace_path": "",
      "type": .string(method.kind.rawValue),
    ]
    switch method.settings {
    case .totp(let totp):
      object["algorithm"] = .string(totp.parameters.algorithm.rawValue)
      object["digits"] = .int(totp.parameters.digits.rawValue)
      object["issuer"] = .string(totp.issuer)
      object["key_size"] = .int(totp.keySize)
      object["max_validation_attempts"] = .int(totp.mostAttempts)
      object["period"] = .int(totp.parameters.period.seconds)
      object["qr_size"] = .int(totp.qrSize)
      object["skew"] = .int(totp.parameters.skew.rawValue)
    case .duo(let duo):
      object["api_hostname"] = .string(duo.hostname)
      object["integration_key"] = .string(duo.integrationKey)
      object["pushinfo"] = .string(duo.pushInfo)
      object["use_passcode"] = .bool(duo.usesPasscode)
      object["username_format"] = .string(duo.usernameFormat)
    case .okta(let okta):
      object["base_url"] = .string(okta.baseURL)
      object["org_name"] = .string(okta.organisation)
      object["primary_email"] = .bool(okta.primaryEmail)
      object["username_format"] = .string(okta.usernameFormat)
    case .pingID(let ping):
      let properties = ping.properties
      for name in ["admin_url", "authenticator_url", "idp_url", "org_alias"] {
        object[name] = .string(properties[name] ?? "")
      }
      object["use_signature"] = .bool(properties["use_signature"] == "true")
      object["username_format"] = .string(ping.usernameFormat)
    }
    return object
  }
}

extension Call {
  /// What second factors are asked by.
  var mfa: SecondFactors {
    get throws { try active.state.secondFactors }
  }
}
