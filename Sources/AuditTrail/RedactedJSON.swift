internal import JSONText
internal import Primitives

/// Copies a JSON object with its texts hashed, in one pass over the bytes and without white space, so that it fits in
/// a line.
///
/// What decides is the kind of a value, never its name, but for the names that an operator chose to leave readable:
/// those exempt the texts directly under them, in lists too, and not those of objects further down.
struct RedactedJSON: ~Copyable {
  struct Rules {
    /// Nil leaves everything readable.
    var hash: SaltedHash?
    /// Numbers of requests are hashed like texts, those of answers are not.
    var hashesNumbers = false
    var clearKeys: [String] = []
    /// The lists `keys` and `key_info` give way to their counts.
    var elidesLists = false
  }

  private struct Unreadable: Error {}

  private static let deepest = 1000

  private let input: UnsafeBufferPointer<UInt8>
  private let rules: Rules
  private var at = 0

  /// Text that is no JSON is hashed as a whole, because nobody knows what it holds.
  static func copy(_ text: JSONText, _ rules: Rules, to out: inout ByteBuffer) {
    let start = out.count
    text.bytes.withUnsafeBufferPointer { input in
      var copy = RedactedJSON(input: input, rules: rules)
      do throws(Unreadable) {
        _ = try copy.value(isClear: false, depth: 0, to: &out)
        copy.skipSpace()
        if copy.at == input.count { return }
      } catch {}
      out.truncate(to: start)
      if let hash = rules.hash {
        hash.appendQuoted(UnsafeRawBufferPointer(input), to: &out)
      } else {
        out.append("null" as StaticString)
      }
    }
  }

  private init(input: UnsafeBufferPointer<UInt8>, rules: Rules) {
    self.input = input
    self.rules = rules
  }

