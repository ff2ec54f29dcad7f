import JSONText
import Primitives
import Testing

struct JSONTests {
  @Test(arguments: [
    "null", "true", "0", "-0", "1.5e-3", "\"\"", "[]", "{}", " [1, 2 , {\"a\":null}] ", "\"\\u00e9\\ud83d\\ude00\"",
  ])
  func valid(text: String) throws {
    let value = try JSONParser.parse(text)
    #expect(try JSONParser.parse(JSONText(value).string) == value)
  }

  /// RFC 8259 refuses all of these, and two things besides are refused here: names that come twice and lone surrogates.
  @Test(arguments: [
    "", " ", "nul", "01", "1.", ".5", "+1", "1e", "\"", "\"\u{1}\"", "\"\\x\"", "[1,]", "[", "{\"a\"}", "{a:1}",
    "{\"a\":1,}",
    "{\"a\":1,\"a\":2}", "1 2", "\"\\ud800\"", "[1}", "\u{feff}1",
  ])
  func invalid(text: String) {
    #expect(throws: JSONError.self) { try JSONParser.parse(text) }
  }

  @Test func limitsAreKept() {
    let limits = JSONLimits(depth: 3, stringBytes: 4, objectEntries: 2, arrayElements: 2, tokens: 100)
    func code(_ text: String) -> JSONError.Code? {
      do {
        _ = try JSONParser.parse(text, limits: limits)
        return nil
      } catch { return error.code }
    }
    #expect(code("[[[]]]") == nil)
    #expect(code("[[[[]]]]") == .tooDeep)
    #expect(code("\"abcde\"") == .stringTooLong)
    #expect(code("[1,2,3]") == .tooManyElements)
    #expect(code("{\"a\":1,\"b\":1,\"c\":1}") == .tooManyEntries)
  }

  @Test func hostileDepthDoesNotEndTheProcess() {
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 2_000_000)
    #expect(throws: JSONError.self) { try JSONParser.parse(deep) }
  }

  @Test func numbersKeepTheirSpelling() throws {
    let text = "[12345678901234567890,1.50,1e3]"
    #expect(try JSONText(JSONParser.parse(text)).string == text)
  }

  @Test func damagedTextsNeverTrap() throws {
    let random = RandomSource.seeded(11)
    let seed = Array("{\"a\":[1,2.5e3,\"x\\u00e9\\n\"],\"b\":{\"c\":null,\"d\":true}}".utf8)
    for _ in 0..<20_000 {
      var bytes = seed
      for _ in 0...Int(random.below(3)) {
        bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: random.below(256))
      }
      guard let value = try? JSONParser.parse(bytes) else { continue }
      #expect(try JSONParser.parse(JSONText(value).bytes, limits: .unlimited) == value)
    }
  }
}
