internal import EngineAPI
internal import JSONText
internal import Primitives

/// What a role with `key_type=otp` gives passwords for. Lists are kept as they were written.
struct PasswordRole {
  var defaultUser = ""
  var defaultUserTemplate = false
  var allowedUsers = ""
  var allowedUsersTemplate = false
  var blocks = ""
  var excludedBlocks = ""
  var port = PasswordRole.defaultPort

  static let defaultPort: Int64 = 22

  func check() throws(EngineError) {
    if defaultUser.isEmpty { throw .invalid("missing default user") }
    try Self.checkBlocks(blocks, of: "cidr_list")
    try Self.checkBlocks(excludedBlocks, of: "exclude_cidr_list entry")
    guard (1...65535).contains(port) else { throw .invalid("port must be from 1 to 65535") }
    let templates =
      (defaultUserTemplate ? [defaultUser] : []) + (allowedUsersTemplate ? NameList.split(allowedUsers) : [])
    for text in templates where TextTemplate(text) == nil {
      throw .invalid("default_user or allowed_users holds a template whose braces do not pair")
    }
  }

  private static func checkBlocks(_ list: String, of field: String) throws(EngineError) {
    for block in NameList.split(list) where !block.contains("/") || AddressBlock(block) == nil {
      throw .list(status: 400, ["failed to validate \(field): invalid CIDR address: \(block)"])
    }
  }

  /// Whether passwords for that address may be given, as far as the lists go.
  func covers(_ address: String) -> Bool {
    Self.contain(blocks, address) && !Self.contain(excludedBlocks, address)
  }

  private static func contain(_ list: String, _ address: String) -> Bool {
    NameList.split(list).contains { AddressBlock($0)?.contains(address) ?? false }
  }
}

extension PasswordRole {
  /// What a read shows and what is stored, without the kind.
  var members: JSONObject {
    [
      "allowed_users": .string(allowedUsers), "allowed_users_template": .bool(allowedUsersTemplate),
      "cidr_list": .string(blocks), "default_user": .string(defaultUser),
      "default_user_template": .bool(defaultUserTemplate), "exclude_cidr_list": .string(excludedBlocks),
      "port": .int(port),
    ]
  }

  init(members record: JSONValue) {
    defaultUser = record["default_user"]?.stringValue ?? ""
    defaultUserTemplate = record["default_user_template"]?.boolValue ?? false
    allowedUsers = record["allowed_users"]?.stringValue ?? ""
    allowedUsersTemplate = record["allowed_users_template"]?.boolValue ?? false
    blocks = record["cidr_list"]?.stringValue ?? ""
    excludedBlocks = record["exclude_cidr_list"]?.stringValue ?? ""
    port = record["port"]?.int64Value ?? Self.defaultPort
  }
}
