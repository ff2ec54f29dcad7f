internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI
internal import TokenParameters

/// A role as stored.
struct Role {
  static let damaged = StoreError.damaged("a role's record cannot be read: restore a snapshot")

  /// In lower case.
  let name: String
  /// Where its SecretIDs are. A role that is made anew under an old name gets another.
  let folder: String
  var roleID: String
  var bindsSecretID = true
  var secretIDBlocks: [String] = []
  var secretIDUses: Int64 = 0
  var secretIDTTL = TimeSpan.zero
  var hasLocalSecretIDs = false
  var token = TokenParameters()

  init(name: String, folder: String, roleID: String) {
    self.name = name
    self.folder = folder
    self.roleID = roleID
  }

  init(_ bytes: [UInt8]) throws(StoreError) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited),
      let name = record["name"]?.stringValue, let folder = record["folder"]?.stringValue,
      let roleID = record["role_id"]?.stringValue, let bindsSecretID = record["bind_secret_id"]?.boolValue,
      let blocks = record["secret_id_bound_cidrs"]?.arrayValue, let uses = record["secret_id_num_uses"]?.int64Value,
      let ttl = record["secret_id_ttl"]?.int64Value, let isLocal = record["local_secret_ids"]?.boolValue,
      let token = try? TokenParameters(record: record["token"])
    else { throw Self.damaged }
    self.init(name: name, folder: folder, roleID: roleID)
    self.bindsSecretID = bindsSecretID
    secretIDBlocks = blocks.compactMap(\.stringValue)
    secretIDUses = uses
    secretIDTTL = TimeSpan(nanoseconds: ttl)
    hasLocalSecretIDs = isLocal
    self.token = token
  }

  var encoded: [UInt8] {
    let record: JSONObject = [
      "name": .string(name), "folder": .string(folder), "role_id": .string(roleID),
      "bind_secret_id": .bool(bindsSecretID), "secret_id_bound_cidrs": .strings(secretIDBlocks),
      "secret_id_num_uses": .int(secretIDUses), "secret_id_ttl": .int(secretIDTTL.nanoseconds),
      "local_secret_ids": .bool(hasLocalSecretIDs), "token": .object(token.record),
    ]
    return JSONText(record).bytes
  }

  /// A role that anybody could use who knows its id is refused.
  func checkConstraints() throws(EngineError) {
    if !bindsSecretID, secretIDBlocks.isEmpty, token.boundCIDRs.isEmpty {
      throw .invalid("at least one constraint should be enabled on the role")
    }
  }

  /// What a read shows.
  var members: JSONObject {
    var object = token.members
    object["bind_secret_id"] = .bool(bindsSecretID)
    object["local_secret_ids"] = .bool(hasLocalSecretIDs)
    object["secret_id_bound_cidrs"] = Blocks.json(secretIDBlocks)
    object["secret_id_num_uses"] = .int(secretIDUses)
    object["secret_id_ttl"] = .int(secretIDTTL.seconds)
    return object.sorted
  }
}

/// Lists of address blocks in CIDR notation, kept as they were written.
enum Blocks {
  /// Null where there is none, as it is shown of roles.
  static func json(_ blocks: [String]) -> JSONValue { blocks.isEmpty ? .null : .strings(blocks) }

  /// - Parameter error: makes the error of a text about the first that is no block.
  static func checked(
    _ texts: [String], of kind: String = "CIDR", error: (String) -> EngineError
  ) throws(EngineError) -> [String] {
    let blocks = texts.filter { !$0.isEmpty }
    for block in blocks where !block.contains("/") || AddressBlock(block) == nil {
      throw error("failed to validate \(kind) blocks: invalid CIDR address: \(block)")
    }
    return blocks
  }

  static func contain(_ blocks: [String], _ address: String) -> Bool {
    blocks.isEmpty || blocks.contains { AddressBlock($0)?.contains(address) ?? false }
  }

  /// A SecretID may narrow what its role allows, not widen it.
  static func checkSubset(_ inner: [String], of outer: [String]) throws(EngineError) {
    guard !inner.isEmpty, !outer.isEmpty else { return }
    let around = outer.compactMap { AddressBlock($0) }
    let isSubset = inner.allSatisfy { text in
      guard let block = AddressBlock(text) else { return false }
      return around.contains { $0.contains(block) }
    }
    if isSubset { return }
    // Clients match the whole of this text, its end included.
    throw .invalid(
      "failed to verify subset relationship between CIDR blocks on the role \(quoted(outer)) and CIDR blocks on the "
        + "secret ID \(quoted(inner)): %!w(<nil>)")
  }

  private static func quoted(_ texts: [String]) -> String {
    "[" + texts.map { "\"\($0)\"" }.joined(separator: " ") + "]"
  }
}
