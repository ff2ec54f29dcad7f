internal import EngineAPI
internal import IdentityTokens
internal import JOSE
internal import JSONText
internal import Primitives

/// What operators say of a key that signs identity tokens; the keys themselves are in its ring.
struct NamedKey: OIDCRecord {
  static let folder = "key/"
  static let defaultName = "default"
  static let builtin = [defaultName: NamedKey(allowedClientIDs: [OIDCAccess.everybody])]

  var algorithm = SignatureAlgorithm.rs256
  var rules = KeyRing.Rules(rotationPeriod: .hours(24), verificationTTL: .hours(24))
  var allowedClientIDs: [String] = []

  init(allowedClientIDs: [String] = []) { self.allowedClientIDs = allowedClientIDs }

  func allows(clientID: String) -> Bool { OIDCAccess.allows(allowedClientIDs, clientID) }

  var record: JSONObject {
    [
      "algorithm": .string(algorithm.rawValue), "rotation": .int(rules.rotationPeriod.nanoseconds),
      "verification": .int(rules.verificationTTL.nanoseconds), "clients": .strings(allowedClientIDs),
    ]
  }

  init?(record: JSONObject) {
    guard let algorithm = record["algorithm"]?.stringValue.flatMap(SignatureAlgorithm.init(rawValue:)),
      let rotation = record["rotation"]?.int64Value, let verification = record["verification"]?.int64Value
    else { return nil }
    self.algorithm = algorithm
    rules = KeyRing.Rules(
      rotationPeriod: TimeSpan(nanoseconds: rotation), verificationTTL: TimeSpan(nanoseconds: verification))
    allowedClientIDs = OIDCAccess.texts(record["clients"])
  }

  var answer: JSONObject {
    [
      "algorithm": .string(algorithm.rawValue), "allowed_client_ids": .strings(allowedClientIDs),
      "rotation_period": .int(rules.rotationPeriod.seconds), "verification_ttl": .int(rules.verificationTTL.seconds),
    ]
  }
}

/// Lists of ids in which `*` is everybody.
enum OIDCAccess {
  static let everybody = "*"

  static func allows(_ list: [String], _ id: String) -> Bool { list.contains(everybody) || list.contains(id) }

  /// In the order in which they came, each once.
  static func unique(_ list: [String]) -> [String] {
    var seen: Set<String> = []
    return list.filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  static func texts(_ value: JSONValue?) -> [String] { value?.arrayValue?.compactMap(\.stringValue) ?? [] }
}
