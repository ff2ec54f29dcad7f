internal import EngineAPI
internal import IdentityTokens
internal import JSONText

/// An OpenID provider: one issuer with its clients and scopes.
struct OIDCProvider: OIDCRecord {
  static let folder = "provider/"
  static let defaultName = "default"
  static let builtin = [defaultName: OIDCProvider(allowedClientIDs: [OIDCAccess.everybody])]

  /// Scheme, host and port; empty for the server's own address.
  var issuer = ""
  var allowedClientIDs: [String] = []
  var scopes: [String] = []

  init(allowedClientIDs: [String] = []) { self.allowedClientIDs = allowedClientIDs }

  func allows(clientID: String) -> Bool { OIDCAccess.allows(allowedClientIDs, clientID) }

  var record: JSONObject {
    ["issuer": .string(issuer), "clients": .strings(allowedClientIDs), "scopes": .strings(scopes)]
  }

  init?(record: JSONObject) {
    guard let issuer = record["issuer"]?.stringValue else { return nil }
    self.issuer = issuer
    allowedClientIDs = OIDCAccess.texts(record["clients"])
    scopes = OIDCAccess.texts(record["scopes"])
  }
}

private enum Fields {
  static let name = Field.string("name", "The name of the provider.")
  static let issuer = Field.string(
    "issuer", "Scheme, host and port of the issuer's URL; the server's own address where it is not said.")
  static let allowed = Field.commaStrings("allowed_client_ids", "The clients that may use it; `*` for all.")
  static let scopes = Field.commaStrings("scopes_supported", "The scopes that clients can ask for beside `openid`.")
  static let allowedClient = Field.string("allowed_client_id", "List only providers that this client may use.")
}

extension IdentityEngine {
  static let oidcProviderRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/provider/", fields: [Fields.allowedClient.description], summary: "All providers",
      [.list: { try $0.listProviders($1) }]),
    Route(
      "oidc/provider/{name}",
      fields: [
        Fields.name.description, Fields.issuer.description, Fields.allowed.description, Fields.scopes.description,
      ], summary: "An OpenID provider",
      [
        .read: { engine, call in
          let name = call.capture("name")
          guard let provider = try engine.oidc.read(OIDCProvider.self, name) else { return .none }
          return .data(try Self.answer(provider, name, call))
        }, .update: { try $0.writeProvider($1) }, .delete: { try $0.deleteProvider($1) },
      ]),
  ]

  private static func answer(_ provider: OIDCProvider, _ name: String, _ call: Call) throws -> JSONObject {
    [
      "allowed_client_ids": .strings(provider.allowedClientIDs),
      "issuer": .string(try OIDCIssuer.provider(name, provider, call)), "scopes_supported": .strings(provider.scopes),
    ]
  }

  private func listProviders(_ call: Call) throws -> Reply {
    let wanted = try call[Fields.allowedClient] ?? ""
    let providers = try oidc.all(OIDCProvider.self).filter { wanted.isEmpty || $0.value.allows(clientID: wanted) }
    var info: JSONObject = [:]
    for (name, provider) in providers { info[name] = .object(try Self.answer(provider, name, call)) }
    return .keys(providers.map(\.name), info: info)
  }

  private func writeProvider(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let issuer = try call[Fields.issuer].map(OIDCIssuer.checked)
    let allowed = try call[Fields.allowed].map(OIDCAccess.unique)
    let scopes = try call[Fields.scopes].map(OIDCAccess.unique)
    return try oidc.change { changes in
      var provider = try oidc.read(OIDCProvider.self, name) ?? OIDCProvider()
      if let issuer { provider.issuer = issuer }
      if let allowed { provider.allowedClientIDs = allowed }
      if let scopes { provider.scopes = scopes }
      let conflict = try conflict(in: provider.scopes)
      changes.put(name, provider)
      var warnings: [String] = []
      if !provider.issuer.isEmpty { warnings.append(OIDCIssuer.setWarning) }
      if let conflict {
        warnings.append(
          "Found scope templates with conflicting top-level keys: conflict \"\(conflict.claim)\" in scopes "
            + "\(conflict.scopes.map { "\"\($0)\"" }.joined(separator: ", ")). This may result in an error if the "
            + "scopes are requested in an OIDC Authentication Request.")
      }
      if warnings.isEmpty { return .none }
      var reply = Reply(.data(.null))
      reply.warnings = warnings
      return reply
    }
  }

  /// The first claim that two of the scopes make.
  private func conflict(in scopes: [String]) throws -> (claim: String, scopes: [String])? {
    var owner: [String: String] = [:]
    for name in scopes {
      if name == OIDCScope.openID {
        throw EngineError.invalid("the \"\(name)\" scope is part of every provider and cannot be listed")
      }
      guard let scope = try oidc.read(OIDCScope.self, name) else {
        throw EngineError.invalid("scope \"\(name)\" does not exist")
      }
      for claim in try OIDCTemplate.stored(scope.template).names {
        if let other = owner[claim] { return (claim, [name, other]) }
        owner[claim] = name
      }
    }
    return nil
  }

  private func deleteProvider(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    if name == OIDCProvider.defaultName {
      throw EngineError.invalid("deletion of OIDC provider \"\(name)\" not allowed")
    }
    try oidc.change { $0.delete(OIDCProvider.self, name) }
    return .none
  }
}
