import Primitives
import SecretMemory
import Testing

@testable import Cryptography

private let message =
  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52ef"
  + "f69f2445df4f9b17ad2b417be66c3710"

/// RFC 4493, section 4, and the examples of NIST SP 800-38B for the longer keys.
@Test(arguments: [
  ("2b7e151628aed2a6abf7158809cf4f3c", 0, "bb1d6929e95937287fa37d129b756746"),
  ("2b7e151628aed2a6abf7158809cf4f3c", 16, "070a16b46b4d4144f79bdd9dd04a287c"),
  ("2b7e151628aed2a6abf7158809cf4f3c", 40, "dfa66747de9ae63030ca32611497c827"),
  ("2b7e151628aed2a6abf7158809cf4f3c", 64, "51f0bebf7e3b9d92fc49741779363cfe"),
  ("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", 0, "d17ddf46adaacde531cac483de7a9367"),
  ("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", 16, "9e99a7bf31e710900662f65e617c5184"),
  ("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 0, "028962f61b7bf89efc6b551f4667d983"),
  ("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", 16, "28a7023f452e8f82bd4bf28d8c37c35c"),
])
private func codesOfTheBlockCipherOfTheStandard(key: String, count: Int, code: String) throws {
  let key = try CMACKey(SecretBytes(copying: #require(Hex.decode(key))))
  let whole = try #require(Hex.decode(message))
  #expect(try Hex.encode(key.authenticate(Array(whole[..<count]))) == code)
  // The key is as it was.
  #expect(try Hex.encode(key.authenticate(Array(whole[..<count]))) == code)
}

@Test func keysOfOtherLengthsMakeNoCodes() {
  for count in [0, 15, 17, 33] {
    #expect(throws: CryptographyError.keyLength) { try CMACKey(SecretBytes(count: count) { _ in }) }
  }
}
