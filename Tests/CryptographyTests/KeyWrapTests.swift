import Cryptography
import Primitives
import SecretMemory
import Testing

private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

/// RFC 8439, section 2.8.2.
@Test func chaChaOfTheStandard() throws {
  let key = try SecretBytes(copying: bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"))
  let cipher = try AuthenticatedCipher(.chaCha20Poly1305, key: key)
  let text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
  let nonce = try bytes("070000004041424344454647")
  let associatedData = try bytes("50515253c0c1c2c3c4c5c6c7")
  let sealed = try cipher.seal(Array(text.utf8), nonce: nonce, associatedData: associatedData)
  #expect(
    Hex.encode(sealed)
      == "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
      + "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
      + "3ff4def08e4b7a9de576d26586cec64b6116" + "1ae10b594f09e26a7e902ecbd0600691")
  #expect(try cipher.open(sealed, nonce: nonce, associatedData: associatedData) == Array(text.utf8))
  var wrong = sealed
  wrong[0] ^= 1
  #expect(throws: CryptographyError.notAuthentic) {
    try cipher.open(wrong, nonce: nonce, associatedData: associatedData)
  }
  #expect(throws: CryptographyError.keyLength) {
    try AuthenticatedCipher(.chaCha20Poly1305, key: SecretBytes(copying: [UInt8](repeating: 0, count: 16)))
  }
}

/// RFC 5649, section 6.
@Test(arguments: [
  (
    "c37b7e6492584340bed12207808941155068f738",
    "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"
  ),
  ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
])
private func wrappedKeysOfTheStandard(key: String, wrapped: String) throws {
  let wrapping = try SecretBytes(copying: bytes("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"))
  let secret = try SecretBytes(copying: bytes(key))
  #expect(Hex.encode(try PaddedKeyWrap.wrap(secret, under: wrapping)) == wrapped)
  #expect(try PaddedKeyWrap.unwrap(bytes(wrapped), under: wrapping) == secret)
}

@Test func wrappedKeysOfAllLengthsComeBackAndChangedOnesDoNot() throws {
  let random = RandomSource.seeded(5)
  for size in [16, 24, 32] {
    let wrapping = SecretBytes(copying: random.bytes(size))
    for count in [1, 7, 8, 9, 31, 32, 33, 512, 2400] {
      let secret = SecretBytes(copying: random.bytes(count))
      var wrapped = try PaddedKeyWrap.wrap(secret, under: wrapping)
      #expect(try PaddedKeyWrap.unwrap(wrapped, under: wrapping) == secret)
      wrapped[Int(random.below(UInt64(wrapped.count)))] ^= 0x10
      #expect(throws: CryptographyError.notAuthentic) { try PaddedKeyWrap.unwrap(wrapped, under: wrapping) }
      #expect(throws: CryptographyError.notAuthentic) {
        try PaddedKeyWrap.unwrap(Array(wrapped.dropLast()), under: wrapping)
      }
    }
  }
  #expect(throws: CryptographyError.keyLength) {
    try PaddedKeyWrap.wrap(SecretBytes(copying: [1]), under: SecretBytes(copying: [1, 2, 3]))
  }
}

@Test func textsHoldLabelledBlocks() {
  let text = PEM.encode("PUBLIC KEY", [UInt8](repeating: 7, count: 60))
  #expect(text.split(separator: "\n").map(\.count).max() == 64 && text.hasSuffix("-----END PUBLIC KEY-----\n"))
  #expect(PEM.first(in: "a note\r\n" + text.split(separator: "\n").joined(separator: "\r\n"))?.bytes.count == 60)
  #expect(PEM.all(in: text + "\n" + PEM.encode("X", [1]))?.map(\.label) == ["PUBLIC KEY", "X"])
  #expect(PEM.all(in: "  \n") == [])
  #expect(PEM.all(in: text + "rest") == nil)
  #expect(PEM.first(in: "-----BEGIN X-----\nAAAA\n-----END Y-----\n") == nil)
  #expect(PEM.first(in: "-----BEGIN X-----\n%%%%\n-----END X-----\n") == nil)
}
