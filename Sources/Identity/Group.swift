internal import JSONText
package import Primitives

/// Entities, and other groups, that share policies.
package struct Group: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case `internal`
    /// Its members are those whose auth method names the group's alias.
    case external
  }

  package let id: String
  package var name: String
  package var kind: Kind
  package var metadata: [String: String]?
  package var policies: [String] = []
  package var memberEntityIDs: [String] = []
  package var memberGroupIDs: [String] = []
  package var alias: Alias?
  /// Grows with each change.
  package var modifyIndex: Int64 = 0
  package var created: Timestamp
  package var updated: Timestamp

  package init(id: String, name: String, kind: Kind, now: Timestamp) {
    self.id = id
    self.name = name
    self.kind = kind
    created = now
    updated = now
  }
}

extension Group {
  var bytes: [UInt8] {
    var object: JSONObject = [
      "id": .string(id), "name": .string(name), "type": .string(kind.rawValue), "policies": .strings(policies),
      "entities": .strings(memberEntityIDs), "groups": .strings(memberGroupIDs), "index": .int(modifyIndex),
      "created": .int(created.nanoseconds), "updated": .int(updated.nanoseconds),
    ]
    if let metadata { object["metadata"] = Texts.json(metadata) }
    if let alias { object["alias"] = alias.record }
    return JSONText(object).bytes
  }

  init?(bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited), let id = record["id"]?.stringValue,
      let name = record["name"]?.stringValue, let kind = record["type"]?.stringValue.flatMap(Kind.init(rawValue:))
    else { return nil }
    self.init(id: id, name: name, kind: kind, now: Timestamp(nanoseconds: record["created"]?.int64Value ?? 0))
    updated = Timestamp(nanoseconds: record["updated"]?.int64Value ?? 0)
    policies = record["policies"]?.arrayValue?.compactMap(\.stringValue) ?? []
    memberEntityIDs = record["entities"]?.arrayValue?.compactMap(\.stringValue) ?? []
    memberGroupIDs = record["groups"]?.arrayValue?.compactMap(\.stringValue) ?? []
    modifyIndex = record["index"]?.int64Value ?? 0
    metadata = Texts.read(record["metadata"])
    alias = record["alias"].flatMap(Alias.init(record:))
  }
}
