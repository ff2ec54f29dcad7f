/// Puts fields one behind the other (RFC 4251, section 5).
package struct WireWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func raw(_ bytes: some Sequence<UInt8>) { self.bytes.append(contentsOf: bytes) }

  package mutating func uint32(_ value: UInt32) { raw(Self.bigEndian(UInt64(value)).suffix(4)) }

  package mutating func uint64(_ value: UInt64) { raw(Self.bigEndian(value)) }

  package mutating func string(_ bytes: some Collection<UInt8>) {
    uint32(UInt32(clamping: bytes.count))
    raw(bytes)
  }

  package mutating func string(_ text: String) { string(text.utf8) }

  /// A number that is not negative, given with the highest byte first.
  package mutating func number(_ bytes: some Collection<UInt8>) {
    let significant = bytes.drop { $0 == 0 }
    let needsSign = (significant.first ?? 0) & 0x80 != 0
    uint32(UInt32(clamping: significant.count + (needsSign ? 1 : 0)))
    if needsSign { self.bytes.append(0) }
    raw(significant)
  }

  private static func bigEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
  }
}
