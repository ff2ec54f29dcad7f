internal import EngineAPI
internal import Identity
internal import JSONText
internal import Kernel
internal import LoginMFA
internal import OneTimePasswords
internal import SecretMemory

private enum Fields {
  static let entityID = Field.string("entity_id", "The entity.", required: true)
  static let own = [MethodFields.methodID.description]
  static let other = [MethodFields.methodID.description, entityID.description]
}

extension IdentityEngine {
  static let enrolmentRoutes: [Route<IdentityEngine>] = [
    Route(
      "mfa/method/totp/generate", fields: Fields.own, summary: "Enrols the caller in a TOTP method",
      help: "Answers the key for an authenticator program, as a URL and as a picture of it, this once.",
      [.read: { try enrolCaller($1) }, .update: { try enrolCaller($1) }]),
    Route(
      "mfa/method/totp/admin-generate", fields: Fields.other, summary: "Enrols an entity in a TOTP method",
      help: "Answers the key for an authenticator program, as a URL and as a picture of it, this once.",
      [.update: { try enrolOther($1) }]),
    Route(
      "mfa/method/totp/admin-destroy", fields: Fields.other, summary: "Ends an entity's enrolment in a TOTP method",
      [.update: { try endEnrolment($1) }]),
  ]

  private static func enrolCaller(_ call: Call) throws -> Reply {
    try enrol(call.principal?.entityID ?? "", call)
  }

  private static func enrolOther(_ call: Call) throws -> Reply {
    try enrol(try call[Fields.entityID] ?? "", call)
  }

  private static func endEnrolment(_ call: Call) throws -> Reply {
    try demandMethodID(call)
    let id = try call[Fields.entityID] ?? ""
    guard !id.isEmpty else { throw EngineError.invalid("missing entity ID") }
    _ = try entity(id, call)
    let (method, _) = try totpMethod(call)
    try call.mfa.enrolments.remove(entityIDs: [id], methodIDs: [method.id])
    return .none
  }

  private static func enrol(_ entityID: String, _ call: Call) throws -> Reply {
    try demandMethodID(call)
    guard !entityID.isEmpty else { throw EngineError.invalid("missing entityID") }
    let (method, settings) = try totpMethod(call)
    let entity = try entity(entityID, call)
    let state = try call.active.state
    let key = OneTimePasswordKey(
      secret: SecretBytes(count: Int(settings.keySize), fill: state.random.fill), parameters: settings.parameters)
    let isNew = try state.secondFactors.enrolments.add(
      Enrolment(key: key), entityID: entity.id, methodID: method.id)
    guard isNew else {
      return .warning("Entity already has a secret for MFA method \"\(method.name)\"")
    }
    let url = KeyURI(issuer: settings.issuer, accountName: entity.id, key: key).text
    return .data([
      "barcode": .string(enrolmentPicture(of: url, pixels: Int(settings.qrSize))), "url": .string(url),
    ])
  }

  private static func demandMethodID(_ call: Call) throws {
    guard try call[MethodFields.methodID]?.isEmpty == false else { throw EngineError.invalid("missing method ID") }
  }

  private static func entity(_ id: String, _ call: Call) throws -> Entity {
    guard let entity = try call.identity.store.entity(id: id) else { throw EngineError.invalid("invalid entity ID") }
    return entity
  }

  private static func totpMethod(_ call: Call) throws -> (MFAMethod, TOTPSettings) {
    let id = try call[MethodFields.methodID] ?? ""
    guard let method = try call.mfa.configuration.method(id: id) else {
      throw EngineError.invalid("configuration for method ID \"\(id)\" does not exist")
    }
    guard case .totp(let settings) = method.settings else {
      throw EngineError.invalid("generate not available for MFA type \"\(method.kind.rawValue)\"")
    }
    return (method, settings)
  }
}
