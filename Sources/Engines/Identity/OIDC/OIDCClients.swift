internal import EngineAPI
internal import JSONText
internal import Primitives

private enum Fields {
  static let name = Field.string("name", "The name of the client.")
  static let key = Field.string("key", "The key that signs the client's ID tokens; `default` where it is not said.")
  static let redirectURIs = Field.commaStrings(
    "redirect_uris",
    "Where people may be sent back to. A request must name one of them as it is written here, "
      + "but for the port of a loopback address.")
  static let assignments = Field.commaStrings("assignments", "Who may come in; nobody where there is none.")
  static let idTokenTTL = Field.duration("id_token_ttl", "How long ID tokens are valid; 24h by default.")
  static let accessTokenTTL = Field.duration("access_token_ttl", "How long access tokens are valid; 24h by default.")
  static let kind = Field.string("client_type", "`confidential` (default) or `public`. Only said when it is made.")

  static let all = [
    name.description, key.description, redirectURIs.description, assignments.description, idTokenTTL.description,
    accessTokenTTL.description, kind.description,
  ]
}

extension IdentityEngine {
  static let oidcClientRoutes: [Route<IdentityEngine>] = [
    Route("oidc/client/", summary: "All clients", [.list: { engine, _ in try engine.listClients() }]),
    Route(
      "oidc/client/{name}", fields: Fields.all, summary: "An application that lets people in by way of this server",
      [
        .read: { engine, call in
          guard let client = try engine.oidc.read(OIDCClient.self, call.capture("name")) else { return .none }
          return .data(client.answer)
        }, .update: { try $0.writeClient($1) }, .delete: { try $0.deleteClient($1) },
      ]),
  ]

  private func listClients() throws -> Reply {
    let clients = try oidc.all(OIDCClient.self)
    return .keys(clients.map(\.name), info: JSONObject(clients.map { ($0.name, .object($0.value.face)) }))
  }

  private func writeClient(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let keyName = try call[Fields.key]
    let kind = try call[Fields.kind].map { text throws(EngineError) in
      guard let kind = OIDCClient.Kind(rawValue: text) else {
        throw .invalid("invalid client_type \"\(text)\"")
      }
      return kind
    }
    let redirects = try call[Fields.redirectURIs].map(OIDCAccess.unique)
    let assignments = try call[Fields.assignments].map(OIDCAccess.unique)
    let idTokenTTL = try call[Fields.idTokenTTL]
    let accessTokenTTL = try call[Fields.accessTokenTTL]
    return try oidc.change { changes in
      let known = try oidc.read(OIDCClient.self, name)
      if let known, let keyName, keyName != known.key { throw EngineError.invalid("key modification is not allowed") }
      if let known, let kind, kind != known.kind {
        throw EngineError.invalid("client_type modification is not allowed")
      }
      var client =
        known
        ?? OIDCClient(key: keyName ?? NamedKey.defaultName, kind: kind ?? .confidential, random: oidc.random)
      if let redirects { client.redirectURIs = redirects }
      if let assignments { client.assignments = assignments }
      if let idTokenTTL { client.idTokenTTL = idTokenTTL }
      if let accessTokenTTL { client.accessTokenTTL = accessTokenTTL }
      for assignment in client.assignments where try oidc.read(OIDCAssignment.self, assignment) == nil {
        throw EngineError.invalid("assignment \"\(assignment)\" does not exist")
      }
      guard let key = try oidc.read(NamedKey.self, client.key) else {
        throw EngineError.invalid("key \"\(client.key)\" does not exist")
      }
      guard client.idTokenTTL <= key.rules.verificationTTL else {
        throw EngineError.invalid(
          "a client's id_token_ttl cannot be greater than the verification_ttl of the key it references")
      }
      _ = try oidc.currentRing(client.key, key, now: call.now, &changes)
      changes.put(name, client)
      changes.put(clientID: client.clientID, of: name)
      return .none
    }
  }

  private func deleteClient(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    return try oidc.change { changes in
      guard let client = try oidc.read(OIDCClient.self, name) else { return .none }
      changes.delete(OIDCClient.self, name)
      changes.delete(clientID: client.clientID)
      return .none
    }
  }
}
