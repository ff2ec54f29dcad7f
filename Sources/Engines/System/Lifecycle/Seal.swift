internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives
internal import SecretMemory

private enum Fields {
  static let key = Field.string("key", "A share of the unseal key, in hexadecimal or base64.", secret: true)
  static let reset = Field.bool("reset", "Forgets the shares given so far.")
  static let migrate = Field.bool("migrate", "Moves to another seal.")
}

extension SystemEngine {
  static let sealRoutes: [Route<SystemEngine>] = [
    Route(
      "seal-status", traits: [.unauthenticated, .beforeUnseal, .unaudited, .refusesWithoutText, .prompt],
      summary: "Whether the node is sealed, and how far unsealing is", [.read: { try sealStatus($1.session) }]),
    Route(
      "unseal", traits: [.unauthenticated, .beforeUnseal, .unaudited, .refusesWithoutText],
      fields: [Fields.key.description, Fields.reset.description, Fields.migrate.description],
      summary: "Takes one share of the unseal key", [.update: { try unseal($1) }]),
    Route("seal", traits: [.sudo, .refusesWithoutText], summary: "Seals the node", [.update: { try seal($1) }]),
    // A sealed node is sealed again without a token: nobody could show one.
    Route(
      "seal", traits: [.unauthenticated, .beforeUnseal, .refusesWithoutText], summary: "Seals the node",
      [.update: { _, _ in .none }]),
  ]

  private static func seal(_ call: Call) throws -> Reply {
    try call.session.node.seal(leaving: 1)
    return .none
  }

  private static func unseal(_ call: Call) throws -> Reply {
    let session = try call.session
    if try call[Fields.reset] == true {
      try session.node.resetUnsealing()
      return try sealStatus(session)
    }
    guard let text = try call[Fields.key], !text.isEmpty else {
      throw EngineError.invalid("'key' must be specified in request body as JSON, or 'reset' set to true")
    }
    if try call[Fields.migrate] == true {
      throw EngineError.invalid("this node has no other seal to move to")
    }
    guard let key = KeyShare.read(text) else {
      throw EngineError.invalid("'key' must be a valid hex or base64 string")
    }
    try session.node.unseal(share: key)
    return try sealStatus(session)
  }

  private static func sealStatus(_ session: Session) throws -> Reply {
    let status = try session.node.sealStatus()
    let settings = session.node.settings
    var body: JSONObject = [
      "type": .string(status.type), "initialized": .bool(status.isInitialized), "sealed": .bool(status.isSealed),
      "t": .int(status.shares.threshold), "n": .int(status.shares.shares), "progress": .int(status.progress),
      "nonce": .string(status.nonce), "version": .string(settings.version),
      "build_date": .string(settings.buildDate), "migration": false,
    ]
    if let cluster = status.cluster {
      body["cluster_name"] = .string(cluster.name)
      body["cluster_id"] = .string(cluster.id)
    }
    body["recovery_seal"] = .bool(status.usesRecoveryKey)
    body["storage_type"] = .string(settings.storageType)
    if status.usesRecoveryKey { body["recovery_seal_type"] = "shamir" }
    if !settings.warnings.isEmpty { body["warnings"] = .strings(settings.warnings) }
    body["removed_from_cluster"] = false
    return Reply(.plain(JSONText(body)))
  }
}

/// A share as people paste it.
enum KeyShare {
  /// Hexadecimal where the text is that, else base64 with or without padding; nil for neither.
  static func read(_ text: String) -> SecretBytes? {
    if let bytes = Hex.decode(text), bytes.count > 1 { return SecretBytes(copying: bytes) }
    if Hex.decode(text) != nil { return nil }
    if let bytes = try? Base64.decode(text) { return SecretBytes(copying: bytes) }
    return (try? Base64.decode(text, padded: false)).map { SecretBytes(copying: $0) }
  }
}
