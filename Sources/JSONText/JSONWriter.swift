public import Primitives

/// Writes JSON bytes piece by piece: compact, with the characters `<`, `>`, `&`, U+2028 and U+2029 escaped as the original's encoder does.
public struct JSONWriter: ~Copyable, Sendable {
  @usableFromInline
  var out: ByteBuffer
  @usableFromInline
  var needsComma = false

  package init(reserving capacity: Int = 256) { out = ByteBuffer(reserving: capacity) }

  /// A copy of what was written.
  package var bytes: [UInt8] { out.bytes }

  /// A line feed after a value; another value may follow.
  package mutating func endLine() {
    out.append(UInt8(ascii: "\n"))
    needsComma = false
  }

  /// Text before the value that is no JSON.
  package mutating func prefix(_ text: String) { out.append(text) }

  @inlinable
  public mutating func beginObject() { open(UInt8(ascii: "{")) }
  @inlinable
  public mutating func endObject() { close(UInt8(ascii: "}")) }
  @inlinable
  public mutating func beginArray() { open(UInt8(ascii: "[")) }
  @inlinable
  public mutating func endArray() { close(UInt8(ascii: "]")) }

  /// The name of a member; its value must follow.
  @_disfavoredOverload
  package mutating func name(_ name: String) {
    separate()
    appendEscaped(name)
    out.append(UInt8(ascii: ":"))
    needsComma = false
  }

  @inlinable
  public mutating func name(_ name: StaticString) {
    separate()
    out.append(UInt8(ascii: "\""))
    out.append(name)
    out.append("\":" as StaticString)
    needsComma = false
  }

  @inlinable
  public mutating func null() { literal("null") }
  @inlinable
  public mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

  @inlinable
  public mutating func int(_ value: Int64) {
    separate()
    out.append(decimal: value)
    needsComma = true
  }

  package mutating func int(_ value: some BinaryInteger) {
    if let small = Int64(exactly: value) { return int(small) }
    separate()
    out.append(String(value))
    needsComma = true
  }

  package mutating func string(_ value: String) {
    separate()
    appendEscaped(value)
    needsComma = true
  }

  /// A text that needs no escapes.
  package mutating func text(_ text: StaticString) {
    separate()
    out.append(UInt8(ascii: "\""))
    out.append(text)
    out.append(UInt8(ascii: "\""))
    needsComma = true
  }

  /// RFC 3339.
  package mutating func time(_ time: Timestamp) {
    separate()
    out.append(UInt8(ascii: "\""))
    time.append(to: &out)
    out.append(UInt8(ascii: "\""))
    needsComma = true
  }

  /// A JSON value that is already text goes in as it is.
  package mutating func text(_ text: JSONText) { raw(text.bytes) }

  /// The same for bytes that the caller vouches for.
  @inlinable
  public mutating func raw(_ text: [UInt8]) {
    separate()
    out.append(text)
    needsComma = true
  }

  /// Members of the object that is being written, without its braces, that the caller vouches for.
  package mutating func members(_ text: [UInt8]) { if !text.isEmpty { raw(text) } }

  package mutating func raw(_ text: ArraySlice<UInt8>) {
    separate()
    text.withUnsafeBufferPointer { out.append($0) }
    needsComma = true
  }

  /// Has `body` write one value, which the caller vouches for.
  @inlinable
  public mutating func raw<E: Error>(_ body: (inout ByteBuffer) throws(E) -> Void) throws(E) {
    separate()
    try body(&out)
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
      out.append(number.text)
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

  @inlinable
  mutating func literal(_ text: StaticString) {
    separate()
    out.append(text)
    needsComma = true
  }

  @inlinable
  mutating func open(_ bracket: UInt8) {
    separate()
    out.append(bracket)
    needsComma = false
  }

  @inlinable
  mutating func close(_ bracket: UInt8) {
    out.append(bracket)
    needsComma = true
  }

  @inlinable
  mutating func separate() { if needsComma { out.append(UInt8(ascii: ",")) } }

  private mutating func appendEscaped(_ text: String) {
    out.append(UInt8(ascii: "\""))
    // Texts from the network are contiguous; others are made so.
    if text.utf8.withContiguousStorageIfAvailable({ Self.escape($0, into: &out) }) == nil {
      Array(text.utf8).withUnsafeBufferPointer { Self.escape($0, into: &out) }
    }
    out.append(UInt8(ascii: "\""))
  }

  private static func escape(_ input: UnsafeBufferPointer<UInt8>, into out: inout ByteBuffer) {
    var clean = 0
    var at = 0
    while true {
      at &+= PlainRun.unescaped(input, from: at)
      if at >= input.count { break }
      let c = input[at]
      if c >= 0x80 {
        // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
        guard c == 0xE2, at &+ 2 < input.count, input[at &+ 1] == 0x80, input[at &+ 2] & 0xFE == 0xA8 else {
          at &+= 1
          continue
        }
        out.append(UnsafeBufferPointer(rebasing: input[clean..<at]))
        out.append(input[at &+ 2] == 0xA8 ? "\\u2028" : "\\u2029")
        at &+= 3
      } else {
        out.append(UnsafeBufferPointer(rebasing: input[clean..<at]))
        escape(c, into: &out)
        at &+= 1
      }
      clean = at
    }
    out.append(UnsafeBufferPointer(rebasing: input[clean...]))
  }

  private static func escape(_ c: UInt8, into out: inout ByteBuffer) {
    switch c {
    case UInt8(ascii: "\""): out.append("\\\"" as StaticString)
    case UInt8(ascii: "\\"): out.append("\\\\" as StaticString)
    case 10: out.append("\\n" as StaticString)
    case 13: out.append("\\r" as StaticString)
    case 9: out.append("\\t" as StaticString)
    default:
      out.append("\\u00" as StaticString)
      out.append(Hex.digit(c >> 4))
      out.append(Hex.digit(c & 15))
    }
  }
}
