/// What a template consists of.
enum TemplateNode: Sendable {
  case text(String)
  case output(TemplatePipeline)
  case declare(variable: String, TemplatePipeline)
  case assign(variable: String, TemplatePipeline)
  case condition(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
}

/// Commands of which each gets the value of the one before as its last argument.
struct TemplatePipeline: Sendable {
  var commands: [TemplateCommand]
}

enum TemplateCommand: Sendable {
  case value(TemplateOperand)
  case call(TemplateFunction, [TemplateOperand])
}

indirect enum TemplateOperand: Sendable {
  case literal(TemplateValue)
  case field(String)
  case variable(String)
  case pipeline(TemplatePipeline)
}

enum TemplateValue: Sendable, Equatable {
  case string(String)
  case int(Int64)
  case bool(Bool)

  /// Go's name of the type.
  var typeName: String {
    switch self {
    case .string: "string"
    case .int: "int"
    case .bool: "bool"
    }
  }

  var text: String {
    switch self {
    case .string(let text): text
    case .int(let number): String(number)
    case .bool(let flag): flag ? "true" : "false"
    }
  }

  /// Whether `if` takes it for true: anything but the type's zero.
  var isTrue: Bool {
    switch self {
    case .string(let text): !text.isEmpty
    case .int(let number): number != 0
    case .bool(let flag): flag
    }
  }
}
