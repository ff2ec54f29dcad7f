/// `eq`, `ne`, `lt`, `le`, `gt` and `ge` between values of one type; `eq` may name several values of which one must be equal.
enum Comparison {
  static func holds(_ function: TemplateFunction, _ given: Arguments) throws(TemplateError) -> Bool {
    let values = given.values
    guard values.count >= 2, function == .eq || values.count == 2 else {
      throw given.wrongCount(function == .eq ? "at least 2" : "2")
    }
    let first = values[0]
    for other in values.dropFirst() where other.typeName != first.typeName {
      throw TemplateError("\(function.rawValue): incompatible types for comparison")
    }
    switch function {
    case .eq: return values.dropFirst().contains(first)
    case .ne: return first != values[1]
    case .lt: return try isLess(first, values[1])
    case .le: return try !isLess(values[1], first)
    case .gt: return try isLess(values[1], first)
    default: return try !isLess(first, values[1])
    }
  }

  /// Texts by their bytes, as in Go.
  private static func isLess(_ a: TemplateValue, _ b: TemplateValue) throws(TemplateError) -> Bool {
    switch (a, b) {
    case (.int(let a), .int(let b)): return a < b
    case (.string(let a), .string(let b)): return a.utf8.lexicographicallyPrecedes(b.utf8)
    default: throw TemplateError("invalid type for comparison")
    }
  }
}
