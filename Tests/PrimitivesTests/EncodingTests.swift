import Primitives
import Testing

struct EncodingTests {
  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func base64Vectors(text: String, encoded: String) throws {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
    #expect(try Base64.decode(encoded) == Array(text.utf8))
  }

  @Test(arguments: [("Z", 0), ("Zg", 2), ("Zg=", 2), ("Z!==", 1), ("Zm9v=", 4), ("Zh==", 2)])
  func base64SaysWhereItIsCorrupt(text: String, offset: Int) {
    #expect(throws: Base64.Corrupt.self) { try Base64.decode(text) }
    _ = offset
  }

  @Test(arguments: ["Zh==", "Zm9vYmF="])
  func base64TakesBitsBeyondTheLastByteWhereTold(text: String) throws {
    #expect(throws: Base64.Corrupt.self) { try Base64.decode(text) }
    #expect(try Base64.decode(text, strayBits: true) == Array(text.hasPrefix("Zm") ? "fooba".utf8 : "f".utf8))
  }

  /// Words of four bytes, and what is left of the last.
  @Test func hexadecimalDigitsOfEveryByteInEveryPlace() {
    for length in 0..<9 {
      for byte in UInt8.min...UInt8.max {
        let bytes = (0..<length).map { byte &+ UInt8(truncatingIfNeeded: $0 * 37) }
        let expected = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(Hex.encode(bytes) == expected)
      }
    }
  }

  @Test func randomBytesComeBack() throws {
    let random = RandomSource.seeded(7)
    for _ in 0..<500 {
      let bytes = random.bytes(Int(random.below(70)))
      #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
      #expect(
        try Base64.decode(
          Base64.encode(bytes, alphabet: .url, padded: false), alphabet: .url, padded: false) == bytes)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
  }

  @Test func hexRefusesWhatIsNone() {
    #expect(Hex.decode("0") == nil)
    #expect(Hex.decode("0g") == nil)
    #expect(Hex.decode("0F") == [15])
  }

  @Test func percentEncoding() {
    #expect(PercentEncoding.decode("a%20b".utf8) == "a b")
    #expect(PercentEncoding.decode("a+b".utf8) == "a+b")
    #expect(PercentEncoding.decode("a+b".utf8, plusIsSpace: true) == "a b")
    #expect(PercentEncoding.decode("%zz".utf8) == nil)
    #expect(PercentEncoding.decode("%4".utf8) == nil)
    #expect(PercentEncoding.decode("%ff".utf8) == nil)
    #expect(PercentEncoding.decodeBytes("%ff".utf8) == [255])
    #expect(PercentEncoding.encode("a b/ü") == "a%20b%2F%C3%BC")
  }

  @Test func uuidsAreOfVersionFour() {
    let text = RandomSource.seeded(1).uuid()
    #expect(text.utf8.count == 36)
    #expect(Array(text)[14] == "4")
    #expect("89ab".contains(Array(text)[19]))
  }
}
