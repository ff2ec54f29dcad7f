import Primitives
import Testing

@testable import NameTemplates

@Suite struct TemplateBoundsTests {
  @Test func lengthIsBounded() throws {
    #expect(throws: TemplateError.self) { try NameTemplate(String(repeating: "a", count: 8193)) }
    #expect(throws: TemplateError.self) { try Published.render(String(repeating: "a", count: 5000)) }
    // Each step makes it four times as long.
    let growth = "{{`aaaa`" + String(repeating: " | replace `a` `aaaa`", count: 50) + "}}"
    #expect(throws: TemplateError.self) { try Published.render(growth) }
  }

  @Test func depthIsBounded() throws {
    let parentheses = String(repeating: "(", count: 2000) + "1" + String(repeating: ")", count: 2000)
    #expect(throws: TemplateError("too deeply nested")) { try NameTemplate("{{\(parentheses)}}") }
    let conditions = String(repeating: "{{if 1}}", count: 400) + String(repeating: "{{end}}", count: 400)
    #expect(throws: TemplateError("too deeply nested")) { try NameTemplate(conditions) }
    let chain = "{{if 1}}" + String(repeating: "{{else if 1}}", count: 400) + "{{end}}"
    #expect(throws: TemplateError("too deeply nested")) { try NameTemplate(chain) }
  }

  /// Pieces of templates in any order are a template or a mistake, and end.
  @Test func anythingIsReadOrRefused() {
    let parts = [
      "{{", "}}", "{{-", "-}}", " ", "(", ")", "|", ".", ".A", "$", "$x", ":=", "=", "\"", "`", "\\", "if", "else",
      "end",
      "printf", "\"%s\"", "%", "truncate", "random", "-", "8", "0x", "99999999999999999999", "é", "\u{0}", "/*", "*/",
      "slice", "replace", "true", "timestamp", "and", "uuid", "{", "}", "\n",
    ]
    let random = RandomSource.seeded(7)
    for _ in 0..<20_000 {
      var text = ""
      for _ in 0..<random.below(14) { text += parts[Int(random.below(UInt64(parts.count)))] }
      guard let template = try? NameTemplate(text) else { continue }
      let rendered = try? template.render(["A": "é-value"], now: Published.now, random: random)
      #expect((rendered?.utf8.count ?? 0) <= 4096)
    }
  }
}
