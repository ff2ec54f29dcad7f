/// One rendering of a template.
struct TemplateRun {
  let fields: [String: String]
  let context: FunctionContext
  private(set) var output = ""
  /// Values of variables, the innermost block last.
  private var scopes: [[String: TemplateValue]] = [[:]]

  init(fields: [String: String], context: FunctionContext) {
    self.fields = fields
    self.context = context
  }

  mutating func execute(_ nodes: [TemplateNode]) throws(TemplateError) {
    for node in nodes {
      switch node {
      case .text(let text): output += text
      case .output(let pipeline): output += try evaluate(pipeline).text
      case .declare(let name, let pipeline): scopes[scopes.count - 1][name] = try evaluate(pipeline)
      case .assign(let name, let pipeline):
        let value = try evaluate(pipeline)
        if let scope = scopes.lastIndex(where: { $0[name] != nil }) { scopes[scope][name] = value }
      case .condition(let test, let then, let otherwise):
        let branch = try evaluate(test).isTrue ? then : otherwise
        scopes.append([:])
        try execute(branch)
        scopes.removeLast()
      }
      if output.utf8.count > TemplateLimits.value { throw Self.tooLong }
    }
  }

  private static let tooLong = TemplateError("the result is longer than \(TemplateLimits.value) bytes")

  private func evaluate(_ pipeline: TemplatePipeline) throws(TemplateError) -> TemplateValue {
    var piped: TemplateValue?
    for command in pipeline.commands {
      let value =
        switch command {
        case .value(let operand): try evaluate(operand)
        case .call(let function, let operands): try call(function, operands, piped)
        }
      if case .string(let text) = value, text.utf8.count > TemplateLimits.value { throw Self.tooLong }
      piped = value
    }
    guard let piped else { throw TemplateError("missing value for command") }
    return piped
  }

  private func call(_ function: TemplateFunction, _ operands: [TemplateOperand], _ piped: TemplateValue?)
    throws(TemplateError) -> TemplateValue
  {
    if function == .and || function == .or { return try choose(function, operands, piped) }
    var arguments: [TemplateValue] = []
    for operand in operands { arguments.append(try evaluate(operand)) }
    if let piped { arguments.append(piped) }
    return try function.apply(arguments, context)
  }

  /// `and` is its first argument that is not true, `or` its first that is, otherwise the last; those behind are not looked at.
  private func choose(_ function: TemplateFunction, _ operands: [TemplateOperand], _ piped: TemplateValue?)
    throws(TemplateError) -> TemplateValue
  {
    var last: TemplateValue?
    for operand in operands {
      let value = try evaluate(operand)
      if value.isTrue == (function == .or) { return value }
      last = value
    }
    guard let result = piped ?? last else {
      throw TemplateError("wrong number of args for \(function.rawValue): want at least 1 got 0")
    }
    return result
  }

  private func evaluate(_ operand: TemplateOperand) throws(TemplateError) -> TemplateValue {
    switch operand {
    case .literal(let value): return value
    case .field(let name):
      guard let value = fields[name] else { throw TemplateError("can't evaluate field \(name)") }
      return .string(value)
    case .variable(let name):
      for scope in scopes.reversed() { if let value = scope[name] { return value } }
      throw TemplateError("undefined variable \"$\(name)\"")
    case .pipeline(let pipeline): return try evaluate(pipeline)
    }
  }
}
