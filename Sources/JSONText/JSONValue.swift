/// A JSON value (RFC 8259). Numbers keep the text they were written with, so nothing passes through a floating-point type unasked.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// A number as it was written. Two numbers are equal when their texts are.
package struct JSONNumber: Sendable, Hashable {
  package let text: String

  /// The caller vouches that `text` is a JSON number.
  package init(text: String) { self.text = text }
  package init(_ value: some BinaryInteger) { text = String(value) }

  /// Nil where the text is not an integer that fits (`1.0` and `1e3` are not integers here).
  package var int64: Int64? { Int64(text) }
  package var double: Double { Double(text) ?? 0 }
}

/// The members of an object in the order they were written; names are unique.
package struct JSONObject: Sendable, Equatable {
  package struct Member: Sendable, Equatable {
    package var name: String
    package var value: JSONValue
    package init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  package private(set) var members: [Member]

  package init() { members = [] }

  /// The caller vouches that names are unique.
  package init(members: [Member]) { self.members = members }

  package var count: Int { members.count }
  package var isEmpty: Bool { members.isEmpty }
  package var names: [String] { members.map(\.name) }

  /// Setting nil removes the member; a new one goes to the end.
  package subscript(name: String) -> JSONValue? {
    get { members.first { $0.name == name }?.value }
    set {
      let at = members.firstIndex { $0.name == name }
      switch (at, newValue) {
      case (let at?, let value?): members[at].value = value
      case (let at?, nil): members.remove(at: at)
      case (nil, let value?): members.append(Member(name: name, value: value))
      case (nil, nil): break
      }
    }
  }

  /// Equal members in any order.
  package static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.count == b.count && a.members.allSatisfy { b[$0.name] == $0.value }
  }

  /// The same members sorted by name, bytewise, at this level only.
  package var sorted: JSONObject {
    JSONObject(members: members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
  }
}

extension JSONValue {
  package static func int(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(value)) }
  package static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }

  package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var numberValue: JSONNumber? { if case .number(let value) = self { value } else { nil } }
  package var int64Value: Int64? { numberValue?.int64 }
  package var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }
  package var isNull: Bool { self == .null }

  /// The member of that name, where this is an object that has one.
  package subscript(name: String) -> JSONValue? { objectValue?[name] }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringLiteral,
  ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int64) { self = .int(value) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }

  /// A later element of the same name replaces the earlier one.
  package init(_ elements: some Sequence<(String, JSONValue)>) {
    self.init()
    for (name, value) in elements { self[name] = value }
  }
}
