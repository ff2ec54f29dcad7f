import Testing

@testable import Primitives

struct AddressBlockFormTests {
  static let forms: [(String, String)] = [
    ("127.0.0.1/32", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("10.0.0.0/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"),
    ("2001:DB8:0::/32", "2001:db8::/32"), ("::1/128", "::1"), ("::ffff:192.0.2.1", "192.0.2.1"),
  ]

  @Test(arguments: forms) func blocksAreWrittenInOneWay(text: String, canonical: String) throws {
    let block = try #require(AddressBlock(text))
    #expect(block.description == canonical)
    #expect(AddressBlock(canonical) == block)
  }

  static let pairs: [(String, String, Bool)] = [
    ("10.0.0.0/8", "10.9.0.0/16", true), ("10.9.0.0/16", "10.0.0.0/8", false), ("10.0.0.0/8", "10.0.0.0/8", true),
    ("10.0.0.0/8", "11.0.0.0/16", false), ("0.0.0.0/0", "::/0", false), ("2001:db8::/32", "2001:db8:1::5", true),
    ("10.0.0.0/9", "10.128.0.1", false),
  ]

  @Test(arguments: pairs) func blocksWithinBlocks(outer: String, inner: String, isWithin: Bool) throws {
    let outer = try #require(AddressBlock(outer))
    let inner = try #require(AddressBlock(inner))
    #expect(outer.contains(inner) == isWithin)
  }
}
