internal import EngineAPI
internal import JSONText
internal import Primitives

/// A query's parameters as fields: a text each, a list where a name comes again.
struct QueryFields {
  private var values: [(name: String, values: [String])] = []

  private static let most = 1000

  static func read(_ query: String) throws(EngineError) -> QueryFields {
    var fields = QueryFields()
    guard !query.isEmpty else { return fields }
    var count = 0
    for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
      let equals = pair.firstIndex(of: UInt8(ascii: "="))
      let rawName = pair[..<(equals ?? pair.endIndex)]
      let rawValue = equals.map { pair[pair.index(after: $0)...] } ?? pair[pair.endIndex...]
      guard let name = PercentEncoding.decode(rawName, plusIsSpace: true),
        let value = PercentEncoding.decode(rawValue, plusIsSpace: true)
      else { throw EngineError(status: 400, messages: []) }
      count += 1
      guard count <= most else { throw .invalid("too many query parameters") }
      if let at = fields.values.firstIndex(where: { $0.name == name }) {
        fields.values[at].values.append(value)
      } else {
        fields.values.append((name, [value]))
      }
    }
    return fields
  }

  /// Removes a parameter and returns its first value.
  mutating func take(_ name: String) -> String? {
    guard let at = values.firstIndex(where: { $0.name == name }) else { return nil }
    return values.remove(at: at).values.first
  }

  mutating func remove(_ name: String) { _ = take(name) }

  var object: JSONObject {
    JSONObject(
      members: values.map { name, values in
        JSONObject.Member(
          name: name, value: values.count == 1 ? .string(values.first ?? "") : .strings(values))
      })
  }
}
