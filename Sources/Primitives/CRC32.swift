/// The checksum of gzip (RFC 1952, section 8) and PNG, against accidents; it proves nothing about intent.
package struct CRC32: Sendable {
  private var state: UInt32 = .max

  package init() {}

  package var value: UInt32 { ~state }

  package mutating func update(_ bytes: some Collection<UInt8>) {
    var state = state
    Self.table.withUnsafeBufferPointer { table in
      for byte in bytes { state = table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ (state >> 8) }
    }
    self.state = state
  }

  private static let table: [UInt32] = (0..<256).map { number in
    (0..<8).reduce(UInt32(number)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
  }
}
