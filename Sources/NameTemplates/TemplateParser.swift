/// Makes a template of its pieces: which function is called with what, and what stands inside which condition.
struct TemplateParser {
  private let pieces: [TemplatePiece]
  private var next = 0
  private var depth = 0
  /// Variables that are declared where the parser is, the innermost block last.
  private var scopes: [Set<String>] = [[]]

  init(_ pieces: [TemplatePiece]) { self.pieces = pieces }

  private enum BlockEnd { case template, end, otherwise, otherwiseIf([TemplateToken]) }

  mutating func template() throws(TemplateError) -> [TemplateNode] {
    let (nodes, end) = try block()
    switch end {
    case .template: return nodes
    case .end: throw TemplateError("unexpected {{end}}")
    case .otherwise, .otherwiseIf: throw TemplateError("unexpected {{else}}")
    }
  }

  private mutating func block() throws(TemplateError) -> ([TemplateNode], BlockEnd) {
    var nodes: [TemplateNode] = []
    while next < pieces.count {
      let piece = pieces[next]
      next += 1
      switch piece {
      case .text(let text): nodes.append(.text(text))
      case .action(let tokens):
        switch tokens.first {
        case .identifier("if"): nodes.append(try condition(Array(tokens.dropFirst())))
        case .identifier("end"):
          if tokens.count > 1 { throw TemplateError("unexpected operand in {{end}}") }
          return (nodes, .end)
        case .identifier("else"):
          if tokens.count == 1 { return (nodes, .otherwise) }
          guard tokens[1] == .identifier("if") else { throw TemplateError("unexpected operand in {{else}}") }
          return (nodes, .otherwiseIf(Array(tokens.dropFirst(2))))
        default: nodes.append(try action(tokens))
        }
      }
    }
    return (nodes, .template)
  }

  private mutating func condition(_ tokens: [TemplateToken]) throws(TemplateError) -> TemplateNode {
    try enter()
    defer { depth -= 1 }
    let test = try pipeline(tokens)
    let (then, end) = try scopedBlock()
    var otherwise: [TemplateNode] = []
    switch end {
    case .end: break
    case .otherwiseIf(let tokens): otherwise = [try condition(tokens)]
    case .otherwise:
      let (nodes, end) = try scopedBlock()
      guard case .end = end else { throw TemplateError("expected {{end}} after {{else}}") }
      otherwise = nodes
    case .template: throw TemplateError("unexpected end of the template: {{end}} is missing")
    }
    return .condition(test, then: then, otherwise: otherwise)
  }

  private mutating func scopedBlock() throws(TemplateError) -> ([TemplateNode], BlockEnd) {
    scopes.append([])
    defer { scopes.removeLast() }
    return try block()
  }

  private mutating func action(_ tokens: [TemplateToken]) throws(TemplateError) -> TemplateNode {
    if tokens.count >= 2, case .variable(let name) = tokens[0], !name.isEmpty {
      if tokens[1] == .declare {
        let value = try pipeline(Array(tokens.dropFirst(2)))
        scopes[scopes.count - 1].insert(name)
        return .declare(variable: name, value)
      }
      if tokens[1] == .assign {
        try checkDeclared(name)
        return .assign(variable: name, try pipeline(Array(tokens.dropFirst(2))))
      }
    }
    return .output(try pipeline(tokens))
  }

  private func checkDeclared(_ name: String) throws(TemplateError) {
    if !scopes.contains(where: { $0.contains(name) }) { throw TemplateError("undefined variable \"$\(name)\"") }
  }

  private mutating func pipeline(_ tokens: [TemplateToken]) throws(TemplateError) -> TemplatePipeline {
    var rest = tokens[...]
    let pipeline = try pipeline(&rest)
    if !rest.isEmpty { throw TemplateError("unexpected right parenthesis") }
    return pipeline
  }

  /// Up to a right parenthesis or the end.
  private mutating func pipeline(_ tokens: inout ArraySlice<TemplateToken>) throws(TemplateError) -> TemplatePipeline {
    try enter()
    defer { depth -= 1 }
    var pipeline = TemplatePipeline(commands: [])
    while true {
      let command = try command(&tokens)
      if case .value = command, !pipeline.commands.isEmpty {
        throw TemplateError("non executable command in pipeline stage \(pipeline.commands.count + 1)")
      }
      pipeline.commands.append(command)
      guard tokens.first == .pipe else { return pipeline }
      tokens.removeFirst()
    }
  }

  private mutating func command(_ tokens: inout ArraySlice<TemplateToken>) throws(TemplateError) -> TemplateCommand {
    var function: TemplateFunction?
    if case .identifier(let name) = tokens.first, name != "true", name != "false" {
      function = try self.function(name)
      tokens.removeFirst()
    }
    var operands: [TemplateOperand] = []
    while let operand = try operand(&tokens) { operands.append(operand) }
    if let function { return .call(function, operands) }
    guard let first = operands.first else { throw TemplateError("missing value for command") }
    if operands.count > 1 { throw TemplateError("can't give argument to non-function") }
    return .value(first)
  }

  /// Nil at the end of a command.
  private mutating func operand(_ tokens: inout ArraySlice<TemplateToken>) throws(TemplateError) -> TemplateOperand? {
    guard let token = tokens.first, token != .pipe, token != .rightParenthesis else { return nil }
    tokens.removeFirst()
    switch token {
    case .string(let text): return .literal(.string(text))
    case .int(let number): return .literal(.int(number))
    case .identifier("true"): return .literal(.bool(true))
    case .identifier("false"): return .literal(.bool(false))
    case .identifier(let name):
      return .pipeline(TemplatePipeline(commands: [.call(try function(name), [])]))
    case .field(let name): return .field(name)
    case .variable(""): throw TemplateError("\"$\" is not a value; a field's name is missing")
    case .variable(let name):
      try checkDeclared(name)
      return .variable(name)
    case .leftParenthesis:
      let inner = try pipeline(&tokens)
      guard tokens.first == .rightParenthesis else { throw TemplateError("unclosed left parenthesis") }
      tokens.removeFirst()
      return .pipeline(inner)
    case .declare, .assign: throw TemplateError("unexpected assignment")
    case .pipe, .rightParenthesis: return nil
    }
  }

  private func function(_ name: String) throws(TemplateError) -> TemplateFunction {
    if let function = TemplateFunction(rawValue: name) { return function }
    switch name {
    case "range", "with", "define", "template", "block", "break", "continue", "nil":
      throw TemplateError("{{\(name)}} is not supported in name templates")
    default: throw TemplateError("function \"\(name)\" not defined")
    }
  }

  private mutating func enter() throws(TemplateError) {
    depth += 1
    if depth > TemplateLimits.depth { throw TemplateError("too deeply nested") }
  }
}
