internal import Cryptography
internal import Primitives

/// What functions take from outside.
struct FunctionContext {
  let now: Timestamp
  let random: RandomSource
}

/// The functions by the names that templates use.
enum TemplateFunction: String, Sendable, CaseIterable {
  // Of username templates.
  case random, truncate, truncate_sha256, uppercase, lowercase, replace, sha256, base64
  case unix_time, unix_time_millis, timestamp, uuid
  // Of Go's template language.
  case print, printf, println, len, slice, not, eq, ne, lt, le, gt, ge
  /// Evaluated only as far as needed; see `TemplateRun`.
  case and, or

  func apply(_ arguments: [TemplateValue], _ context: FunctionContext) throws(TemplateError) -> TemplateValue {
    let given = Arguments(function: self, values: arguments)
    switch self {
    case .random: return .string(context.random.base62(try given.length(0, of: 1)))
    case .truncate: return .string(Self.prefix(try given.string(1, of: 2), try given.positive(0, of: 2)))
    case .truncate_sha256: return .string(try Self.truncateSHA256(given))
    case .uppercase: return .string(try given.string(0, of: 1).uppercased())
    case .lowercase: return .string(try given.string(0, of: 1).lowercased())
    case .replace: return .string(try Self.replace(given))
    case .sha256: return .string(Self.digest(try given.string(0, of: 1)))
    case .base64: return .string(Base64.encode(Array(try given.string(0, of: 1).utf8)))
    case .unix_time:
      try given.count(0)
      return .string(String(context.now.seconds))
    case .unix_time_millis:
      try given.count(0)
      return .string(String(context.now.milliseconds))
    case .timestamp: return .string(TimeLayout.format(context.now, try given.string(0, of: 1)))
    case .uuid:
      try given.count(0)
      return .string(context.random.uuid())
    case .print, .println: return .string(Printing.joined(arguments, asLine: self == .println))
    case .printf:
      if arguments.isEmpty { throw given.wrongCount("at least 1") }
      return .string(try Printing.formatted(try given.string(0, of: arguments.count), arguments.dropFirst()))
    case .len: return .int(Int64(try given.string(0, of: 1).utf8.count))
    case .slice: return .string(try Self.slice(given))
    case .not:
      try given.count(1)
      return .bool(!arguments[0].isTrue)
    case .eq, .ne, .lt, .le, .gt, .ge: return .bool(try Comparison.holds(self, given))
    case .and, .or: throw TemplateError("\(rawValue) is not a function to call")
    }
  }

  /// At most that many bytes, without a part of a character at the end.
  private static func prefix(_ text: String, _ length: Int) -> String {
    var left = length
    let end = text.unicodeScalars.firstIndex { scalar in
      left -= UTF8.width(scalar)
      return left < 0
    }
    return String(text.unicodeScalars[..<(end ?? text.unicodeScalars.endIndex)])
  }

  private static func digest(_ text: some StringProtocol) -> String {
    Hex.encode(HashFunction.sha256.digest(of: Array(text.utf8)))
  }

  /// The last 8 characters stand for what was cut off.
  private static func truncateSHA256(_ given: Arguments) throws(TemplateError) -> String {
    let text = try given.string(1, of: 2)
    let length = try given.positive(0, of: 2)
    guard length > 8 else {
      throw TemplateError("truncate_sha256: max length must be > 8 to leave room for the hash, but was \(length)")
    }
    if text.utf8.count <= length { return text }
    let kept = prefix(text, length - 8)
    return kept + digest(String(decoding: text.utf8.dropFirst(kept.utf8.count), as: UTF8.self)).prefix(8)
  }

  private static func replace(_ given: Arguments) throws(TemplateError) -> String {
    let sought = Array(try given.string(0, of: 3).utf8)
    let substitute = Array(try given.string(1, of: 3).utf8)
    let text = Array(try given.string(2, of: 3).utf8)
    if sought.isEmpty { throw TemplateError("replace: there is nothing to look for") }
    var out: [UInt8] = []
    var at = 0
    while at < text.count && out.count <= TemplateLimits.value {
      if text[at...].starts(with: sought) {
        out += substitute
        at += sought.count
      } else {
        out.append(text[at])
        at += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func slice(_ given: Arguments) throws(TemplateError) -> String {
    guard (1...3).contains(given.values.count) else { throw given.wrongCount("1 to 3") }
    let text = Array(try given.string(0).utf8)
    let start = given.values.count > 1 ? try given.int(1) : 0
    let end = given.values.count > 2 ? try given.int(2) : Int64(text.count)
    guard start >= 0, start <= end, end <= Int64(text.count) else {
      throw TemplateError("slice: index out of range: \(start):\(end) of \(text.count)")
    }
    return String(decoding: text[Int(start)..<Int(end)], as: UTF8.self)
  }
}

/// Arguments, the piped one last, with what is said when they do not fit.
struct Arguments {
  let function: TemplateFunction
  let values: [TemplateValue]

  func wrongCount(_ wanted: String) -> TemplateError {
    TemplateError("wrong number of args for \(function.rawValue): want \(wanted) got \(values.count)")
  }

  func count(_ wanted: Int) throws(TemplateError) { if values.count != wanted { throw wrongCount("\(wanted)") } }

  func string(_ index: Int, of wanted: Int) throws(TemplateError) -> String {
    try count(wanted)
    return try string(index)
  }

  func string(_ index: Int) throws(TemplateError) -> String {
    guard values.indices.contains(index), case .string(let text) = values[index] else {
      throw wrongType(index, "string")
    }
    return text
  }

  func int(_ index: Int) throws(TemplateError) -> Int64 {
    guard values.indices.contains(index), case .int(let number) = values[index] else { throw wrongType(index, "int") }
    return number
  }

  /// A number of bytes, which may be none.
  func length(_ index: Int, of wanted: Int) throws(TemplateError) -> Int {
    try count(wanted)
    let number = try int(index)
    guard number >= 0, number <= Int64(TemplateLimits.value) else {
      throw TemplateError(
        "\(function.rawValue): length must be between 0 and \(TemplateLimits.value) but was \(number)")
    }
    return Int(number)
  }

  /// A number of bytes above zero; what is more than any value can have counts as that.
  func positive(_ index: Int, of wanted: Int) throws(TemplateError) -> Int {
    try count(wanted)
    let number = try int(index)
    guard number > 0 else { throw TemplateError("\(function.rawValue): max length must be > 0 but was \(number)") }
    return Int(min(number, Int64(TemplateLimits.value)))
  }

  private func wrongType(_ index: Int, _ wanted: String) -> TemplateError {
    let got = values.indices.contains(index) ? values[index].typeName : "nothing"
    return TemplateError("wrong type for argument \(index + 1) of \(function.rawValue): expected \(wanted); got \(got)")
  }
}
