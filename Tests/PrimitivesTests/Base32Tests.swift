import Primitives
import Testing

struct Base32Tests {
  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "MY======"), ("fo", "MZXQ===="), ("foo", "MZXW6==="), ("foob", "MZXW6YQ="), ("fooba", "MZXW6YTB"),
    ("foobar", "MZXW6YTBOI======"),
  ])
  func vectors(_ plain: String, _ encoded: String) throws {
    let bare = String(encoded.prefix { $0 != "=" })
    #expect(Base32.encode(Array(plain.utf8)) == encoded)
    #expect(Base32.encode(Array(plain.utf8), padded: false) == bare)
    #expect(try Base32.decode(encoded) == Array(plain.utf8))
    #expect(try Base32.decode(bare.lowercased()) == Array(plain.utf8))
  }

  @Test(
    arguments: [
      ("M", 1), ("MZX", 3), ("MZXW6Y", 6), ("M0", 1), ("M1", 1), ("MY=", 2), ("MY====", 2), ("=", 0), ("========", 0),
      ("MY=====A", 7), ("MÄ", 1),
    ])
  func whatIsNoEncodingIsRefusedAtItsPlace(_ text: String, _ offset: Int) {
    #expect(throws: Base32.Corrupt(offset: offset)) { try Base32.decode(text) }
  }

  @Test func bitsBeyondTheLastByteDoNotCount() throws {
    #expect(try Base32.decode("MZ") == [0x66])
    #expect(try Base32.decode("MZ======") == [0x66])
    #expect(try Base32.decode("JBSWY3DPEHPK3PX").count == 9)
  }

  @Test func everyLengthComesBack() throws {
    for count in 0..<70 {
      let bytes = RandomSource.seeded(UInt64(count)).bytes(count)
      #expect(try Base32.decode(Base32.encode(bytes)) == bytes)
      #expect(try Base32.decode(Base32.encode(bytes, padded: false)) == bytes)
    }
  }
}
