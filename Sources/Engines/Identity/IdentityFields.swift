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

  static func metadata(_ call: Call, _ field: Field<[String: String]>) throws(EngineError) -> [String: String]? {
    guard let map = try call[field] else { return nil }
    guard map.count <= mostPairs else {
      throw .invalid("\(field.name) cannot contain more than \(mostPairs) key/value pairs")
    }
    for (key, value) in map {
      guard !key.isEmpty, key.utf8.count <= longestKey else {
        throw .invalid("\(field.name) keys must have between 1 and \(longestKey) characters")
      }
      guard value.utf8.count <= longestValue else {
        throw .invalid("\(field.name) values must have at most \(longestValue) characters")
      }
    }
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
