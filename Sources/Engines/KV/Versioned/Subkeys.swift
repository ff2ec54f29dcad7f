internal import JSONText

/// The shape of a value without what is in it.
enum Subkeys {
  /// Objects with members keep their names down to `depth` levels (0 for all); everything else becomes null.
  static func of(_ value: JSONValue, depth: Int64) -> JSONValue {
    guard case .object(let object) = value else { return [:] }
    return .object(names(object, level: 1, depth: depth))
  }

  private static func names(_ object: JSONObject, level: Int64, depth: Int64) -> JSONObject {
    JSONObject(
      members: object.members.map { member in
        guard case .object(let inner) = member.value, !inner.isEmpty, depth <= 0 || level < depth else {
          return JSONObject.Member(name: member.name, value: .null)
        }
        return JSONObject.Member(name: member.name, value: .object(names(inner, level: level + 1, depth: depth)))
      })
  }
}
