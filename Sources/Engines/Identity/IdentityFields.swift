internal import EngineAPI
internal import JSONText

/// Fields that several routes share, and their limits.
enum IdentityFields {
  static let id = Field.string("id", "The id.")
  static let name = Field.string("name", "The name.")
  static let metadata = Field.keyValues("metadata", "Texts by name.")
  static let policies = Field.commaStrings("policies", "The policies that members get.")
  static let canonicalID = Field.string("canonical_id", "The entity or group that the alias belongs to.")
  static let entityID = Field.string("entity_id", "The old name of `canonical_id`.", deprecated: true)
  static let mountAccessor = Field.string("mount_accessor", "The accessor of the auth method.")
  static let customMetadata = Field.keyValues("custom_metadata", "Texts by name that the operator keeps.")

  private static let mostPairs = 64
  private static let longestKey = 128
  private static let longestValue = 512
  /// What names of metadata begin with that are not for operators.
  private static let reservedPrefix = "vault-"

  /// The metadata of an entity or group within the limits.
  static func metadata(_ call: Call, of kind: String) throws(EngineError) -> [String: String]? {
    guard let map = try call[metadata] else { return nil }
    func refused(_ reason: String) -> EngineError { .list(status: 400, ["invalid \(kind) metadata: \(reason)"]) }
    guard map.count <= mostPairs else {
      throw refused("metadata cannot contain more than \(mostPairs) key/value pairs")
    }
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      guard let fault = fault(key, value) else { continue }
      throw refused("failed to load metadata pair (\"\(key)\", \"\(value)\"): \(fault)")
    }
    return map
  }

  private static func fault(_ key: String, _ value: String) -> String? {
    if key.isEmpty { return "key cannot be blank" }
    let isPlain = key.utf8.allSatisfy { c in
      (0x30...0x39).contains(c) || (0x41...0x5A).contains(c) || (0x61...0x7A).contains(c) || "=/+_-".utf8.contains(c)
    }
    if !isPlain { return "key contains invalid characters" }
    if key.utf8.count > longestKey { return "key is too long (limit: \(longestKey) characters)" }
    if key.hasPrefix(reservedPrefix) { return "key prefix \"\(reservedPrefix)\" is reserved for internal use" }
    return value.utf8.count > longestValue ? "value is too long (limit: \(longestValue) characters)" : nil
  }

  /// The metadata that operators keep of an alias, within the limits.
  /// - Throws: an error that names every violation.
  static func customMetadata(_ call: Call) throws(EngineError) -> [String: String]? {
    guard let map = try call[customMetadata] else { return nil }
    var found: [String] = []
    if map.count > mostPairs {
      found = ["payload must contain at most \(mostPairs) keys, provided \(map.count)"]
    } else {
      for (key, value) in map.sorted(by: { $0.key < $1.key }) {
        if !(1...longestKey).contains(key.utf8.count) {
          found.append("length of key \"\(key)\" is \(key.utf8.count) but must be 0 < len(key) <= \(longestKey)")
        }
        if !(1...longestValue).contains(value.utf8.count) {
          found.append(
            "length of value for key \"\(key)\" is \(value.utf8.count) but must be 0 < len(value) <= \(longestValue)")
        }
      }
    }
    guard found.isEmpty else { throw .list(status: 400, found.map { "custom_metadata validation failed: " + $0 }) }
    return map
  }

  /// - Throws: where `root` is among them.
  static func policies(_ call: Call) throws(EngineError) -> [String]? {
    guard let names = try call[policies] else { return nil }
    var seen: Set<String> = []
    let clean = names.map { $0.lowercased() }.filter { !$0.isEmpty && seen.insert($0).inserted }
    guard !clean.contains("root") else { throw .invalid("policies cannot contain root") }
    return clean
  }
}
