internal import JSONText
package import Primitives

/// A name by which an auth method knows an entity or a group.
package struct Alias: Sendable, Equatable {
  package let id: String
  /// The entity or group that it belongs to.
  package var canonicalID: String
  package var mountAccessor: String
  package var name: String
  /// What the auth method says at each login.
  package var metadata: [String: String]?
  /// What operators say.
  package var customMetadata: [String: String]?
  /// Its mount is local to the cluster.
  package var local: Bool
  package var mergedFrom: [String]?
  package var created: Timestamp
  package var updated: Timestamp

  package init(
    id: String, canonicalID: String, mountAccessor: String, name: String, local: Bool = false, now: Timestamp
  ) {
    self.id = id
    self.canonicalID = canonicalID
    self.mountAccessor = mountAccessor
    self.name = name
    self.local = local
    created = now
    updated = now
  }
}

/// How an alias is found from a login: names have no case, though an alias keeps its own as it was first written.
struct AliasKey: Hashable, Sendable {
  let mountAccessor: String
  private let foldedName: String

  init(mountAccessor: String, name: String) {
    self.mountAccessor = mountAccessor
    foldedName = name.lowercased()
  }
}

extension Alias {
  var key: AliasKey { AliasKey(mountAccessor: mountAccessor, name: name) }

  /// Whether a login at that mount by that name is the alias's.
  package func isFor(mountAccessor: String, name: String) -> Bool {
    self.mountAccessor == mountAccessor
      && (self.name == name || key == AliasKey(mountAccessor: mountAccessor, name: name))
  }

  var record: JSONValue {
    var object: JSONObject = [
      "id": .string(id), "canonical_id": .string(canonicalID), "accessor": .string(mountAccessor),
      "name": .string(name), "local": .bool(local), "created": .int(created.nanoseconds),
      "updated": .int(updated.nanoseconds),
    ]
    if let metadata { object["metadata"] = Texts.json(metadata) }
    if let customMetadata { object["custom"] = Texts.json(customMetadata) }
    if let mergedFrom { object["merged"] = .strings(mergedFrom) }
    return .object(object)
  }

  init?(record: JSONValue) {
    guard let id = record["id"]?.stringValue, let canonicalID = record["canonical_id"]?.stringValue,
      let accessor = record["accessor"]?.stringValue, let name = record["name"]?.stringValue
    else { return nil }
    self.init(
      id: id, canonicalID: canonicalID, mountAccessor: accessor, name: name,
      now: Timestamp(nanoseconds: record["created"]?.int64Value ?? 0))
    updated = Timestamp(nanoseconds: record["updated"]?.int64Value ?? 0)
    local = record["local"]?.boolValue ?? false
    metadata = Texts.read(record["metadata"])
    customMetadata = Texts.read(record["custom"])
    mergedFrom = record["merged"]?.arrayValue?.compactMap(\.stringValue)
  }
}

/// Maps of texts as JSON.
enum Texts {
  static func json(_ map: [String: String]) -> JSONValue {
    .object(JSONObject(members: map.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) }))
  }

  static func read(_ value: JSONValue?) -> [String: String]? {
    guard let object = value?.objectValue else { return nil }
    return Dictionary(
      object.members.map { ($0.name, $0.value.stringValue ?? "") }, uniquingKeysWith: { _, last in last })
  }
}
