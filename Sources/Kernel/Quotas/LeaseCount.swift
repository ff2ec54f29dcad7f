package import JSONText

/// A rule of how many leases may live at once, and where. Tokens are leases of the path that made them.
package struct LeaseCount: ScopedRule {
  package var name: String
  package var path: String
  package var mount = ""
  package var suffix = ""
  package var role = ""
  package var isInheritable = false
  package var maxLeases: Int64

  package init(name: String, path: String, maxLeases: Int64) {
    self.name = name
    self.path = path
    self.maxLeases = maxLeases
  }

  /// What `sys/quotas/lease-count/NAME` shows.
  package func shown(counter: Int) -> JSONObject {
    var shown = members
    shown["counter"] = .int(Int64(counter))
    return shown
  }

  private var members: JSONObject {
    [
      "inheritable": .bool(isInheritable), "max_leases": .int(maxLeases), "name": .string(name),
      "path": .string(path), "role": .string(role), "type": "lease-count",
    ]
  }

  var record: JSONObject {
    var record = members
    record["mount"] = .string(mount)
    record["suffix"] = .string(suffix)
    return record
  }

  init?(record: JSONValue) {
    guard let name = record["name"]?.stringValue, let path = record["path"]?.stringValue,
      let maxLeases = record["max_leases"]?.int64Value
    else { return nil }
    self.init(name: name, path: path, maxLeases: maxLeases)
    mount = record["mount"]?.stringValue ?? ""
    suffix = record["suffix"]?.stringValue ?? ""
    role = record["role"]?.stringValue ?? ""
    isInheritable = record["inheritable"] == true
  }
}
