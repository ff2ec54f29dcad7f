internal import JSONText
package import Primitives

/// Somebody or something that logs in, by whatever methods.
package struct Entity: Sendable, Equatable {
  package let id: String
  package var name: String
  package var metadata: [String: String]?
  package var policies: [String] = []
  /// Its tokens are refused while this is set.
  package var isDisabled = false
  package var aliases: [Alias] = []
  package var mergedIDs: [String]?
  package var created: Timestamp
  package var updated: Timestamp

  package init(id: String, name: String, now: Timestamp) {
    self.id = id
    self.name = name
    created = now
    updated = now
  }
}

extension Entity {
  var bytes: [UInt8] {
    var object: JSONObject = [
      "id": .string(id), "name": .string(name), "policies": .strings(policies), "disabled": .bool(isDisabled),
      "aliases": .array(aliases.map(\.record)), "created": .int(created.nanoseconds),
      "updated": .int(updated.nanoseconds),
    ]
    if let metadata { object["metadata"] = Texts.json(metadata) }
    if let mergedIDs { object["merged"] = .strings(mergedIDs) }
    return JSONText(object).bytes
  }

  init?(bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited), let id = record["id"]?.stringValue,
      let name = record["name"]?.stringValue
    else { return nil }
    self.init(id: id, name: name, now: Timestamp(nanoseconds: record["created"]?.int64Value ?? 0))
    updated = Timestamp(nanoseconds: record["updated"]?.int64Value ?? 0)
    policies = record["policies"]?.arrayValue?.compactMap(\.stringValue) ?? []
    isDisabled = record["disabled"]?.boolValue ?? false
    aliases = record["aliases"]?.arrayValue?.compactMap(Alias.init(record:)) ?? []
    metadata = Texts.read(record["metadata"])
    mergedIDs = record["merged"]?.arrayValue?.compactMap(\.stringValue)
  }
}
