import CSystem
import Primitives
import Testing

/// RFC 3720, appendix B.4.
@Test func checksumsOfTheStandard() {
  #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
  #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
  #expect(CRC32C.checksum(Array(0...31)) == 0x46DD_794E)
  #expect(CRC32C.checksum(Array((0...31).reversed())) == 0x113F_DB5C)
  #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
  #expect(CRC32C.checksum([UInt8]()) == 0)
}

@Test func checksumsContinueAndNeedNoInstruction() {
  let bytes = RandomSource.seeded(1).bytes(1000)
  let whole = CRC32C.checksum(bytes)
  for cut in [0, 1, 7, 8, 9, 500, 999, 1000] {
    #expect(CRC32C.checksum(bytes[cut...], seed: CRC32C.checksum(bytes[..<cut])) == whole)
    #expect(coffer_crc32c_portable(0, bytes, cut) == CRC32C.checksum(bytes[..<cut]))
  }
}
