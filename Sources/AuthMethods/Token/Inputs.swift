internal import EngineAPI
internal import JSONText
internal import Primitives
internal import Tokens

/// The fields of the token endpoints.
enum Inputs {
  static let token = Field.string("token", "The token, in the request's body.", secret: true)
  static let ignoredToken = Field.string("token", "Takes no effect: the caller's token is the one.", secret: true)
  static let accessor = Field.string("accessor", "The token's accessor.")
  static let increment = Field<TimeSpan>.duration("increment", "How long the token is to live from now on.")

  static let id = Field.string(
    "id", "The text of the token; needs sudo. The server chooses a better one.", secret: true)
  static let policies = Field.strings(
    "policies", "The token's policies; those of the caller's token where none is named.")
  static let metadata = Field.keyValues("meta", "Texts by name, shown in lookups and in the audit log.")
  static let noParent = Field.bool(
    "no_parent", "Make an orphan, which does not end with the caller's token; needs sudo.")
  static let noDefaultPolicy = Field.bool("no_default_policy", "Leave the policy `default` out.")
  static let renewable = Field.bool("renewable", "Whether the token can be renewed; it can where nothing is said.")
  static let ttl = time("ttl", "How long the token lives at first.")
  static let lease = time("lease", "The old name of `ttl`.", deprecated: true)
  static let explicitMaxTTL = time(
    "explicit_max_ttl", "How long the token can live at most, however often it is renewed.")
  static let period = time("period", "Makes a token without longest life that must be renewed this often; needs sudo.")
  static let displayName = Field.string("display_name", "A name for the audit log.")
  static let numberOfUses = Field.int("num_uses", "How many requests the token is good for; 0 for any number.")
  static let type = Field.string("type", "`service` or `batch`.")
  static let entityAlias = Field.string(
    "entity_alias", "The alias of the entity that the token stands for; needs a role.")

  static let creation: [FieldDescription] = [
    id.description, policies.description, metadata.description, noParent.description, noDefaultPolicy.description,
    renewable.description, ttl.description, lease.description, explicitMaxTTL.description, period.description,
    displayName.description, numberOfUses.description, type.description, entityAlias.description,
  ]

  static func request(_ call: Call, path: String, isOrphanPath: Bool) throws(EngineError) -> TokenRequest {
    var request = TokenRequest(path: path)
    request.isOrphanPath = isOrphanPath
    request.id = try call[id]
    request.policies = try call[policies] ?? []
    request.metadata = try call[metadata]
    request.noParent = try call[noParent] ?? false
    request.noDefaultPolicy = try call[noDefaultPolicy] ?? false
    request.renewable = try call[renewable] ?? true
    request.displayName = try call[displayName] ?? ""
    request.numberOfUses = try call[numberOfUses] ?? 0
    request.type = try call[type] ?? ""
    request.entityAlias = try call[entityAlias] ?? ""
    request.explicitMaxTTL = try span(explicitMaxTTL, call)
    request.period = try span(period, call)
    request.ttl = try span(ttl, call)
    if request.ttl == .zero { request.ttl = try span(lease, call) }
    return request
  }

  /// Unread, because what is wrong with it is told in other words here than elsewhere.
  private static func time(_ name: String, _ help: String, deprecated: Bool = false) -> Field<JSONValue> {
    Field(name, kind: .duration, help: help, deprecated: deprecated) { (raw) throws(FieldMismatch) in raw }
  }

  private static func span(_ field: Field<JSONValue>, _ call: Call) throws(EngineError) -> TimeSpan {
    guard let raw = try call[field] else { return .zero }
    do throws(FieldMismatch) { return try Coercion.duration(raw) } catch { throw .invalid(error.reason) }
  }
}
