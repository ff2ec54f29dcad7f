import Cryptography
import Primitives
import Testing

@testable import SSHKeys

/// Damage in any form is refused or read as something else; it never stops the process.
@Suite struct MutationTests {
  private static let random = RandomSource.seeded(7)

  private static func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.below(3) {
      let at = Int(random.below(UInt64(bytes.count + 1)))
      switch random.below(5) {
      case 0 where at < bytes.count: bytes[at] = UInt8(random.below(256))
      case 1: bytes.removeSubrange(at...)
      case 2: bytes.insert(contentsOf: random.bytes(Int(random.below(9))), at: at)
      // Lengths that lie.
      case 3 where at + 4 <= bytes.count:
        bytes.replaceSubrange(at..<at + 4, with: [0xFF, 0xFF, 0xFF, UInt8(random.below(256))])
      default: if at < bytes.count { bytes.remove(at: at) }
      }
    }
    return bytes
  }

  @Test func publicKeys() throws {
    for pair in KeyTests.pairs {
      let blob = try PublicKey(line: pair.line).blob
      for _ in 0..<400 {
        let bytes = Self.damaged(blob)
        if let key = try? PublicKey(blob: bytes) { #expect(key.blob == bytes) }
        _ = try? PublicKey(line: String(decoding: Self.damaged(Array(pair.line.utf8)), as: UTF8.self))
      }
    }
  }

  @Test func everyShortenedKeyIsRefused() throws {
    for pair in KeyTests.pairs {
      let blob = try PublicKey(line: pair.line).blob
      for count in 0..<blob.count {
        #expect(throws: SSHKeyError.self) { try PublicKey(blob: Array(blob[..<count])) }
      }
    }
  }

  @Test func privateKeys() throws {
    for pair in KeyTests.pairs {
      let bytes = PEM.first(in: pair.text)?.bytes ?? []
      for _ in 0..<80 {
        _ = try? PrivateKeyText.read(PEM.encode("OPENSSH PRIVATE KEY", Self.damaged(bytes)))
        _ = try? PrivateKeyText.read(String(decoding: Self.damaged(Array(pair.text.utf8)), as: UTF8.self))
      }
    }
    for text in [Samples.rsaPEM, Samples.ec256PEM, Samples.ec384PKCS8] {
      for _ in 0..<80 {
        _ = try? PrivateKeyText.read(String(decoding: Self.damaged(Array(text.utf8)), as: UTF8.self))
      }
    }
  }

  @Test func certificates() throws {
    for line in [Samples.userCertificate, Samples.hostCertificate] {
      let blob = try Base64.decode(String(line.split(separator: " ")[1]))
      for _ in 0..<800 {
        let bytes = Self.damaged(blob)
        guard bytes != blob, let signed = try? SignedCertificate(blob: bytes) else { continue }
        #expect((try? signed.isGenuine()) != true)
      }
    }
  }
}
