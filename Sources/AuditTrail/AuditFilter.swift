/// A condition on requests, such as `mount_type == "kv" and not (operation in "list" or path contains "ci/")`.
///
/// Precedence: `not`, `and`, `or`. Values are quoted with `"` or `` ` ``, or bare words. `"x" in path` and `path
/// contains "x"` mean the same: the field's text holds that text.
struct AuditFilter: Sendable, Equatable {
  struct Malformed: Error, Equatable { let message: String }

  enum Property: String, CaseIterable {
    case mountType = "mount_type"
    case mountPoint = "mount_point"
    case namespace, operation, path
  }

  /// What conditions look at.
  struct Subject {
    let mountType: String
    let mountPoint: String
    let namespace: String
    let operation: String
    let path: String

    subscript(property: Property) -> String {
      switch property {
      case .mountType: mountType
      case .mountPoint: mountPoint
      case .namespace: namespace
      case .operation: operation
      case .path: path
      }
    }
  }

  indirect enum Condition: Sendable, Equatable {
    case equal(Property, String)
    case contains(Property, String)
    case isEmpty(Property)
    case not(Condition)
    case and(Condition, Condition)
    case or(Condition, Condition)

    func holds(for subject: Subject) -> Bool {
      switch self {
      case .equal(let property, let value): subject[property] == value
      case .contains(let property, let value): Self.find(value, in: subject[property])
      case .isEmpty(let property): subject[property].isEmpty
      case .not(let inner): !inner.holds(for: subject)
      case .and(let a, let b): a.holds(for: subject) && b.holds(for: subject)
      case .or(let a, let b): a.holds(for: subject) || b.holds(for: subject)
      }
    }

    /// By bytes, so that no two spellings of a character pass for one another.
    private static func find(_ needle: String, in text: String) -> Bool {
      let needle = Array(needle.utf8)
      let text = Array(text.utf8)
      guard needle.count <= text.count else { return false }
      return (0...(text.count - needle.count)).contains { text[$0..<($0 + needle.count)].elementsEqual(needle) }
    }
  }

  let condition: Condition

  init(_ text: String) throws(Malformed) {
    var parser = FilterParser(tokens: try FilterToken.split(text))
    condition = try parser.whole()
  }

  func matches(_ subject: Subject) -> Bool { condition.holds(for: subject) }
}

enum FilterToken: Equatable {
  case open, close, equal, unequal
  case word(String)
  case text(String)

  static func split(_ text: String) throws(AuditFilter.Malformed) -> [FilterToken] {
    if text.utf8.count > 8192 { throw AuditFilter.Malformed(message: "the expression is too long") }
    var tokens: [FilterToken] = []
    var rest = text.unicodeScalars[...]
    while let c = rest.first {
      switch c {
      case " ", "\t", "\n", "\r": rest.removeFirst()
      case "(":
        tokens.append(.open)
        rest.removeFirst()
      case ")":
        tokens.append(.close)
        rest.removeFirst()
      case "=", "!":
        guard rest.dropFirst().first == "=" else { throw AuditFilter.Malformed(message: "'\(c)' stands alone") }
        tokens.append(c == "=" ? .equal : .unequal)
        rest.removeFirst(2)
      case "\"", "`":
        rest.removeFirst()
        tokens.append(.text(try quoted(&rest, by: c)))
      default:
        let word = rest.prefix { !" \t\n\r()=!\"`".unicodeScalars.contains($0) }
        tokens.append(.word(String(word)))
        rest.removeFirst(word.count)
      }
    }
    return tokens
  }

  private static func quoted(
    _ rest: inout Substring.UnicodeScalarView, by quote: Unicode.Scalar
  ) throws(AuditFilter.Malformed) -> String {
    var out = String.UnicodeScalarView()
    while let c = rest.popFirst() {
      if c == quote { return String(out) }
      if c == "\\", quote == "\"" {
        guard let next = rest.popFirst(), next == "\"" || next == "\\" else {
          throw AuditFilter.Malformed(message: "unknown escape in a text")
        }
        out.append(next)
      } else {
        out.append(c)
      }
    }
    throw AuditFilter.Malformed(message: "a text does not end")
  }
}

private struct FilterParser {
  private static let deepest = 64

  let tokens: [FilterToken]
  private var at = 0
  private var depth = 0

  init(tokens: [FilterToken]) { self.tokens = tokens }

  mutating func whole() throws(AuditFilter.Malformed) -> AuditFilter.Condition {
    let condition = try disjunction()
    if at < tokens.count { throw AuditFilter.Malformed(message: "something follows the expression") }
    return condition
  }

  private mutating func disjunction() throws(AuditFilter.Malformed) -> AuditFilter.Condition {
    var left = try conjunction()
    while take(word: "or") { left = .or(left, try conjunction()) }
    return left
  }

  private mutating func conjunction() throws(AuditFilter.Malformed) -> AuditFilter.Condition {
    var left = try negation()
    while take(word: "and") { left = .and(left, try negation()) }
    return left
  }

  private mutating func negation() throws(AuditFilter.Malformed) -> AuditFilter.Condition {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw AuditFilter.Malformed(message: "the expression is too deep") }
    if take(word: "not") { return .not(try negation()) }
    if take(.open) {
      let inner = try disjunction()
      if !take(.close) { throw AuditFilter.Malformed(message: "')' is missing") }
      return inner
    }
    return try comparison()
  }

  private mutating func comparison() throws(AuditFilter.Malformed) -> AuditFilter.Condition {
    let first = try operand()
    if take(.equal) { return .equal(try property(first), try value()) }
    if take(.unequal) { return .not(.equal(try property(first), try value())) }
    if take(word: "is") {
      let negated = take(word: "not")
      if !take(word: "empty") { throw AuditFilter.Malformed(message: "'empty' is missing after 'is'") }
      let condition = AuditFilter.Condition.isEmpty(try property(first))
      return negated ? .not(condition) : condition
    }
    let negated = take(word: "not")
    let condition: AuditFilter.Condition
    if take(word: "in") {
      condition = .contains(try property(try operand()), Self.text(first))
    } else if take(word: "contains") {
      condition = .contains(try property(first), try value())
    } else {
      throw AuditFilter.Malformed(message: "one of ==, !=, in, contains and is was expected")
    }
    return negated ? .not(condition) : condition
  }

  private mutating func operand() throws(AuditFilter.Malformed) -> FilterToken {
    guard at < tokens.count else { throw AuditFilter.Malformed(message: "the expression ends too early") }
    let token = tokens[at]
    switch token {
    case .word, .text:
      at += 1
      return token
    case .open, .close, .equal, .unequal: throw AuditFilter.Malformed(message: "a field or a value was expected")
    }
  }

  private mutating func value() throws(AuditFilter.Malformed) -> String { Self.text(try operand()) }

  private static func text(_ token: FilterToken) -> String {
    switch token {
    case .word(let text), .text(let text): text
    case .open, .close, .equal, .unequal: ""
    }
  }

  private func property(_ token: FilterToken) throws(AuditFilter.Malformed) -> AuditFilter.Property {
    if case .word(let name) = token, let property = AuditFilter.Property(rawValue: name) { return property }
    let known = AuditFilter.Property.allCases.map(\.rawValue).joined(separator: ", ")
    throw AuditFilter.Malformed(message: "unknown field, there are: \(known)")
  }

  private mutating func take(_ token: FilterToken) -> Bool {
    guard at < tokens.count, tokens[at] == token else { return false }
    at += 1
    return true
  }

  private mutating func take(word: String) -> Bool { take(.word(word)) }
}
