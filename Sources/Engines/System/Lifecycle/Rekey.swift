internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives
internal import SecretMemory

private enum Fields {
  static let shares = Field.int("secret_shares", "Into how many shares the new key is split.")
  static let threshold = Field.int("secret_threshold", "How many of them are needed.")
  static let stored = Field.int("stored_shares", "Ignored; kept for old clients.", deprecated: true)
  static let pgpKeys = Field.strings("pgp_keys", "Public keys to encrypt the shares for.")
  static let backup = Field.bool("backup", "Keeps the encrypted shares here as well.")
  static let verification = Field.bool(
    "require_verification", "The new shares count only when enough of them were given back.")
  static let key = Field.string("key", "A share, in hexadecimal or base64.", secret: true)
  static let nonce = Field.string("nonce", "The nonce of the operation.")
}

extension SystemEngine {
  static let rekeyRoutes: [Route<SystemEngine>] =
    rekeyRoutes(.barrier, below: "rekey") + rekeyRoutes(.recovery, below: "rekey-recovery-key") + [
      backupRoute("rekey/backup"), backupRoute("rekey/recovery-key-backup"),
    ]

  private static func rekeyRoutes(_ target: RekeyTarget, below folder: String) -> [Route<SystemEngine>] {
    let start = Route<SystemEngine>(
      PathPattern(stringLiteral: folder + "/init"), traits: [.unauthenticatedIfConfigured],
      fields: [
        Fields.shares.description, Fields.threshold.description, Fields.stored.description,
        Fields.pgpKeys.description, Fields.backup.description, Fields.verification.description,
        Fields.nonce.description,
      ], summary: "How the making of new key shares stands; begins and ends it",
      [
        .read: { try rekeyStatus($1, target) }, .update: { try beginRekey($1, target) },
        .delete: { try cancelRekey($1, target) },
      ])
    let update = Route<SystemEngine>(
      PathPattern(stringLiteral: folder + "/update"), traits: [.unauthenticatedIfConfigured],
      fields: [Fields.key.description, Fields.nonce.description], summary: "Takes one of the present shares",
      [.update: { try giveForRekey($1, target) }])
    let verify = Route<SystemEngine>(
      PathPattern(stringLiteral: folder + "/verify"), traits: [.unauthenticatedIfConfigured],
      fields: [Fields.key.description, Fields.nonce.description],
      summary: "Takes one of the new shares, to show that they have arrived",
      [
        .read: { try rekeyVerification($1, target) }, .update: { try verifyRekey($1, target) },
        .delete: { try restartVerification($1, target) },
      ])
    return [start, update, verify]
  }

  private static func backupRoute(_ pattern: PathPattern) -> Route<SystemEngine> {
    Route(
      pattern, traits: [.sudo, .dataAtTop], summary: "Encrypted shares that were kept here",
      [
        .read: { _, _ in throw EngineError.invalid("no backed-up keys found") },
        .delete: { _, _ in .none },
      ])
  }

  private static func active(
    _ call: Call, _ target: RekeyTarget
  ) throws -> (node: Node, state: ActiveState) {
    let (session, state) = try call.active
    try session.node.checkRekey(target)
    return (session.node, state)
  }

  private static func rekeyStatus(_ call: Call, _ target: RekeyTarget) throws -> Reply {
    let (node, state) = try active(call, target)
    return answer(try node.rekeyStatus(target, state))
  }

  private static func beginRekey(_ call: Call, _ target: RekeyTarget) throws -> Reply {
    let (node, state) = try active(call, target)
    var request = RekeyRequest(
      shares: ShareConfiguration(
        shares: Int(clamping: try call[Fields.shares] ?? 0), threshold: Int(clamping: try call[Fields.threshold] ?? 0)))
    request.pgpKeys = try call[Fields.pgpKeys]?.count ?? 0
    request.backup = try call[Fields.backup] ?? false
    request.requiresVerification = try call[Fields.verification] ?? false
    return answer(try node.beginRekey(target, state, request))
  }

  private static func cancelRekey(_ call: Call, _ target: RekeyTarget) throws -> Reply {
    let (node, _) = try active(call, target)
    var nonce = try call[Fields.nonce] ?? ""
    // Clients send it as a body, which a request of this kind usually has not.
    let body = try call.session.inbound.body
    if nonce.isEmpty, !body.isEmpty, let given = try? JSONParser.parse(body)["nonce"]?.stringValue { nonce = given }
    try node.cancelRekey(target, nonce: nonce)
    return .none
  }

  private static func giveForRekey(_ call: Call, _ target: RekeyTarget) throws -> Reply {
    let (share, nonce) = try givenShare(call)
    let (node, state) = try active(call, target)
    switch try node.giveForRekey(target, state, share: share, nonce: nonce) {
    case .progress(let status): return answer(status)
    case .complete(let status, let shares):
      var body: JSONObject = [
        "nonce": .string(status.nonce), "complete": true,
        "keys": .strings(shares.map { $0.withBytes { Hex.encode($0) } }),
        "keys_base64": .strings(shares.map { $0.withBytes { Base64.encode($0) } }), "pgp_fingerprints": .null,
        "backup": false, "verification_required": .bool(status.requiresVerification),
      ]
      if !status.verificationNonce.isEmpty { body["verification_nonce"] = .string(status.verificationNonce) }
      return Reply(.plain(JSONText(body)))
    }
  }

  private static func rekeyVerification(_ call: Call, _ target: RekeyTarget) throws -> Reply {
    verification(try active(call, target).node.rekeyVerification(target))
  }

  private static func restartVerification(_ call: Call, _ target: RekeyTarget) throws -> Reply {
    verification(try active(call, target).node.restartRekeyVerification(target))
  }

  private static func verifyRekey(_ call: Call, _ target: RekeyTarget) throws -> Reply {
    let (share, nonce) = try givenShare(call)
    let (node, state) = try active(call, target)
    switch try node.verifyRekey(target, state, share: share, nonce: nonce) {
    case .progress(let status): return verification(status)
    case .complete(let status, _):
      return Reply(
        .plain(JSONText(["nonce": .string(status.verificationNonce), "complete": true] as JSONObject)))
    }
  }

  private static func answer(_ status: RekeyStatus) -> Reply {
    var body: JSONObject = [
      "nonce": .string(status.nonce), "started": .bool(status.isStarted), "t": .int(status.shares.threshold),
      "n": .int(status.shares.shares), "progress": .int(status.progress), "required": .int(status.required),
      "pgp_fingerprints": .null, "backup": false, "verification_required": .bool(status.requiresVerification),
    ]
    if !status.verificationNonce.isEmpty { body["verification_nonce"] = .string(status.verificationNonce) }
    return Reply(.plain(JSONText(body)))
  }

  private static func verification(_ status: RekeyStatus) -> Reply {
    let body: JSONObject = [
      "nonce": .string(status.verificationNonce), "started": .bool(!status.verificationNonce.isEmpty),
      "t": .int(status.shares.threshold), "n": .int(status.shares.shares),
      "progress": .int(status.verificationNonce.isEmpty ? 0 : status.progress),
    ]
    return Reply(.plain(JSONText(body)))
  }
}
