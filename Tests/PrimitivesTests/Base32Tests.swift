import Primitives
import Testing

struct Base32Tests {
  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "MY======"), ("fo", "MZXQ===="), ("foo", "MZXW6==="), ("foob", "MZXW6YQ="), ("fooba", "MZXW6YTB"),
    ("foobar", "MZXW6YTBOI======"),
  ])
  func vectors(_ plain: String, _ encoded: String) {
    let bare = String(encoded.prefix { $0 != "=" })
    #expect(Base32.encode(Array(plain.utf8)) == encoded)
    #expect(Base32.encode(Array(plain.utf8), padded: false) == bare)
    #expect(Base32.decode(encoded) == Array(plain.utf8))
    #expect(Base32.decode(bare.lowercased()) == Array(plain.utf8))
  }

  @Test(arguments: ["M", "MZX", "MZXW6Y", "M0", "M1", "MY=", "MY====", "MZ", "=", "========", "MY=====A", "MÄ"])
  func whatIsNoEncodingIsRefused(_ text: String) { #expect(Base32.decode(text) == nil) }

  @Test func everyLengthComesBack() {
    for count in 0..<70 {
      let bytes = RandomSource.seeded(UInt64(count)).bytes(count)
      #expect(Base32.decode(Base32.encode(bytes)) == bytes)
      #expect(Base32.decode(Base32.encode(bytes, padded: false)) == bytes)
    }
  }
}
