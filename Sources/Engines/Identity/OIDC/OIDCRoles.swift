internal import EngineAPI
internal import IdentityTokens
internal import JSONText
internal import Primitives

/// What identity tokens of one kind say, and which key signs them.
struct OIDCRole: OIDCRecord {
  static let folder = "role/"

  var key: String
  var clientID: String
  var template = ""
  var ttl = TimeSpan.hours(24)

  init(key: String, clientID: String) {
    self.key = key
    self.clientID = clientID
  }

  var record: JSONObject {
    [
      "key": .string(key), "client_id": .string(clientID), "template": .string(template),
      "ttl": .int(ttl.nanoseconds),
    ]
  }

  init?(record: JSONObject) {
    guard let key = record["key"]?.stringValue, let clientID = record["client_id"]?.stringValue,
      let template = record["template"]?.stringValue, let ttl = record["ttl"]?.int64Value
    else { return nil }
    self.init(key: key, clientID: clientID)
    self.template = template
    self.ttl = TimeSpan(nanoseconds: ttl)
  }
}

private enum Fields {
  static let name = Field.string("name", "The name of the role.")
  static let key = Field.string("key", "The key that signs the role's tokens.", required: true)
  static let template = Field.string(
    "template", "The claims that the role adds, as a JSON template, plain or in base64.")
  static let clientID = Field.string("client_id", "The audience of the tokens; made up where it is not said.")
  static let ttl = Field.duration("ttl", "How long tokens are valid; 24h by default.")
}

extension IdentityEngine {
  static let oidcRoleRoutes: [Route<IdentityEngine>] = [
    Route(
      "oidc/role/", summary: "The names of all roles",
      [.list: { engine, _ in .keys(try engine.oidc.names(OIDCRole.self)) }]),
    Route(
      "oidc/role/{name}",
      fields: [
        Fields.name.description, Fields.key.description, Fields.template.description, Fields.clientID.description,
        Fields.ttl.description,
      ], summary: "A kind of identity tokens",
      [
        .read: { engine, call in
          guard let role = try engine.oidc.read(OIDCRole.self, call.capture("name")) else { return .none }
          return .data([
            "client_id": .string(role.clientID), "key": .string(role.key), "template": .string(role.template),
            "ttl": .int(role.ttl.seconds),
          ])
        }, .update: { try $0.writeRole($1) },
        .delete: { engine, call in
          try engine.oidc.change { $0.delete(OIDCRole.self, call.capture("name")) }
          return .none
        },
      ]),
  ]

  private static let clientIDCharacters = 26

  private func writeRole(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let keyName = try call[Fields.key] ?? ""
    let template = try call[Fields.template].map(OIDCTemplate.checked)
    let clientID = try call[Fields.clientID] ?? ""
    let ttl = try call[Fields.ttl]
    return try oidc.change { changes in
      let known = try oidc.read(OIDCRole.self, name)
      guard known != nil || !keyName.isEmpty else { throw EngineError.invalid("the key parameter is required") }
      var role = known ?? OIDCRole(key: keyName, clientID: oidc.random.base62(Self.clientIDCharacters))
      if !keyName.isEmpty { role.key = keyName }
      if let template { role.template = template }
      if !clientID.isEmpty { role.clientID = clientID }
      if let ttl { role.ttl = ttl }
      guard let key = try oidc.read(NamedKey.self, role.key) else {
        throw EngineError.invalid("cannot find key \"\(role.key)\"")
      }
      guard role.ttl <= key.rules.verificationTTL else {
        throw EngineError.invalid(
          "a role's token ttl cannot be longer than the verification_ttl of the key it references")
      }
      _ = try oidc.currentRing(role.key, key, now: call.now, &changes)
      changes.put(name, role)
      return .none
    }
  }
}

/// Templates as they come in requests.
enum OIDCTemplate {
  /// Claims that say who issued a token to whom and when; no template can say otherwise.
  static let reserved = [
    "iat", "aud", "exp", "iss", "sub", "namespace", "nonce", "auth_time", "at_hash", "c_hash",
  ]

  /// The template's text, decoded where it came in base64.
  static func checked(_ text: String) throws(EngineError) -> String {
    var text = text
    if let bytes = try? Base64.decode(text), let decoded = String(validating: bytes, as: UTF8.self) { text = decoded }
    let template: ClaimsTemplate
    do { template = try ClaimsTemplate(text) } catch {
      if case .json = error { throw .invalid("error parsing template JSON: \(error.reason)") }
      throw .invalid("error parsing template: \(error.reason)")
    }
    if let name = template.names.first(where: reserved.contains) {
      throw .invalid(
        "top level key \"\(name)\" not allowed. Restricted keys: \(reserved.joined(separator: ", "))")
    }
    return text
  }

  /// The template of a stored text, which was checked when it came.
  static func stored(_ text: String) throws(EngineError) -> ClaimsTemplate {
    do { return try ClaimsTemplate(text) } catch { throw EngineError(status: 500, messages: ["internal error"]) }
  }
}