  /// How many elements or members the value has.
  private mutating func value(
    isClear: Bool, depth: Int, to out: inout ByteBuffer
  ) throws(Unreadable) -> Int {
    if depth > Self.deepest { throw Unreadable() }
    skipSpace()
    switch try peek() {
    case UInt8(ascii: "{"): return try object(depth: depth, to: &out)
    case UInt8(ascii: "["): return try array(isClear: isClear, depth: depth, to: &out)
    case UInt8(ascii: "\""):
      let token = try string()
      if isClear || rules.hash == nil { out.append(token) } else { try appendHashed(token, to: &out) }
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      let token = run { Self.isNumeric($0) }
      if isClear || !rules.hashesNumbers || rules.hash == nil {
        out.append(token)
      } else {
        rules.hash?.appendQuoted(UnsafeRawBufferPointer(token), to: &out)
      }
    default:
      let token = run { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
      guard Self.is(token, "true") || Self.is(token, "false") || Self.is(token, "null") else { throw Unreadable() }
      out.append(token)
    }
    return 0
  }

  private mutating func object(depth: Int, to out: inout ByteBuffer) throws(Unreadable) -> Int {
    try copy(UInt8(ascii: "{"), to: &out)
    skipSpace()
    if try take(UInt8(ascii: "}"), to: &out) { return 0 }
    var count = 0
    while true {
      skipSpace()
      let name = try string()
      out.append(name)
      skipSpace()
      try copy(UInt8(ascii: ":"), to: &out)
      skipSpace()
      if depth == 0, rules.elidesLists, Self.isListing(name), Self.opensMany(try peek()) {
        try elided(depth: depth + 1, to: &out)
      } else {
        _ = try value(isClear: isClear(name), depth: depth + 1, to: &out)
      }
      count += 1
      skipSpace()
      if try take(UInt8(ascii: "}"), to: &out) { return count }
      try copy(UInt8(ascii: ","), to: &out)
    }
  }

  private mutating func array(
    isClear: Bool, depth: Int, to out: inout ByteBuffer
  ) throws(Unreadable) -> Int {
    try copy(UInt8(ascii: "["), to: &out)
    skipSpace()
    if try take(UInt8(ascii: "]"), to: &out) { return 0 }
    var count = 0
    while true {
      _ = try value(isClear: isClear, depth: depth + 1, to: &out)
      count += 1
      skipSpace()
      if try take(UInt8(ascii: "]"), to: &out) { return count }
      try copy(UInt8(ascii: ","), to: &out)
    }
  }

  /// Writes how many elements or members the value has instead of the value.
  private mutating func elided(depth: Int, to out: inout ByteBuffer) throws(Unreadable) {
    let before = out.count
    let count = try value(isClear: true, depth: depth, to: &out)
    out.truncate(to: before)
    out.append(decimal: Int64(count))
  }

  private static func isListing(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    Self.is(name, "\"keys\"") || Self.is(name, "\"key_info\"")
  }

  private static func `is`(_ token: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
    token.count == text.utf8CodeUnitCount && (0..<token.count).allSatisfy { token[$0] == text.utf8Start[$0] }
  }

  private static func opensMany(_ c: UInt8) -> Bool { c == UInt8(ascii: "[") || c == UInt8(ascii: "{") }

  private func isClear(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    if rules.clearKeys.isEmpty { return false }
    guard let plain = Self.text(name) else { return false }
    return rules.clearKeys.contains(plain)
  }

  private func appendHashed(_ token: UnsafeBufferPointer<UInt8>, to out: inout ByteBuffer) throws(Unreadable) {
    if Self.hasEscapes(token) {
      guard var text = Self.text(token) else { throw Unreadable() }
      text.withUTF8 { rules.hash?.appendQuoted(UnsafeRawBufferPointer($0), to: &out) }
    } else {
      rules.hash?.appendQuoted(
        UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: token.dropFirst().dropLast())), to: &out)
    }
  }

  private static func hasEscapes(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
    PlainRun.inString(token, from: 1) < token.count - 2
  }

  /// What a JSON text stands for.
  private static func text(_ token: UnsafeBufferPointer<UInt8>) -> String? {
    if !hasEscapes(token) { return String(decoding: token.dropFirst().dropLast(), as: UTF8.self) }
    return try? JSONText(trusted: Array(token)).parsed().stringValue
  }

  /// The next token with its quotation marks.
  private mutating func string() throws(Unreadable) -> UnsafeBufferPointer<UInt8> {
    let start = at
    guard try peek() == UInt8(ascii: "\"") else { throw Unreadable() }
    at += 1
    while true {
      at += PlainRun.inString(input, from: at)
      if at >= input.count { throw Unreadable() }
      let c = input[at]
      at += 1
      if c == UInt8(ascii: "\"") { return UnsafeBufferPointer(rebasing: input[start..<at]) }
      if c != UInt8(ascii: "\\") { throw Unreadable() }
      at += 1
    }
  }

  private static func isNumeric(_ c: UInt8) -> Bool {
    switch c {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  private mutating func run(_ belongs: (UInt8) -> Bool) -> UnsafeBufferPointer<UInt8> {
    let start = at
    while at < input.count, belongs(input[at]) { at += 1 }
    return UnsafeBufferPointer(rebasing: input[start..<at])
  }

  private func peek() throws(Unreadable) -> UInt8 {
    if at >= input.count { throw Unreadable() }
    return input[at]
  }

  private mutating func copy(_ c: UInt8, to out: inout ByteBuffer) throws(Unreadable) {
    if try !take(c, to: &out) { throw Unreadable() }
  }

  private mutating func take(_ c: UInt8, to out: inout ByteBuffer) throws(Unreadable) -> Bool {
    if try peek() != c { return false }
    out.append(c)
    at += 1
    return true
  }

  private mutating func skipSpace() {
    while at < input.count, input[at] == 0x20 || input[at] == 10 || input[at] == 13 || input[at] == 9 { at += 1 }
  }
}
