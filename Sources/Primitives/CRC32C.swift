internal import CSystem

/// The checksum of RFC 3720, section 12.1 (Castagnoli), against accidents on a medium; it proves nothing about intent.
package enum CRC32C {
  /// The checksum of `bytes` after what `seed` is the checksum of: `checksum(b, seed: checksum(a))` is that of a and b
  /// in a row.
  package static func checksum(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    coffer_crc32c(seed, bytes.baseAddress, bytes.count)
  }

  package static func checksum(_ bytes: some Collection<UInt8>, seed: UInt32 = 0) -> UInt32 {
    bytes.withContiguousStorageIfAvailable { checksum(UnsafeRawBufferPointer($0), seed: seed) }
      ?? Array(bytes).withUnsafeBytes { checksum($0, seed: seed) }
  }
}
