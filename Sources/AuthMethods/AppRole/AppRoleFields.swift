internal import EngineAPI
internal import Primitives
internal import TokenParameters

enum Fields {
  static let roleName = Field.string("role_name", "The name of the role, without case.")
  static let roleID = Field.string("role_id", "The id by which programs name the role.")
  static let secretID = Field.string("secret_id", "A SecretID of the role.", secret: true)
  static let accessor = Field.string("secret_id_accessor", "The accessor of a SecretID.")
  static let bindSecretID = Field.bool("bind_secret_id", "Whether a login needs a SecretID.")
  static let secretIDBlocks = Field.commaStrings(
    "secret_id_bound_cidrs", "The address blocks from which logins are taken.")
  static let oldSecretIDBlocks = Field.commaStrings(
    "bound_cidr_list", "Use secret_id_bound_cidrs.", deprecated: true)
  static let secretIDUses = Field.int(
    "secret_id_num_uses", "How often a SecretID can be used; 0 is no limit.")
  static let secretIDTTL = Field.duration("secret_id_ttl", "How long a SecretID lives; 0 is no limit.")
  static let localSecretIDs = Field.bool(
    "local_secret_ids", "Whether SecretIDs stay in this cluster. Only said when the role is made.")
  static let metadata = Field.string(
    "metadata", "A JSON object of texts, as a text, which tokens and the audit log will show.")
  static let cidrList = Field.commaStrings("cidr_list", "The address blocks from which this SecretID is taken.")
  static let tokenBlocks = Field.commaStrings(
    "token_bound_cidrs", "The addresses and blocks from which tokens of this SecretID can be used.")
  static let uses = Field.int("num_uses", "How often this SecretID can be used; the role's number by default.")
  static let ttl = Field.duration("ttl", "How long this SecretID lives; as long as the role says by default.")
  static let after = Field.string("after", "Begin the list after this name.")
  static let limit = Field.int("limit", "List at most this many names; 0 is all of them.")

  /// The old names that roles still take.
  static let oldNames: TokenParameters.OldNames = [.policies, .period]

  static func page(_ call: Call) throws -> (after: String?, limit: Int) {
    let after = try call[after] ?? ""
    let limit = try call[limit] ?? 0
    return (after.isEmpty ? nil : after, limit > 0 ? Int(clamping: limit) : .max)
  }

  static func required(_ call: Call, _ field: Field<String>) throws(EngineError) -> String {
    let text = try call[field] ?? ""
    if text.isEmpty { throw .invalid("missing \(field.name)") }
    return text
  }
}
