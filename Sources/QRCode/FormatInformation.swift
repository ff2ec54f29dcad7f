/// The symbol's own description, protected by BCH codes (ISO/IEC 18004, annexes C and D).
enum FormatInformation {
  static func bits(_ correction: ErrorCorrection, _ mask: Mask) -> UInt32 {
    protected(correction.formatBits << 3 | UInt32(mask.rawValue), by: 0x537, bits: 10) ^ 0x5412
  }

  static func versionBits(_ number: Int) -> UInt32 { protected(UInt32(number), by: 0x1F25, bits: 12) }

  /// The value with the remainder of its division by the polynomial behind it.
  private static func protected(_ value: UInt32, by polynomial: UInt32, bits: UInt32) -> UInt32 {
    var remainder = value
    for _ in 0..<bits { remainder = remainder << 1 ^ (remainder >> (bits - 1) & 1 == 1 ? polynomial : 0) }
    return value << bits | remainder & (1 << bits - 1)
  }
}
