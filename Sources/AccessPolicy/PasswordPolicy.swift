internal import HCL
package import Primitives

/// How passwords are made: a length, and sets of characters with a minimum of each.
package struct PasswordPolicy: Sendable {
  private struct Rule: Sendable {
    let characters: Set<Unicode.Scalar>
    let minimum: Int
  }

  /// In characters.
  package let length: Int
  private let rules: [Rule]
  /// All characters of all rules, each once.
  private let alphabet: [Unicode.Scalar]

  private static let lengths = 4...100
  private static let attempts = 10_000

  /// Reads HCL or JSON. Unknown names count for nothing.
  package init(text: String) throws(PolicyError) {
    let body: HCLBody
    do throws(HCLError) { body = try HCLParser.parse(text) } catch {
      throw Self.invalid("unable to decode: \(error.description)")
    }
    let length = try Self.integer("length", body)
    var rules: [Rule] = []
    var alphabet: [Unicode.Scalar] = []
    var seen: Set<Unicode.Scalar> = []
    var required = 0
    for block in try Self.ruleBlocks(body) {
      let kind = block.labels.first ?? ""
      if kind != "charset" {
        throw Self.invalid("unable to parse rules: unable to parse rule \(kind): unrecognized rule type \(kind)")
      }
      let characters = try Self.characters(block.body)
      let minimum = max(0, try Self.integer("min-chars", block.body))
      required = min(required + min(minimum, 1 << 32), 1 << 32)
      for scalar in characters where seen.insert(scalar).inserted { alphabet.append(scalar) }
      rules.append(Rule(characters: Set(characters), minimum: minimum))
    }
    var faults: [String] = []
    if length <= 0 { faults.append("length must be > 0") }
    let lacksCharacters = rules.isEmpty || rules.contains { $0.characters.isEmpty }
    if !lacksCharacters, required > max(0, length) {
      faults.append("specified rules require at least \(required) characters but \(length) is specified")
    }
    if lacksCharacters { faults.append("no charset specified") }
    if alphabet.contains(where: { !Self.isPrintable($0) }) { faults.append("non-printable character in charset") }
    if !faults.isEmpty { throw Self.invalid(PolicyError.joined(faults)) }
    guard Self.lengths.contains(length) else {
      throw PolicyError(
        "passwords must be between \(Self.lengths.lowerBound) and \(Self.lengths.upperBound) characters")
    }
    self.length = length
    self.rules = rules
    self.alphabet = alphabet
  }

  /// Draws every character evenly from the whole alphabet and keeps the first candidate that satisfies all rules, so
  /// that every password that does is equally likely. Fails where the rules leave so few of them that none turns up.
  package func generate(_ random: RandomSource) throws(PolicyError) -> String {
    var draw = EvenDraw(random, below: UInt32(alphabet.count))
    for _ in 0..<Self.attempts {
      var candidate = String.UnicodeScalarView()
      for _ in 0..<length { candidate.append(alphabet[Int(draw.next())]) }
      let holds = rules.allSatisfy { rule in
        rule.minimum == 0 || candidate.count { rule.characters.contains($0) } >= rule.minimum
      }
      if holds { return String(candidate) }
    }
    throw PolicyError("failed to generate a password: too few passwords satisfy the rules")
  }

  private static func invalid(_ reason: String) -> PolicyError { PolicyError("invalid password policy: \(reason)") }

  private static func integer(_ key: String, _ body: HCLBody) throws(PolicyError) -> Int {
    guard let item = body.item(key), item.value != .null else { return 0 }
    guard case .number(let number)? = item.value, let value = number.double, abs(value) < 1e15 else {
      throw invalid("unable to decode: \"\(key)\" must be a number")
    }
    return Int(value)
  }

  private static func ruleBlocks(_ body: HCLBody) throws(PolicyError) -> [HCLBlock] {
    let blocks: [HCLBlock]
    do throws(HCLError) { blocks = try body.blocks("rule") } catch {
      throw invalid("unable to decode: \(error.description)")
    }
    for block in blocks where block.labels.isEmpty {
      throw invalid("unable to parse rules: a rule on line \(block.line) has no type")
    }
    return blocks
  }

  private static func characters(_ body: HCLBody) throws(PolicyError) -> [Unicode.Scalar] {
    guard let item = body.item("charset"), item.value != .null else { return [] }
    guard case .string(let text)? = item.value else {
      throw invalid("unable to parse rules: \"charset\" must be a string")
    }
    return Array(text.unicodeScalars)
  }

  /// Letters, marks, numbers, punctuation, symbols and the plain blank.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }
}

/// Numbers below a bound, each equally likely, from randomness that is fetched in larger pieces.
private struct EvenDraw {
  private let random: RandomSource
  private let bound: UInt32
  private let limit: UInt32
  private var buffer: [UInt8] = []
  private var at = 0

  /// The bound is at least 1.
  init(_ random: RandomSource, below bound: UInt32) {
    self.random = random
    self.bound = max(1, bound)
    limit = UInt32.max - UInt32.max % self.bound
  }

  mutating func next() -> UInt32 {
    while true {
      if at + 4 > buffer.count {
        buffer = random.bytes(512)
        at = 0
      }
      let value = buffer[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      at += 4
      // What lies above the largest multiple of the bound would favour the first numbers.
      if value < limit { return value % bound }
    }
  }
}
