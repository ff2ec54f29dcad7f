internal import Primitives

/// One complete JSON value as bytes, kept as written so that it can be stored and copied into answers without being taken apart.
package struct JSONText: Sendable, Equatable {
  package let bytes: [UInt8]

  /// The caller vouches that the bytes are one valid JSON value.
  package init(trusted bytes: [UInt8]) { self.bytes = bytes }

  package init(_ value: JSONValue) {
    var writer = JSONWriter()
    writer.value(value)
    bytes = writer.bytes
  }

  package init(_ object: JSONObject) { self.init(.object(object)) }

  /// Checks and keeps the bytes.
  package init(checking bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
    _ = try JSONParser.parse(bytes, limits: limits)
    self.bytes = bytes
  }

  package static let null = JSONText(trusted: Array("null".utf8))
  package static let emptyObject = JSONText(trusted: Array("{}".utf8))

  package var isNull: Bool { bytes == Self.null.bytes }
  package var string: String { String(decoding: bytes, as: UTF8.self) }

  /// The value as a tree. Only texts that were vouched for wrongly fail here.
  package func parsed() throws(JSONError) -> JSONValue { try JSONParser.parse(bytes, limits: .unlimited) }
}
