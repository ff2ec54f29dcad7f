internal import EngineAPI
internal import IdentityTokens
internal import JOSE
internal import JSONText
internal import Primitives

private enum Fields {
  static let name = Field.string("name", "The name of the key.")
  static let rotationPeriod = Field.duration("rotation_period", "How often a new key begins to sign; 24h by default.")
  static let verificationTTL = Field.duration(
    "verification_ttl", "How long a key is published after it stopped to sign; 24h by default.")
  static let algorithm = Field.string(
    "algorithm", "RS256 (default), RS384, RS512, ES256, ES384, ES512 or EdDSA.")
  static let allowed = Field.commaStrings(
    "allowed_client_ids", "The client ids of roles and clients that may use the key; `*` for all.")
}

extension IdentityEngine {
  static let oidcKeyRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/key/", summary: "The names of all keys",
      [.list: { engine, _ in .keys(try engine.oidc.names(NamedKey.self)) }]),
    Route(
      "oidc/key/{name}",
      fields: [
        Fields.name.description, Fields.rotationPeriod.description, Fields.verificationTTL.description,
        Fields.algorithm.description, Fields.allowed.description,
      ], summary: "A key that signs identity tokens",
      [
        .read: { engine, call in
          guard let key = try engine.oidc.read(NamedKey.self, call.capture("name")) else { return .none }
          return .data(key.answer)
        }, .update: { try $0.writeKey($1) }, .delete: { try $0.deleteKey($1) },
      ]),
    Route(
      "oidc/key/{name}/rotate", fields: [Fields.name.description, Fields.verificationTTL.description],
      summary: "Lets the next key sign from now on", [.update: { try $0.rotateKey($1) }]),
  ]

  private func writeKey(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let period = try call[Fields.rotationPeriod]
    let verification = try call[Fields.verificationTTL]
    let algorithm = try call[Fields.algorithm]
    let allowed = try call[Fields.allowed]
    return try oidc.change { changes in
      let known = try oidc.read(NamedKey.self, name)
      var key = known ?? NamedKey()
      if let period { key.rules.rotationPeriod = period }
      if let verification { key.rules.verificationTTL = verification }
      if let allowed { key.allowedClientIDs = OIDCAccess.unique(allowed) }
      if let algorithm {
        guard let parsed = SignatureAlgorithm(rawValue: algorithm) else {
          throw EngineError.invalid("unknown signing algorithm \"\(algorithm)\"")
        }
        key.algorithm = parsed
      }
      try check(key, name)
      changes.put(name, key)
      guard let known, var ring = try oidc.ringInTurn(name) else { return .none }
      if known.algorithm != key.algorithm {
        guard !ring.isFull else { throw Self.tooManyKeys }
        try ring.replace(
          at: call.now, rules: known.rules, signing: oidc.newKey(of: key), next: oidc.newKey(of: key))
      } else if ring.isDue(call.now) {
        try ring.catchUp(to: call.now, rules: known.rules, fresh: oidc.newKey(of: key))
      }
      ring.shorten(to: key.rules.rotationPeriod, now: call.now)
      try changes.put(name, ring: ring)
      return .none
    }
  }

  private func check(_ key: NamedKey, _ name: String) throws {
    guard key.rules.rotationPeriod >= .minutes(1) else {
      throw EngineError.invalid("rotation_period must be at least one minute")
    }
    guard key.rules.verificationTTL.nanoseconds / 10 <= key.rules.rotationPeriod.nanoseconds else {
      throw EngineError.invalid("verification_ttl cannot be longer than 10x rotation_period")
    }
    let verification = key.rules.verificationTTL
    if try oidc.all(OIDCRole.self).contains(where: { $0.value.key == name && $0.value.ttl > verification }) {
      throw EngineError.invalid(
        "unable to update key \"\(name)\" because it is currently referenced by one or more roles with a token ttl "
          + "greater than \(verification.seconds) seconds")
    }
    if try oidc.all(OIDCClient.self).contains(where: { $0.value.key == name && $0.value.idTokenTTL > verification }) {
      throw EngineError.invalid(
        "unable to update key \"\(name)\" because it is currently referenced by one or more clients with an "
          + "id_token_ttl greater than \(verification.seconds) seconds")
    }
  }

  private static let tooManyKeys = EngineError.invalid(
    "too many keys of before are still published; wait, or rotate with a shorter verification_ttl")

  private func rotateKey(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let override = try call[Fields.verificationTTL]
    return try oidc.change { changes in
      guard let key = try oidc.read(NamedKey.self, name) else {
        throw EngineError.invalid("no named key found at \"\(name)\"")
      }
      var ring = try oidc.currentRing(name, key, now: call.now, &changes)
      let verification = override ?? key.rules.verificationTTL
      ring.forget(before: call.now)
      guard !ring.isFull else { throw Self.tooManyKeys }
      try ring.rotate(at: call.now, rules: key.rules, verificationTTL: verification, fresh: oidc.newKey(of: key))
      try changes.put(name, ring: ring)
      return .none
    }
  }

  private func deleteKey(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    return try oidc.change { changes in
      if name == NamedKey.defaultName { throw EngineError.invalid("deletion of key \"\(name)\" not allowed") }
      let roles = try oidc.all(OIDCRole.self).filter { $0.value.key == name }.map(\.name)
      if !roles.isEmpty { throw Self.referenced("key", name, by: "roles", roles) }
      let clients = try oidc.all(OIDCClient.self).filter { $0.value.key == name }.map(\.name)
      if !clients.isEmpty { throw Self.referenced("key", name, by: "clients", clients) }
      changes.delete(NamedKey.self, name)
      changes.deleteRing(name)
      return .none
    }
  }

  static func referenced(_ kind: String, _ name: String, by others: String, _ names: [String]) -> EngineError {
    .invalid(
      "unable to delete \(kind) \"\(name)\" because it is currently referenced by these \(others): "
        + names.joined(separator: ", "))
  }
}
