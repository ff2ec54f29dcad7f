import Testing

@testable import EngineAPI

@Suite struct TextTemplateTests {
  @Test(arguments: [
    ("plain", "plain"), ("{{a}}", "<a>"), ("x-{{ a }}-y{{b.c}}", "x-<a>-y<b.c>"), ("", ""), ("{a}", "{a}"),
  ])
  func fills(_ template: String, _ text: String) {
    #expect(TextTemplate(template)?.filled { "<\($0)>" } == text)
  }

  @Test(arguments: ["{{a", "a}}", "{{a}}}}", "{{a{{b}}", "}}{{a}}"])
  func refusesBracesThatDoNotPair(_ template: String) {
    #expect(TextTemplate(template) == nil)
  }

  @Test func aValueIsNotReadAgain() {
    #expect(TextTemplate("{{a}}")?.filled { _ in "{{b}}" } == "{{b}}")
  }

  @Test func aHoleWithoutValueLeavesNothing() {
    #expect(TextTemplate("a{{b}}")?.filled { _ in nil } == nil)
  }
}
