import Primitives
import SecretMemory
import Testing

@testable import Cryptography

/// The examples "abc" and the two-block message of FIPS 180-4 and FIPS 202.
@Test(arguments: [
  (HashFunction.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
  (
    .sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525"
  ),
  (
    .sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
  ),
  (
    .sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1fe3c8452b"
  ),
  (
    .sha512,
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
      + "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"
  ),
  (
    .sha3x224, "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
    "8a24108b154ada21c9fd5574494479ba5c7e7ab76ef264ead0fcce33"
  ),
  (
    .sha3x256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    "41c0dba2a9d6240849100376a8235e2c82e1b9998a999e21db32dd97496d3376"
  ),
  (
    .sha3x384, "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
    "991c665755eb3a4b6bbdfb75c78a492e8c56a22c5c4d7e429bfdbc32b9d4ad5aa04a1f076e62fea19eef51acd0657c22"
  ),
  (
    .sha3x512,
    "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
      + "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
    "04a371e84ecfb5b8b77cb48610fca8182dd457ce6f326a0fd3d7ec2f1e91636d"
      + "ee691fbe0c985302ba1b0d8dc78c086346b533b49c030d99a27daf1139d6e75e"
  ),
])
func digestsOfTheStandards(function: HashFunction, abc: String, twoBlocks: String) {
  #expect(Hex.encode(function.digest(of: "abc".utf8)) == abc)
  let message = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
  #expect(Hex.encode(function.digest(of: message)) == twoBlocks)
  #expect(function.outputBytes * 2 == abc.utf8.count)
  #expect(HashFunction(rawValue: function.rawValue) == function)
}

@Test func digestOfNothing() {
  #expect(
    Hex.encode(HashFunction.sha256.digest(of: [UInt8]()))
      == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  #expect(HashFunction(rawValue: "sha2-255") == nil)
}

/// RFC 4231, test cases 2 and 6.
@Test func codesOfTheStandard() {
  func code(_ key: [UInt8], _ message: String, _ hash: HashFunction) -> String {
    Hex.encode(HMACKey(SecretBytes(copying: key), hash: hash).authenticate(Array(message.utf8)))
  }
  let jefe = Array("Jefe".utf8)
  let question = "what do ya want for nothing?"
  #expect(code(jefe, question, .sha224) == "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44")
  #expect(code(jefe, question, .sha256) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  #expect(
    code(jefe, question, .sha384)
      == "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649")
  let long = [UInt8](repeating: 0xAA, count: 131)
  let larger = "Test Using Larger Than Block-Size Key - Hash Key First"
  #expect(code(long, larger, .sha256) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
}

@Test func aKeyServesManyMessagesAndNoneDisturbsTheNext() {
  let key = HMACKey(SecretBytes(copying: Array("Jefe".utf8)))
  let first = key.authenticate(Array("what do ya want for nothing?".utf8))
  _ = key.authenticate([UInt8](repeating: 1, count: 1000))
  #expect(key.authenticate("what do ya want for nothing?") == first)
  // HMAC-SHA-256 of nothing with no key.
  #expect(
    Hex.encode(HMACKey(SecretBytes(copying: [])).authenticate([UInt8]()))
      == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
}

/// RFC 5869, appendix A, with texts in place of `info` where the standard's is one.
@Test func derivedKeysOfTheStandard() {
  let secret = SecretBytes(copying: [UInt8](repeating: 0x0B, count: 22))
  let none = HKDF.derive(from: secret, salt: [], info: "", count: 42)
  #expect(
    none.withBytes { Hex.encode($0) }
      == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
  let salted = HKDF.derive(from: secret, salt: Array(0...0x0C), info: Array(0xF0...0xF9), count: 42)
  #expect(
    salted.withBytes { Hex.encode($0) }
      == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
  let long = HKDF.derive(
    from: SecretBytes(copying: Array(0...0x4F)), salt: Array(0x60...0xAF), info: Array(0xB0...0xFF), count: 82)
  #expect(
    long.withBytes { Hex.encode($0) }
      == "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
      + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87")
}
