/// Bounds on what is read from a client; a breach is an error, never a slow answer.
package struct JSONLimits: Sendable, Equatable {
  package var depth: Int
  package var stringBytes: Int
  package var objectEntries: Int
  package var arrayElements: Int
  package var tokens: Int

  package init(depth: Int, stringBytes: Int, objectEntries: Int, arrayElements: Int, tokens: Int) {
    self.depth = depth
    self.stringBytes = stringBytes
    self.objectEntries = objectEntries
    self.arrayElements = arrayElements
    self.tokens = tokens
  }

  /// The listener's defaults.
  package static let standard = JSONLimits(
    depth: 300, stringBytes: 1 << 20, objectEntries: 10_000, arrayElements: 10_000, tokens: 500_000)

  /// For texts of our own; the depth still holds, because the parser recurses.
  package static let unlimited = JSONLimits(
    depth: 400, stringBytes: .max, objectEntries: .max, arrayElements: .max, tokens: .max)
}

/// Why a text is not JSON, and where. Says nothing of the text's content.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: Sendable, Equatable {
    case endOfInput, unexpectedCharacter, invalidNumber, invalidString, duplicateName, trailingBytes
    case tooDeep, stringTooLong, tooManyEntries, tooManyElements, tooManyTokens
  }
  package let code: Code
  /// Bytes from the beginning of the text.
  package let offset: Int

  package var isLimit: Bool {
    switch code {
    case .tooDeep, .stringTooLong, .tooManyEntries, .tooManyElements, .tooManyTokens: true
    default: false
    }
  }

  package var description: String {
    let reason =
      switch code {
      case .endOfInput: "unexpected end of JSON input"
      case .unexpectedCharacter: "invalid character"
      case .invalidNumber: "invalid number"
      case .invalidString: "invalid string"
      case .duplicateName: "duplicate key"
      case .trailingBytes: "data after the top-level value"
      case .tooDeep: "nesting exceeds the allowed depth"
      case .stringTooLong: "string exceeds the allowed length"
      case .tooManyEntries: "object exceeds the allowed number of entries"
      case .tooManyElements: "array exceeds the allowed number of elements"
      case .tooManyTokens: "text exceeds the allowed number of tokens"
      }
    return "\(reason) at offset \(offset)"
  }
}

/// Reads one JSON value and nothing after it. Strict: RFC 8259 with valid UTF-8, paired surrogates and unique names.
package enum JSONParser {
  package static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
    try run(bytes, limits) { (reader: inout JSONReader) throws(JSONError) in try reader.value(depth: 1) }
  }

  package static func parse(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
  }

  /// The raw text of each member of the top-level object, in order, each checked; names decoded.
  package static func rawMembers(
    _ bytes: [UInt8], limits: JSONLimits = .standard
  ) throws(JSONError) -> [(name: String, text: JSONText)] {
    try run(bytes, limits) { (reader: inout JSONReader) throws(JSONError) in try reader.rawMembers() }
  }

  private static func run<R>(
    _ bytes: [UInt8], _ limits: JSONLimits, _ body: (inout JSONReader) throws(JSONError) -> R
  ) throws(JSONError) -> R {
    var outcome: Result<R, JSONError> = .failure(JSONError(code: .endOfInput, offset: 0))
    bytes.withUnsafeBufferPointer { buffer in
      var reader = JSONReader(input: buffer, limits: limits)
      do throws(JSONError) {
        let value = try body(&reader)
        try reader.expectEnd()
        outcome = .success(value)
      } catch { outcome = .failure(error) }
    }
    return try outcome.get()
  }
}

/// The cursor of one parse.
struct JSONReader {
  let input: UnsafeBufferPointer<UInt8>
  let limits: JSONLimits
  private var at = 0
  private var tokens = 0

  init(input: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
    self.input = input
    self.limits = limits
  }

  mutating func expectEnd() throws(JSONError) {
    skipSpace()
    if at < input.count { throw JSONError(code: .trailingBytes, offset: at) }
  }

  mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    skipSpace()
    try countToken()
    guard at < input.count else { throw JSONError(code: .endOfInput, offset: at) }
    switch input[at] {
    case UInt8(ascii: "{"):
      var members: [JSONObject.Member] = []
      try object(depth: depth) { (reader: inout JSONReader, name) throws(JSONError) in
        members.append(JSONObject.Member(name: name, value: try reader.value(depth: depth + 1)))
      }
      return .object(JSONObject(members: members))
    case UInt8(ascii: "["):
      if depth > limits.depth { throw JSONError(code: .tooDeep, offset: at) }
      at += 1
      var values: [JSONValue] = []
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array([]) }
      while true {
        if values.count >= limits.arrayElements { throw JSONError(code: .tooManyElements, offset: at) }
        values.append(try value(depth: depth + 1))
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(values) }
        try expect(UInt8(ascii: ","))
      }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw JSONError(code: .unexpectedCharacter, offset: at)
    }
  }

  mutating func rawMembers() throws(JSONError) -> [(name: String, text: JSONText)] {
    skipSpace()
    try countToken()
    guard at < input.count else { throw JSONError(code: .endOfInput, offset: at) }
    guard input[at] == UInt8(ascii: "{") else { throw JSONError(code: .unexpectedCharacter, offset: at) }
    var members: [(name: String, text: JSONText)] = []
    try object(depth: 1) { (reader: inout JSONReader, name) throws(JSONError) in
      reader.skipSpace()
      let start = reader.at
      _ = try reader.value(depth: 2)
      members.append((name, JSONText(trusted: Array(reader.input[start..<reader.at]))))
    }
    return members
  }

  private mutating func object(
    depth: Int, member: (inout JSONReader, String) throws(JSONError) -> Void
  ) throws(JSONError) {
    if depth > limits.depth { throw JSONError(code: .tooDeep, offset: at) }
    at += 1
    skipSpace()
    if take(UInt8(ascii: "}")) { return }
    // A short list is searched faster than hashed.
    var few: [String] = []
    var many: Set<String> = []
    var count = 0
    while true {
      if count >= limits.objectEntries { throw JSONError(code: .tooManyEntries, offset: at) }
      skipSpace()
      try countToken()
      guard at < input.count else { throw JSONError(code: .endOfInput, offset: at) }
      let start = at
      guard input[at] == UInt8(ascii: "\"") else { throw JSONError(code: .unexpectedCharacter, offset: at) }
      let name = try string()
      if count < 16 {
        if few.contains(name) { throw JSONError(code: .duplicateName, offset: start) }
        few.append(name)
      } else {
        if count == 16 { many = Set(few) }
        if !many.insert(name).inserted { throw JSONError(code: .duplicateName, offset: start) }
      }
      count += 1
      skipSpace()
      try expect(UInt8(ascii: ":"))
      try member(&self, name)
      skipSpace()
      if take(UInt8(ascii: "}")) { return }
      try expect(UInt8(ascii: ","))
    }
  }

  private mutating func string() throws(JSONError) -> String {
    let start = at
    at += 1
    let from = at
    at += PlainRun.inString(input, from: at)
    guard at < input.count else { throw JSONError(code: .endOfInput, offset: at) }
    if input[at] == UInt8(ascii: "\"") {
      if at - from > limits.stringBytes { throw JSONError(code: .stringTooLong, offset: start) }
      guard let text = String(utf8Bytes: UnsafeBufferPointer(rebasing: input[from..<at])) else {
        throw JSONError(code: .invalidString, offset: start)
      }
      at += 1
      return text
    }
    var out = Array(input[from..<at])
    while true {
      guard at < input.count else { throw JSONError(code: .endOfInput, offset: at) }
      if out.count > limits.stringBytes { throw JSONError(code: .stringTooLong, offset: start) }
      let c = input[at]
      at += 1
      switch c {
      case UInt8(ascii: "\""):
        guard let text = out.withUnsafeBufferPointer({ String(utf8Bytes: $0) }) else {
          throw JSONError(code: .invalidString, offset: start)
        }
        return text
      case UInt8(ascii: "\\"): try escape(into: &out)
      case 0..<0x20: throw JSONError(code: .invalidString, offset: at - 1)
      default: out.append(c)
      }
    }
  }

  private mutating func escape(into out: inout [UInt8]) throws(JSONError) {
    guard at < input.count else { throw JSONError(code: .endOfInput, offset: at) }
    let c = input[at]
    at += 1
    switch c {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(c)
    case UInt8(ascii: "b"): out.append(8)
    case UInt8(ascii: "f"): out.append(12)
    case UInt8(ascii: "n"): out.append(10)
    case UInt8(ascii: "r"): out.append(13)
    case UInt8(ascii: "t"): out.append(9)
    case UInt8(ascii: "u"):
      let start = at - 2
      var code = UInt32(try hex4())
      if code & 0xFC00 == 0xD800 {
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
          throw JSONError(code: .invalidString, offset: start)
        }
        let low = UInt32(try hex4())
        guard low & 0xFC00 == 0xDC00 else { throw JSONError(code: .invalidString, offset: start) }
        code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
      }
      guard let scalar = Unicode.Scalar(code) else { throw JSONError(code: .invalidString, offset: start) }
      out.append(contentsOf: String(Character(scalar)).utf8)
    default: throw JSONError(code: .invalidString, offset: at - 1)
    }
  }

  private mutating func hex4() throws(JSONError) -> UInt16 {
    guard at + 4 <= input.count else { throw JSONError(code: .endOfInput, offset: input.count) }
    var value: UInt16 = 0
    for _ in 0..<4 {
      let c = input[at]
      let digit: UInt8
      switch c {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = c - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = c - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = c - UInt8(ascii: "A") + 10
      default: throw JSONError(code: .invalidString, offset: at)
      }
      value = value << 4 | UInt16(digit)
      at += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> JSONNumber {
    let start = at
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits(start) }
    if take(UInt8(ascii: ".")) { try digits(start) }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits(start)
    }
    // Longer numbers mean nothing to anybody and cost those who convert them.
    if at - start > 4096 { throw JSONError(code: .invalidNumber, offset: start) }
    return JSONNumber(text: String(decoding: UnsafeBufferPointer(rebasing: input[start..<at]), as: UTF8.self))
  }

  private mutating func digits(_ start: Int) throws(JSONError) {
    let from = at
    while at < input.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(input[at]) { at += 1 }
    if at == from { throw JSONError(code: at < input.count ? .invalidNumber : .endOfInput, offset: at) }
  }

  private mutating func literal(_ text: StaticString) throws(JSONError) {
    let count = text.utf8CodeUnitCount
    guard at + count <= input.count else { throw JSONError(code: .endOfInput, offset: input.count) }
    let same = text.withUTF8Buffer { $0.elementsEqual(input[at..<at + count]) }
    if !same { throw JSONError(code: .unexpectedCharacter, offset: at) }
    at += count
  }

  private mutating func countToken() throws(JSONError) {
    tokens += 1
    if tokens > limits.tokens { throw JSONError(code: .tooManyTokens, offset: at) }
  }

  private mutating func skipSpace() {
    while at < input.count, input[at] == 0x20 || input[at] == 10 || input[at] == 13 || input[at] == 9 { at += 1 }
  }

  private mutating func take(_ c: UInt8) -> Bool {
    if at < input.count, input[at] == c {
      at += 1
      return true
    }
    return false
  }

  private mutating func expect(_ c: UInt8) throws(JSONError) {
    guard at < input.count else { throw JSONError(code: .endOfInput, offset: at) }
    if !take(c) { throw JSONError(code: .unexpectedCharacter, offset: at) }
  }
}
