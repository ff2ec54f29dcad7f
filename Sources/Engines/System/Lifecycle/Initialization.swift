internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives
internal import SecretMemory

private enum Fields {
  static let shares = Field.int("secret_shares", "Into how many shares the unseal key is split.")
  static let threshold = Field.int("secret_threshold", "How many of them unseal.")
  static let stored = Field.int("stored_shares", "Ignored; kept for old clients.", deprecated: true)
  static let pgpKeys = Field.strings("pgp_keys", "Public keys to encrypt the shares for.")
  static let rootPGPKey = Field.string("root_token_pgp_key", "A public key to encrypt the root token for.")
  static let recoveryShares = Field.int("recovery_shares", "Into how many shares the recovery key is split.")
  static let recoveryThreshold = Field.int("recovery_threshold", "How many of them are needed.")
  static let recoveryPGPKeys = Field.strings("recovery_pgp_keys", "Public keys to encrypt the recovery shares for.")
}

extension SystemEngine {
  static let initializationRoutes: [Route<SystemEngine>] = [
    Route(
      "init", traits: [.unauthenticated, .beforeUnseal, .unaudited, .refusesWithoutText],
      fields: [
        Fields.shares.description, Fields.threshold.description, Fields.stored.description, Fields.pgpKeys.description,
        Fields.rootPGPKey.description, Fields.recoveryShares.description, Fields.recoveryThreshold.description,
        Fields.recoveryPGPKeys.description,
      ], summary: "Initialises the node, or tells whether it is",
      [.read: { try isInitialized($1) }, .update: { try initialize($1) }])
  ]

  private static func isInitialized(_ call: Call) throws -> Reply {
    Reply(.plain(JSONText(["initialized": .bool(try call.session.node.isInitialized)] as JSONObject)))
  }

  private static func initialize(_ call: Call) throws -> Reply {
    let node = try call.session.node
    func count(_ field: Field<Int64>) throws -> Int { Int(clamping: try call[field] ?? 0) }
    var request = InitializationRequest(
      unseal: ShareConfiguration(shares: try count(Fields.shares), threshold: try count(Fields.threshold)),
      recovery: ShareConfiguration(
        shares: try count(Fields.recoveryShares), threshold: try count(Fields.recoveryThreshold)))
    request.pgpKeys = try call[Fields.pgpKeys]?.count ?? 0
    request.recoveryPGPKeys = try call[Fields.recoveryPGPKeys]?.count ?? 0
    request.hasRootTokenPGPKey = try call[Fields.rootPGPKey].map { !$0.isEmpty } ?? false
    let result = try node.initialize(request)
    var body: JSONObject = [
      "keys": .strings(result.unsealShares.map { $0.withBytes { Hex.encode($0) } }),
      "keys_base64": .strings(result.unsealShares.map { $0.withBytes { Base64.encode($0) } }),
    ]
    if !result.recoveryShares.isEmpty {
      body["recovery_keys"] = .strings(result.recoveryShares.map { $0.withBytes { Hex.encode($0) } })
      body["recovery_keys_base64"] = .strings(result.recoveryShares.map { $0.withBytes { Base64.encode($0) } })
    }
    body["root_token"] = .string(result.rootToken)
    if node.composition.seal.isAutomatic {
      // The answer holds the only copy of the shares and the token: it goes out even if the seal cannot be asked just now.
      do { try node.unsealAutomatically() } catch { node.log.warn("the node is initialised and stays sealed for now") }
    }
    return Reply(.plain(JSONText(body)))
  }
}
