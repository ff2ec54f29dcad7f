internal import JSONText

/// What a request's parameters must and must not be. Names are in lower case.
struct ParameterRules: Sendable, Equatable {
  /// Names with the values that they may have; an empty list is any value. `*` is any name.
  var allowed: [String: [JSONValue]] = [:]
  var denied: [String: [JSONValue]] = [:]
  var required: [String] = []

  var isEmpty: Bool { allowed.isEmpty && denied.isEmpty && required.isEmpty }

  /// Two rules for one path: names add up, values too, and any value in one is any value in both.
  mutating func join(_ other: ParameterRules) {
    let join = { (a: [JSONValue], b: [JSONValue]) in a.isEmpty || b.isEmpty ? [] : a + b }
    allowed.merge(other.allowed, uniquingKeysWith: join)
    denied.merge(other.denied, uniquingKeysWith: join)
    var seen = Set(required)
    required += other.required.filter { seen.insert($0).inserted }
  }

  /// The first of the rules that these parameters break; nil where they break none.
  func refusal(_ parameters: JSONObject) -> Refusal? {
    if isEmpty { return nil }
    for name in required where parameters[name] == nil { return .missingParameter(name) }
    guard let first = parameters.members.first else { return nil }
    if !denied.isEmpty {
      if denied["*"] != nil { return .deniedParameter(first.name) }
      for member in parameters.members {
        guard let values = denied[member.name.lowercased()] else { continue }
        if values.isEmpty { return .deniedParameter(member.name) }
        if Self.touches(member.value, values) { return .deniedValue(member.name) }
      }
    }
    if allowed.isEmpty { return nil }
    let anyName = allowed["*"] != nil
    if anyName && allowed.count == 1 { return nil }
    for member in parameters.members {
      guard let values = allowed[member.name.lowercased()] else {
        if anyName { continue }
        return .unlistedParameter(member.name)
      }
      if !values.isEmpty && !Self.stays(member.value, within: values) { return .unlistedValue(member.name) }
    }
    return nil
  }

  /// Allowed values: the whole must match one, or each element of a list, or each part of a text between commas.
  static func stays(_ value: JSONValue, within values: [JSONValue]) -> Bool {
    if values.contains(where: { matches(value, $0) }) { return true }
    guard let parts = parts(value) else { return false }
    return parts.allSatisfy { part in values.contains { matches(part, $0) } }
  }

  /// Denied values: one element or part is enough.
  static func touches(_ value: JSONValue, _ values: [JSONValue]) -> Bool {
    if values.contains(where: { matches(value, $0) }) { return true }
    guard let parts = parts(value) else { return false }
    return parts.contains { part in values.contains { matches(part, $0) } }
  }

  private static func parts(_ value: JSONValue) -> [JSONValue]? {
    switch value {
    case .array(let elements): elements
    case .string(let text):
      text.utf8.isEmpty
        ? [] : text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { .string(trim($0)) }
    default: nil
    }
  }

  private static func trim(_ part: Substring.UTF8View) -> String {
    let blank = { (c: UInt8) in c == 0x20 || (9...13).contains(c) }
    guard let first = part.firstIndex(where: { !blank($0) }), let last = part.lastIndex(where: { !blank($0) }) else {
      return ""
    }
    return String(part[first...last]) ?? ""
  }

  private static func matches(_ value: JSONValue, _ pattern: JSONValue) -> Bool {
    if case .string(let text) = value, case .string(let glob) = pattern { return matches(text, glob: glob) }
    return equals(value, pattern)
  }

  /// Numbers equal nothing, because a request's number and a policy's are of different kinds to the API.
  private static func equals(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { equals($0, $1) }
    case (.object(let a), .object(let b)):
      a.count == b.count && a.members.allSatisfy { member in b[member.name].map { equals(member.value, $0) } ?? false }
    default: false
    }
  }

  /// A star at either end stands for any text; a star alone is a star.
  static func matches(_ text: String, glob: String) -> Bool {
    let text = Array(text.utf8)
    var inner = Array(glob.utf8)[...]
    guard inner.count > 1 else { return text.elementsEqual(inner) }
    let star = UInt8(ascii: "*")
    let opensLeft = inner.first == star
    let opensRight = inner.last == star
    if opensLeft { inner = inner.dropFirst() }
    if opensRight { inner = inner.dropLast() }
    switch (opensLeft, opensRight) {
    case (false, false): return text.elementsEqual(inner)
    case (true, false): return text.count >= inner.count && text.suffix(inner.count).elementsEqual(inner)
    case (false, true): return text.starts(with: inner)
    case (true, true):
      guard let first = inner.first else { return true }
      guard text.count >= inner.count else { return false }
      return (0...(text.count - inner.count)).contains { text[$0] == first && text[$0...].starts(with: inner) }
    }
  }
}
