import Cryptography
import Primitives
import SecretMemory
import Testing

private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex)) }

private struct Vector: Sendable {
  var key: String
  var nonce: String
  var plaintext: String
  var associatedData: String
  var sealed: String
}

private let message =
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
  + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
private let longKey = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"

/// The test cases that McGrew and Viega gave NIST with the proposal of the mode (1, 2, 4, 7, 13, 14, 16).
private let vectors = [
  Vector(
    key: "00000000000000000000000000000000", nonce: "000000000000000000000000", plaintext: "", associatedData: "",
    sealed: "58e2fccefa7e3061367f1d57a4e7455a"),
  Vector(
    key: "00000000000000000000000000000000", nonce: "000000000000000000000000",
    plaintext: "00000000000000000000000000000000", associatedData: "",
    sealed: "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"),
  Vector(
    key: "feffe9928665731c6d6a8f9467308308", nonce: "cafebabefacedbaddecaf888", plaintext: message,
    associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
      + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091" + "5bc94fbc3221a5db94fae95ae7121a47"),
  Vector(
    key: "000000000000000000000000000000000000000000000000", nonce: "000000000000000000000000", plaintext: "",
    associatedData: "", sealed: "cd33b28ac773f74ba00ed1f312572435"),
  Vector(
    key: "0000000000000000000000000000000000000000000000000000000000000000", nonce: "000000000000000000000000",
    plaintext: "", associatedData: "", sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
  Vector(
    key: "0000000000000000000000000000000000000000000000000000000000000000", nonce: "000000000000000000000000",
    plaintext: "00000000000000000000000000000000", associatedData: "",
    sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
  Vector(
    key: longKey, nonce: "cafebabefacedbaddecaf888", plaintext: message,
    associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b"),
]

@Test(arguments: vectors)
private func ciphertextsOfTheStandard(vector: Vector) throws {
  let cipher = try AESGCM(key: SecretBytes(copying: bytes(vector.key)))
  let nonce = try bytes(vector.nonce)
  let associatedData = try bytes(vector.associatedData)
  let plaintext = try bytes(vector.plaintext)
  let sealed = try cipher.seal(plaintext, nonce: nonce, associatedData: associatedData)
  #expect(Hex.encode(sealed) == vector.sealed)
  #expect(try cipher.open(sealed, nonce: nonce, associatedData: associatedData) == plaintext)
  let secret = SecretBytes(copying: plaintext)
  #expect(try cipher.seal(secret: secret, nonce: nonce, associatedData: associatedData) == sealed)
  #expect(try cipher.openSecret(sealed, nonce: nonce, associatedData: associatedData) == secret)
}

@Test func everyChangedBitIsNoticed() throws {
  let cipher = try AESGCM(key: SecretBytes(copying: bytes(longKey)))
  let nonce = RandomSource.seeded(1).bytes(12)
  let sealed = try cipher.seal(Array("a secret".utf8), nonce: nonce, associatedData: [1, 2, 3])
  for bit in 0..<sealed.count * 8 {
    var changed = sealed
    changed[bit / 8] ^= 1 << (bit % 8)
    #expect(throws: CryptographyError.notAuthentic) {
      try cipher.open(changed, nonce: nonce, associatedData: [1, 2, 3])
    }
  }
  for count in 0..<sealed.count {
    #expect(throws: CryptographyError.notAuthentic) {
      try cipher.openSecret(sealed[..<count], nonce: nonce, associatedData: [1, 2, 3])
    }
  }
  #expect(throws: CryptographyError.notAuthentic) { try cipher.open(sealed, nonce: nonce) }
  #expect(throws: CryptographyError.notAuthentic) {
    try cipher.open(sealed, nonce: RandomSource.seeded(2).bytes(12), associatedData: [1, 2, 3])
  }
  #expect(try cipher.open(sealed, nonce: nonce, associatedData: [1, 2, 3]) == Array("a secret".utf8))
}

@Test func lengthsThatDoNotFitAreRefused() throws {
  for count in [0, 15, 17, 31, 33] {
    #expect(throws: CryptographyError.keyLength) {
      try AESGCM(key: SecretBytes(copying: [UInt8](repeating: 0, count: count)))
    }
  }
  let cipher = try AESGCM(key: SecretBytes(copying: bytes(longKey)))
  for count in [0, 11, 13, 16] {
    let nonce = [UInt8](repeating: 0, count: count)
    #expect(throws: CryptographyError.nonceLength) { try cipher.seal([1], nonce: nonce) }
    #expect(throws: CryptographyError.nonceLength) { try cipher.open([UInt8](repeating: 0, count: 20), nonce: nonce) }
  }
}

@Test func headersStandBeforeTheCiphertextAsTheyAre() throws {
  let cipher = try AESGCM(key: SecretBytes(copying: bytes(longKey)))
  let nonce = RandomSource.seeded(1).bytes(12)
  let record = try cipher.seal([1, 2, 3], after: [9, 9], nonce: nonce)
  #expect(record[..<2] == [9, 9])
  #expect(try cipher.open(record[2...], nonce: nonce) == [1, 2, 3])
}

@Test func messagesOfManyLengthsComeBackFromContextsUsedAgain() throws {
  let cipher = try AESGCM(key: SecretBytes(copying: bytes(longKey)))
  let random = RandomSource.seeded(3)
  for count in [0, 1, 15, 16, 17, 1000, 65_537, 0, 31] {
    let nonce = random.bytes(12)
    let plaintext = random.bytes(count)
    let associatedData = random.bytes(count % 40)
    let sealed = try cipher.seal(plaintext, nonce: nonce, associatedData: associatedData)
    #expect(try cipher.open(sealed, nonce: nonce, associatedData: associatedData) == plaintext)
  }
}
