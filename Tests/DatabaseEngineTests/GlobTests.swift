import Testing

@testable import DatabaseEngine

@Suite struct GlobTests {
  @Test(arguments: [
    ("*", "anything", true), ("report-*", "report-ro", true), ("report-*", "report", false), ("*-ro", "shop-ro", true),
    ("*-ro", "shop-rw", false), ("*op*", "shop", true), ("*op*", "sho", false), ("shop", "shop", true),
    ("shop", "shop2", false), ("", "x", false), ("**", "x", true),
  ])
  func stars(_ pattern: String, _ text: String, _ matches: Bool) { #expect(Glob.matches(pattern, text) == matches) }
}
