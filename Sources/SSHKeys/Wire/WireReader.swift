/// Takes fields from the front of bytes (RFC 4251, section 5). Nothing is copied beyond what the bytes hold, whatever
/// lengths they claim.
package struct WireReader: ~Copyable {
  private let bytes: [UInt8]
  private var place: Int
  private let end: Int

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    place = 0
    end = bytes.count
  }

  package var isAtEnd: Bool { place == end }

  /// Everything that is left.
  package mutating func rest() -> [UInt8] {
    defer { place = end }
    return Array(bytes[place..<end])
  }

  package mutating func take(_ count: Int) throws(SSHKeyError) -> [UInt8] {
    guard count >= 0, count <= end - place else { throw .malformed }
    defer { place += count }
    return Array(bytes[place..<(place + count)])
  }

  package mutating func uint32() throws(SSHKeyError) -> UInt32 {
    try take(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  package mutating func uint64() throws(SSHKeyError) -> UInt64 {
    try take(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  package mutating func string() throws(SSHKeyError) -> [UInt8] {
    try take(Int(try uint32()))
  }

  package mutating func text() throws(SSHKeyError) -> String {
    let bytes = try string()
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed }
    return text
  }

  /// A positive number, the highest byte first, without the zero that keeps its sign. Zero and what is negative or
  /// written longer than it need be are refused.
  package mutating func positiveNumber() throws(SSHKeyError) -> [UInt8] {
    let bytes = try string()
    guard let first = bytes.first, first & 0x80 == 0 else { throw .malformed }
    guard first == 0 else { return bytes }
    guard bytes.count > 1, bytes[1] & 0x80 != 0 else { throw .malformed }
    return Array(bytes[1...])
  }

  package consuming func finish() throws(SSHKeyError) {
    if place != end { throw .malformed }
  }
}
