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

/// Writes JSON bytes piece by piece: compact, with the characters `<`, `>`, `&`, U+2028 and U+2029 escaped as the original's encoder does.
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init(reserving capacity: Int = 256) { bytes.reserveCapacity(capacity) }

  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  /// The name of a member; its value must follow.
  package mutating func name(_ name: String) {
    separate()
    appendEscaped(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func name(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func null() { literal("null") }
  package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

  package mutating func int(_ value: some BinaryInteger) {
    separate()
    bytes.append(contentsOf: String(value).utf8)
    needsComma = true
  }

  package mutating func string(_ value: String) {
    separate()
    appendEscaped(value)
    needsComma = true
  }

  /// A JSON value that is already text goes in as it is.
  package mutating func text(_ text: JSONText) { raw(text.bytes) }

  /// The same for bytes that the caller vouches for.
  package mutating func raw(_ text: some Collection<UInt8>) {
    separate()
    bytes.append(contentsOf: text)
    needsComma = true
  }

  package mutating func strings(_ values: some Sequence<String>) {
    beginArray()
    for value in values { string(value) }
    endArray()
  }

  package mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .number(let number):
      separate()
      bytes.append(contentsOf: number.text.utf8)
      needsComma = true
    case .string(let value): string(value)
    case .array(let values):
      beginArray()
      for value in values { self.value(value) }
      endArray()
    case .object(let object):
      beginObject()
      for member in object.members {
        name(member.name)
        self.value(member.value)
      }
      endObject()
    }
  }

  private mutating func literal(_ text: StaticString) {
    separate()
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    needsComma = true
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() { if needsComma { bytes.append(UInt8(ascii: ",")) } }

  private mutating func appendEscaped(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { Self.escape($0, into: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func escape(_ input: UnsafeBufferPointer<UInt8>, into out: inout [UInt8]) {
    var clean = 0
    var at = 0
    func flush(_ out: inout [UInt8]) { out.append(contentsOf: UnsafeBufferPointer(rebasing: input[clean..<at])) }
    while at < input.count {
      let c = input[at]
      if isPlain(c) {
        at += 1
        continue
      }
      if c >= 0x80 {
        // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
        if c == 0xE2, at + 2 < input.count, input[at + 1] == 0x80, input[at + 2] & 0xFE == 0xA8 {
          flush(&out)
          out.append(contentsOf: (input[at + 2] == 0xA8 ? "\\u2028" : "\\u2029").utf8)
          at += 3
          clean = at
        } else {
          at += 1
        }
        continue
      }
      flush(&out)
      switch c {
      case UInt8(ascii: "\""): out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\"")])
      case UInt8(ascii: "\\"): out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\")])
      case 10: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
      case 13: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
      case 9: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
      default:
        out.append(contentsOf: "\\u00".utf8)
        out.append(contentsOf: Hex.encode([c]).utf8)
      }
      at += 1
      clean = at
    }
    flush(&out)
  }

  /// Comparisons rather than a table: this is asked of every byte of every answer.
  private static func isPlain(_ c: UInt8) -> Bool {
    c >= 0x20 && c < 0x80 && c != UInt8(ascii: "\"") && c != UInt8(ascii: "\\") && c != UInt8(ascii: "<")
      && c != UInt8(ascii: ">") && c != UInt8(ascii: "&")
  }
}
