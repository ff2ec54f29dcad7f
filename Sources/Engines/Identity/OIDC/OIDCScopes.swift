internal import EngineAPI
internal import IdentityTokens
internal import JSONText

/// Claims that a client may ask for by one name.
struct OIDCScope: OIDCRecord {
  static let folder = "scope/"
  /// Asked for in every request; what it stands for is fixed.
  static let openID = "openid"

  var template = ""
  var description = ""

  init() {}

  var record: JSONObject { ["template": .string(template), "description": .string(description)] }

  init?(record: JSONObject) {
    guard let template = record["template"]?.stringValue, let description = record["description"]?.stringValue
    else { return nil }
    self.template = template
    self.description = description
  }
}

private enum Fields {
  static let name = Field.string("name", "The name of the scope.")
  static let template = Field.string("template", "Its claims, as a JSON template, plain or in base64.")
  static let description = Field.string("description", "What it is for.")
}

extension IdentityEngine {
  static let oidcScopeRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/scope/", summary: "The names of all scopes",
      [.list: { engine, _ in .keys(try engine.oidc.names(OIDCScope.self)) }]),
    Route(
      "oidc/scope/{name}",
      fields: [Fields.name.description, Fields.template.description, Fields.description.description],
      summary: "Claims that clients can ask for",
      [
        .read: { engine, call in
          guard let scope = try engine.oidc.read(OIDCScope.self, call.capture("name")) else { return .none }
          return .data(["description": .string(scope.description), "template": .string(scope.template)])
        }, .update: { try $0.writeScope($1) }, .delete: { try $0.deleteScope($1) },
      ]),
  ]

  private func writeScope(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard name != OIDCScope.openID else {
      throw EngineError.invalid("the \"\(OIDCScope.openID)\" scope name is reserved")
    }
    let template = try call[Fields.template].map(OIDCTemplate.checked)
    let description = try call[Fields.description]
    return try oidc.change { changes in
      var scope = try oidc.read(OIDCScope.self, name) ?? OIDCScope()
      if let template { scope.template = template }
      if let description { scope.description = description }
      changes.put(name, scope)
      return .none
    }
  }

  private func deleteScope(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    return try oidc.change { changes in
      let providers = try oidc.all(OIDCProvider.self).filter { $0.value.scopes.contains(name) }.map(\.name)
      if !providers.isEmpty { throw Self.referenced("scope", name, by: "providers", providers) }
      changes.delete(OIDCScope.self, name)
      return .none
    }
  }
}
