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
    guard let id = call.principal?.entityID, let entity = try call.identity.store.entity(id: id) else {
      throw EngineError.invalid("the token has no entity that could be enrolled")
    }
    return try enrol(entity, call)
  }

  private static func enrolOther(_ call: Call) throws -> Reply {
    try enrol(try namedEntity(call), call)
  }

  private static func endEnrolment(_ call: Call) throws -> Reply {
    let (method, _) = try totpMethod(call)
    let id = try call[Fields.entityID] ?? ""
    guard !id.isEmpty else { throw EngineError.invalid("missing entity ID") }
    try call.mfa.enrolments.remove(entityIDs: [id], methodIDs: [method.id])
    return .none
  }

  private static func enrol(_ entity: Entity, _ call: Call) throws -> Reply {
    let (method, settings) = try totpMethod(call)
    let state = try call.active.state
    let key = OneTimePasswordKey(
      secret: SecretBytes(count: Int(settings.keySize), fill: state.random.fill), parameters: settings.parameters)
    let isNew = try state.secondFactors.enrolments.add(
      Enrolment(key: key), entityID: entity.id, methodID: method.id)
    guard isNew else {
      let name = method.name.isEmpty ? method.id : method.name
      return .warning("Entity already has a secret for MFA method \"\(name)\"")
    }
    let url = KeyURI(issuer: settings.issuer, accountName: entity.id, key: key).text
    return .data([
      "barcode": .string(enrolmentPicture(of: url, pixels: Int(settings.qrSize))), "url": .string(url),
    ])
  }

  private static func namedEntity(_ call: Call) throws -> Entity {
    let id = try call[Fields.entityID] ?? ""
    guard !id.isEmpty else { throw EngineError.invalid("missing entity ID") }
    guard let entity = try call.identity.store.entity(id: id) else { throw EngineError.invalid("invalid entity ID") }
    return entity
  }

  private static func totpMethod(_ call: Call) throws -> (MFAMethod, TOTPSettings) {
    let id = try call[MethodFields.methodID] ?? ""
    guard !id.isEmpty else { throw EngineError.invalid("missing method ID") }
    guard let method = try call.mfa.configuration.method(id: id) else {
      throw EngineError.invalid("configuration for method ID \"\(id)\" does not exist")
    }
    guard case .totp(let settings) = method.settings else {
      throw EngineError.invalid("method ID \"\(id)\" does not match TOTP type")
    }
    return (method, settings)
  }
}
