internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives
internal import SecretMemory

private enum Fields {
  static let password = Field.string(
    "otp", "A one-time pad for the token; one is made where none is given.", secret: true)
  static let pgpKey = Field.string("pgp_key", "A public key to encrypt the token for.")
  static let key = Field.string("key", "A share of the unseal or recovery key, in hexadecimal or base64.", secret: true)
  static let nonce = Field.string("nonce", "The nonce of the attempt.")
  static let encodedToken = Field.string("encoded_token", "The token as the last share's answer had it.", secret: true)
}

extension SystemEngine {
  static let rootGenerationRoutes: [Route<SystemEngine>] = [
    rootGenerationRoute("generate-root"),
    rootGenerationRoute("generate-root/attempt"),
    Route(
      "generate-root/update", traits: [.unauthenticated, .beforeUnseal],
      fields: [Fields.key.description, Fields.nonce.description],
      summary: "Takes one share for a new root token", [.update: { try giveForRoot($1) }]),
    Route(
      "decode-token", traits: [.unauthenticated],
      fields: [Fields.encodedToken.description, Fields.password.description],
      summary: "Takes the one-time pad off a token", [.update: { try decodeToken($1) }]),
  ]

  private static func rootGenerationRoute(_ pattern: PathPattern) -> Route<SystemEngine> {
    Route(
      pattern, traits: [.unauthenticated, .beforeUnseal, .refusesWithoutText],
      fields: [Fields.password.description, Fields.pgpKey.description],
      summary: "How the making of a root token stands; begins and ends it",
      [
        .read: { try rootGeneration($1) }, .update: { try beginRootGeneration($1) },
        .delete: { try cancelRootGeneration($1) },
      ])
  }

  private static func requireInitialized(_ call: Call) throws {
    guard try call.session.node.isInitialized else { throw EngineError.invalid("server is not yet initialized") }
  }

  private static func rootGeneration(_ call: Call) throws -> Reply {
    try requireInitialized(call)
    let (session, state) = try call.active
    return answer(try session.node.rootGeneration(state), showsLength: true)
  }

  private static func beginRootGeneration(_ call: Call) throws -> Reply {
    try requireInitialized(call)
    let (session, state) = try call.active
    let password = try call[Fields.password] ?? ""
    if try !(call[Fields.pgpKey] ?? "").isEmpty {
      if !password.isEmpty { throw EngineError.invalid("only one of \"otp\" and \"pgp_key\" must be specified") }
      throw EngineError.invalid("encrypting the token for a PGP key is not supported")
    }
    let status = try session.node.beginRootGeneration(state, password: password.isEmpty ? nil : password)
    return answer(status, showsLength: true)
  }

  private static func cancelRootGeneration(_ call: Call) throws -> Reply {
    try requireInitialized(call)
    try call.active.session.node.cancelRootGeneration()
    return .none
  }

  private static func giveForRoot(_ call: Call) throws -> Reply {
    let (share, nonce) = try givenShare(call)
    try requireInitialized(call)
    let (session, state) = try call.active
    return answer(
      try session.node.giveForRootGeneration(state, share: share, nonce: nonce), showsLength: false)
  }

  /// The share and nonce of an update.
  static func givenShare(_ call: Call) throws -> (share: SecretBytes, nonce: String) {
    guard let text = try call[Fields.key], !text.isEmpty else {
      throw EngineError.invalid("'key' must be specified in request body as JSON")
    }
    guard let share = KeyShare.read(text) else {
      throw EngineError.invalid("'key' must be a valid hex or base64 string")
    }
    return (share, try call[Fields.nonce] ?? "")
  }

  private static func answer(_ status: RootGenerationStatus, showsLength: Bool) -> Reply {
    let token = JSONValue.string(status.encodedToken ?? "")
    let body: JSONObject = [
      "nonce": .string(status.nonce), "started": .bool(status.isStarted), "progress": .int(status.progress),
      "required": .int(status.required), "complete": .bool(status.encodedToken != nil), "encoded_token": token,
      "encoded_root_token": token, "pgp_fingerprint": "", "otp": .string(status.oneTimePassword),
      "otp_length": .int(showsLength ? RootGeneration.passwordLength : 0),
    ]
    return Reply(.plain(JSONText(body)))
  }

  private static func decodeToken(_ call: Call) throws -> Reply {
    guard let encoded = try call[Fields.encodedToken], !encoded.isEmpty else {
      throw EngineError.invalid("missing encoded_token")
    }
    guard let password = try call[Fields.password], !password.isEmpty else { throw EngineError.invalid("missing otp") }
    return .data(["token": .string(try PaddedToken.decode(encoded, pad: password))])
  }
}
