internal import JSONText

/// JSON merge patch (RFC 7396): members of the patch replace those of the target, objects are merged, null takes a
/// member away.
enum MergePatch {
  static func apply(_ patch: JSONValue, to target: JSONValue?) -> JSONValue {
    guard case .object(let changes) = patch else { return patch }
    var members: [String: JSONValue] = [:]
    for member in target?.objectValue?.members ?? [] { members[member.name] = member.value }
    for change in changes.members {
      if change.value.isNull {
        members[change.name] = nil
      } else {
        members[change.name] = apply(change.value, to: members[change.name])
      }
    }
    return .object(JSONObject(members: members.map { JSONObject.Member(name: $0.key, value: $0.value) }))
  }
}
