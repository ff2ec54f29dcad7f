internal import Glibc

/// A range of network addresses in CIDR notation (RFC 4632, RFC 4291), or a single address.
package struct AddressBlock: Sendable, Hashable, CustomStringConvertible {
  private let bytes: [UInt8]
  private let prefixLength: Int

  /// Reads `192.0.2.0/24`, `2001:db8::/32` or an address alone; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let bytes = Self.bytes(String(first)) else { return nil }
    self.bytes = bytes
    if parts.count == 2 {
      guard let length = Int(parts[1]), length >= 0, length <= bytes.count * 8 else { return nil }
      prefixLength = length
    } else {
      prefixLength = bytes.count * 8
    }
  }

  /// True where `address`, an address without port, lies in the range. IPv4 addresses in IPv6 form count as IPv4.
  package func contains(_ address: String) -> Bool {
    Self.bytes(address).map { contains(bytes: $0) } ?? false
  }

  private func contains(bytes other: [UInt8]) -> Bool {
    guard other.count == bytes.count else { return false }
    let whole = prefixLength / 8
    guard other.prefix(whole) == bytes.prefix(whole) else { return false }
    let rest = prefixLength % 8
    guard rest > 0, whole < bytes.count else { return true }
    let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
    return other[whole] & mask == bytes[whole] & mask
  }

  /// True where every address of `other` lies in this range.
  package func contains(_ other: AddressBlock) -> Bool {
    other.prefixLength >= prefixLength && contains(bytes: other.bytes)
  }

  /// The address as it is written canonically (RFC 5952), with the length of the prefix unless that is all of it.
  package var description: String {
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "" }
    let address = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return prefixLength == bytes.count * 8 ? address : "\(address)/\(prefixLength)"
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: &v4) { Array($0.prefix(4)) } }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    let bytes = withUnsafeBytes(of: &v6) { Array($0.prefix(16)) }
    let mapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    return mapped ? Array(bytes.suffix(4)) : bytes
  }
}
