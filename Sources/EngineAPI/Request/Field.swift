package import JSONText
package import Primitives

/// What a field holds, as the OpenAPI document and help texts name it.
package enum FieldKind: String, Sendable {
  case string, bool, int, double, duration, strings, ints, keyValues, object, any
}

/// A field's face without its type, for lists of them.
package struct FieldDescription: Sendable, Equatable {
  package let name: String
  package let kind: FieldKind
  package let help: String
  package var isRequired = false
  package var isDeprecated = false
  /// Values are never written to logs or shown in examples.
  package var isSecret = false
}

/// A named, typed value of a request. Declared once; routes list it, handlers read it with `try call[field]`.
///
/// Reading is lenient in the ways that clients of the API rely on: texts for numbers and booleans, numbers for texts, `1h`, `7d` or seconds
/// for lengths of time, one value or comma-separated text for lists. JSON null reads as the kind's zero.
package struct Field<Value: Sendable>: Sendable {
  package let name: String
  package let description: FieldDescription
  private let reader: @Sendable (JSONValue) throws(FieldMismatch) -> Value

  package init(
    _ name: String, kind: FieldKind, help: String, required: Bool = false, deprecated: Bool = false,
    secret: Bool = false,
    reader: @escaping @Sendable (JSONValue) throws(FieldMismatch) -> Value
  ) {
    self.name = name
    self.description = FieldDescription(
      name: name, kind: kind, help: help, isRequired: required, isDeprecated: deprecated, isSecret: secret)
    self.reader = reader
  }

  package func decode(_ raw: JSONValue) throws(EngineError) -> Value {
    do throws(FieldMismatch) { return try reader(raw) } catch {
      throw .invalid("Field validation failed: error converting input for field \"\(name)\": \(error.reason)")
    }
  }
}

/// Why a value is not of a field's kind. The reason never holds the value of a secret field.
package struct FieldMismatch: Error, Sendable {
  package let reason: String
  package init(_ reason: String) { self.reason = reason }
}

extension Field where Value == String {
  package static func string(
    _ name: String, _ help: String, required: Bool = false, deprecated: Bool = false, secret: Bool = false
  ) -> Field {
    Field(name, kind: .string, help: help, required: required, deprecated: deprecated, secret: secret) {
      (raw) throws(FieldMismatch) in try Coercion.string(raw)
    }
  }
}

extension Field where Value == Bool {
  package static func bool(_ name: String, _ help: String, deprecated: Bool = false) -> Field {
    Field(name, kind: .bool, help: help, deprecated: deprecated) { (raw) throws(FieldMismatch) in try Coercion.bool(raw)
    }
  }
}

extension Field where Value == Int64 {
  package static func int(_ name: String, _ help: String, required: Bool = false, deprecated: Bool = false) -> Field {
    Field(name, kind: .int, help: help, required: required, deprecated: deprecated) { (raw) throws(FieldMismatch) in
      try Coercion.int(raw)
    }
  }
}

extension Field where Value == Double {
  package static func double(_ name: String, _ help: String) -> Field {
    Field(name, kind: .double, help: help) { (raw) throws(FieldMismatch) in try Coercion.double(raw) }
  }
}

extension Field {
  /// A length of time that is not negative.
  package static func duration(_ name: String, _ help: String, deprecated: Bool = false) -> Field<TimeSpan>
  where Value == TimeSpan {
    Field(name, kind: .duration, help: help, deprecated: deprecated) { (raw) throws(FieldMismatch) in
      let span = try Coercion.duration(raw)
      if span < .zero { throw FieldMismatch("cannot provide negative value '\(span.seconds)'") }
      return span
    }
  }
  /// A length of time that may be negative.
  package static func signedDuration(_ name: String, _ help: String) -> Field<TimeSpan> where Value == TimeSpan {
    Field(name, kind: .duration, help: help) { (raw) throws(FieldMismatch) in try Coercion.duration(raw) }
  }
}

extension Field where Value == [String] {
  /// A list; a text is split at commas.
  package static func commaStrings(_ name: String, _ help: String, required: Bool = false, deprecated: Bool = false)
    -> Field
  {
    Field(name, kind: .strings, help: help, required: required, deprecated: deprecated) { (raw) throws(FieldMismatch) in
      try Coercion.strings(raw, splitting: true)
    }
  }
  /// A list; a text is one element.
  package static func strings(_ name: String, _ help: String, required: Bool = false, deprecated: Bool = false) -> Field
  {
    Field(name, kind: .strings, help: help, required: required, deprecated: deprecated) { (raw) throws(FieldMismatch) in
      try Coercion.strings(raw, splitting: false)
    }
  }
}

extension Field where Value == [Int64] {
  /// A list; a text is split at commas.
  package static func commaInts(_ name: String, _ help: String, required: Bool = false) -> Field {
    Field(name, kind: .ints, help: help, required: required) { (raw) throws(FieldMismatch) in try Coercion.ints(raw) }
  }
}

extension Field where Value == [String: String] {
  /// A map of texts: an object, `["k=v"]`, or `k=v`.
  package static func keyValues(_ name: String, _ help: String) -> Field {
    Field(name, kind: .keyValues, help: help) { (raw) throws(FieldMismatch) in try Coercion.keyValues(raw) }
  }
}

extension Field where Value == JSONObject {
  package static func object(_ name: String, _ help: String, required: Bool = false) -> Field {
    Field(name, kind: .object, help: help, required: required) { (raw) throws(FieldMismatch) in
      // Some languages write an empty map as an empty list.
      if raw.isNull || raw.arrayValue?.isEmpty == true { return JSONObject() }
      guard let object = raw.objectValue else {
        throw FieldMismatch("'' expected a map, got '\(Coercion.name(raw))'")
      }
      return object
    }
  }
}

extension Field where Value == JSONValue {
  /// Any JSON value, unread.
  package static func any(_ name: String, _ help: String, required: Bool = false) -> Field {
    Field(name, kind: .any, help: help, required: required) { (raw) throws(FieldMismatch) in raw }
  }
}
