/// Character classes of HTTP as bit sets over ASCII.
extension UInt8 {
  /// RFC 9110, section 5.6.2.
  var isTokenCharacter: Bool { Self.contains(0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE, self) }

  /// What a host with its port may consist of (RFC 3986, section 3.2.2), brackets of IPv6 addresses included.
  var isHostCharacter: Bool { Self.contains(0x2FFF_7FF2_0000_0000, 0x47FF_FFFE_AFFF_FFFE, self) }

  var isDigit: Bool { self &- 48 < 10 }

  var isBlank: Bool { self == 32 || self == 9 }

  private static func contains(_ low: UInt64, _ high: UInt64, _ byte: UInt8) -> Bool {
    if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
    if byte < 128 { return high >> UInt64(byte & 63) & 1 == 1 }
    return false
  }
}
