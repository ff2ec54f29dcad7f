/// Deflate's stored blocks (RFC 1951, section 3.2.4): what a reader of compressed data takes, without compression.
package enum StoredDeflate {
  package static let blockBytes = 65535

  /// One block of at most `blockBytes`; what is beyond them is not in it.
  package static func block(_ content: ArraySlice<UInt8>, isLast: Bool) -> [UInt8] {
    let content = content.prefix(blockBytes)
    let count = UInt16(truncatingIfNeeded: content.count)
    let low = UInt8(truncatingIfNeeded: count)
    let high = UInt8(truncatingIfNeeded: count >> 8)
    return [isLast ? 1 : 0, low, high, ~low, ~high] + content
  }
}
