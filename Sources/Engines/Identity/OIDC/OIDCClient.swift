internal import JSONText
internal import Primitives
internal import SecretMemory

/// An application that lets people in by way of this server.
struct OIDCClient: OIDCRecord {
  static let folder = "client/"

  enum Kind: String, Sendable {
    /// Can keep a secret.
    case confidential
    /// Cannot, and proves by PKCE that it began the exchange.
    case `public`
  }

  let clientID: String
  let kind: Kind
  /// Nil for a public client.
  let secret: SecretBytes?
  let key: String
  var redirectURIs: [String] = []
  var assignments: [String] = []
  var idTokenTTL = TimeSpan.hours(24)
  var accessTokenTTL = TimeSpan.hours(24)

  private static let idCharacters = 32
  private static let secretPrefix = "hvo_secret_"
  private static let secretCharacters = 64

  /// A new client.
  init(key: String, kind: Kind, random: RandomSource) {
    clientID = random.base62(Self.idCharacters)
    self.kind = kind
    self.key = key
    secret =
      kind == .confidential
      ? SecretBytes(copying: Array((Self.secretPrefix + random.base62(Self.secretCharacters)).utf8)) : nil
  }

  /// True for what may be a client's id, and so the end of a storage key.
  static func isID(_ text: String) -> Bool {
    text.utf8.count == idCharacters
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: false
        }
      }
  }

  private var secretText: String? { secret.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } } }

  var record: JSONObject {
    var object: JSONObject = [
      "id": .string(clientID), "kind": .string(kind.rawValue), "key": .string(key),
      "redirects": .strings(redirectURIs), "assignments": .strings(assignments),
      "id_token": .int(idTokenTTL.nanoseconds), "access_token": .int(accessTokenTTL.nanoseconds),
    ]
    if let secretText { object["secret"] = .string(secretText) }
    return object
  }

  init?(record: JSONObject) {
    guard let id = record["id"]?.stringValue, let kind = record["kind"]?.stringValue.flatMap(Kind.init(rawValue:)),
      let key = record["key"]?.stringValue, let idToken = record["id_token"]?.int64Value,
      let accessToken = record["access_token"]?.int64Value
    else { return nil }
    clientID = id
    self.kind = kind
    self.key = key
    secret = record["secret"]?.stringValue.map { SecretBytes(copying: Array($0.utf8)) }
    if kind == .confidential && secret == nil { return nil }
    redirectURIs = OIDCAccess.texts(record["redirects"])
    assignments = OIDCAccess.texts(record["assignments"])
    idTokenTTL = TimeSpan(nanoseconds: idToken)
    accessTokenTTL = TimeSpan(nanoseconds: accessToken)
  }

  /// Without the secret, as lists show it.
  var face: JSONObject {
    [
      "access_token_ttl": .int(accessTokenTTL.seconds), "assignments": .strings(assignments),
      "client_id": .string(clientID), "client_type": .string(kind.rawValue),
      "id_token_ttl": .int(idTokenTTL.seconds), "key": .string(key), "redirect_uris": .strings(redirectURIs),
    ]
  }

  var answer: JSONObject {
    var object = face
    if let secretText { object["client_secret"] = .string(secretText) }
    return object
  }
}
