import Primitives
import Testing

@testable import NameTemplates

@Suite struct TemplateLanguageTests {
  @Test(arguments: [
    ("plain text", "plain text"),
    ("", ""),
    ("a{{/* nothing to see */}}b", "ab"),
    ("a {{- /* trims */ -}} b", "ab"),
    ("a  {{- `x` -}}  b", "axb"),
    ("{{`a\\n`}}", "a\\n"),
    (#"{{"a\tb\"\u00e9\x41"}}"#, "a\tb\"éA"),
    ("{{true}} {{-7}} {{0x1F}} {{1_000}}", "true -7 31 1000"),
    ("{{printf \"%s\" (printf \"%s-%d\" `a` 3)}}", "a-3"),
    ("{{printf \"%s\" unix_time}}", "1234567890"),
    ("{{$.RoleName}}", "role"),
    ("{{$n := .RoleName | uppercase}}{{$n}}-{{$n}}", "ROLE-ROLE"),
    ("{{$n := `a`}}{{if .RoleName}}{{$n = `b`}}{{end}}{{$n}}", "b"),
    ("{{$n := `a`}}{{if .RoleName}}{{$n := `b`}}{{end}}{{$n}}", "a"),
    ("{{if eq .RoleName `x`}}1{{else if eq .RoleName `y` `role`}}2{{else}}3{{end}}", "2"),
    ("{{if and .RoleName .Empty}}1{{else}}2{{end}}", "2"),
    ("{{or .Empty .RoleName}}", "role"),
    ("{{not .Empty}}", "true"),
    ("{{if gt (len .RoleName) 3}}long{{end}}", "long"),
    ("{{slice .RoleName 1 3}}", "ol"),
    ("{{print 1 2 `a` 3}}", "1 2a3"),
    ("{{println `a` 1}}", "a 1\n"),
    ("{{printf \"%-6s|%6s|%.2s|%q\" .RoleName .RoleName .RoleName .RoleName}}", "role  |  role|ro|\"role\""),
    ("{{printf \"%05d|%+d|%x|%X|%%\" 42 42 `hi` 255}}", "00042|+42|6869|FF|%"),
    ("{{printf \"%v %v %t\" `a` 1 true}}", "a 1 true"),
    ("{{\n.RoleName\n|\nuppercase\n}}", "ROLE"),
    ("}} and {single}", "}} and {single}"),
  ])
  func means(_ template: String, _ expected: String) throws {
    let parsed = try NameTemplate(template)
    let text = try parsed.render(["RoleName": "role", "Empty": ""], now: Published.now, random: Published.alphabet)
    #expect(text == expected)
  }

  @Test func charactersAreNotCutInTwo() throws {
    #expect(try Published.render("{{.N | truncate 4}}", ["N": "aéé"]) == "aé")
    #expect(try Published.render("{{.N | truncate 5}}", ["N": "aéé"]) == "aéé")
  }

  @Test(arguments: [
    "{{random 8", "{{", "{{}}", "{{.A}", "{{nosuch 1}}", "{{.A | nosuch}}", "{{(.A}}", "{{.A)}}", "{{end}}", "{{else}}",
    "{{if .A}}", "{{if .A}}{{else}}{{else}}{{end}}", "{{range .A}}{{end}}", "{{with .A}}{{end}}", "{{template \"x\"}}",
    "{{.A .B}}", "{{.A | .B}}", "{{$x}}", "{{$x = 1}}", "{{if .A}}{{$x := 1}}{{end}}{{$x}}", "{{\"abc}}", "{{`abc}}",
    "{{.A.B}}", "{{(.A).B}}", "{{.}}", "{{$}}", "{{1.5}}", "{{99999999999999999999}}", "{{\"\\q\"}}", "{{\"\\xff\"}}",
    "{{/* open}}", "{{/* x */ .A}}", "{{.A :=}}", "{{.A|}}", "{{|.A}}", "{{if}}{{end}}", "{{#}}", "{{replace - _ .A}}",
  ])
  func isNoTemplate(_ text: String) { #expect(throws: TemplateError.self) { try NameTemplate(text) } }

  @Test(arguments: [
    "{{.NoSuchField}}", "{{truncate 0 .A}}", "{{truncate -1 .A}}", "{{truncate \"8\" .A}}", "{{truncate 8}}",
    "{{truncate 8 .A .A}}", "{{truncate_sha256 8 .A}}", "{{random -1}}", "{{random 4097}}", "{{random \"8\"}}",
    "{{random}}", "{{uppercase 1}}", "{{replace \"\" \"x\" .A}}", "{{printf}}", "{{printf 1}}", "{{printf \"%s\"}}",
    "{{printf \"%d\" .A}}", "{{printf \"%y\" .A}}", "{{printf \"%\"}}", "{{printf \"a\" .A}}",
    "{{printf \"%99999999999999999999s\" .A}}", "{{printf \"%5000s\" .A}}", "{{unix_time 1}}", "{{uuid 1}}",
    "{{slice .A 1 99}}", "{{slice .A 2 1}}", "{{slice .A -1}}", "{{eq .A 1}}", "{{eq .A}}", "{{lt true false}}",
    "{{len 1}}", "{{not}}", "{{and}}", "{{timestamp}}", "{{sha256 1}}",
  ])
  func cannotBeRendered(_ text: String) throws {
    let template = try NameTemplate(text)
    #expect(throws: TemplateError.self) {
      try template.render(["A": "value"], now: Published.now, random: Published.alphabet)
    }
  }

  @Test func errorsNameWhatIsWrong() throws {
    #expect(throws: TemplateError("can't evaluate field NoSuchField")) { try Published.render("{{.NoSuchField}}") }
    #expect(throws: TemplateError("function \"nosuch\" not defined")) { try Published.render("{{nosuch}}") }
  }
}
