package import Primitives

/// A template for names that are made up: Go's text/template (pkg.go.dev/text/template) without loops, nested templates and `with`, and with the
/// functions documented for username templates.
///
/// `{{.RoleName | truncate 8 | uppercase}}-{{random 20}}`: fields begin with a dot, a pipe hands a value on as the last argument, parentheses
/// hold a pipeline as an argument. `printf`, comparisons, `if`, variables, comments and trimming (`{{- … -}}`) are as in Go. Length is counted in
/// bytes as there, but no character is cut in two.
package struct NameTemplate: Sendable {
  package let source: String
  private let nodes: [TemplateNode]

  /// - Throws: where the text is no template: unbalanced or unknown parts, functions that are not there.
  package init(_ source: String) throws(TemplateError) {
    self.source = source
    guard source.utf8.count <= TemplateLimits.source else {
      throw TemplateError("the template is longer than \(TemplateLimits.source) bytes")
    }
    var lexer = TemplateLexer(source)
    var parser = TemplateParser(try lexer.pieces())
    nodes = try parser.template()
  }

  /// The template with its fields, by name without the dot, filled in.
  /// - Throws: for fields that are not there, arguments of the wrong kind or count, and more output than 4096 bytes.
  package func render(_ fields: [String: String], now: Timestamp, random: RandomSource) throws(TemplateError) -> String
  {
    var run = TemplateRun(fields: fields, context: FunctionContext(now: now, random: random))
    try run.execute(nodes)
    return run.output
  }
}
