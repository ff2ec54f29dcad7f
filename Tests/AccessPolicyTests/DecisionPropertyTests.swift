import AccessPolicy
import JSONText
import Primitives
import Testing

/// Random policies and questions, few letters so that rules meet often.
struct Dice {
  let random: RandomSource

  func pick<T>(_ values: [T]) -> T { values[Int(random.below(UInt64(values.count)))] }
  func chance(_ percent: UInt64) -> Bool { random.below(100) < percent }
  func several<T>(_ range: ClosedRange<Int>, _ make: () -> T) -> [T] {
    (0..<range.lowerBound + Int(random.below(UInt64(range.count)))).map { _ in make() }
  }

  func pattern() -> String {
    var parts = several(1...4) { pick(["a", "b", "ab", "aa", "", "+", "+", "a+", "*"]) }
    if chance(5) { parts.insert("", at: 0) }
    let path = parts.joined(separator: "/")
    return path.hasSuffix("+") || !chance(45) ? path : path + "*"
  }

  func path() -> String {
    let path = several(1...5) { pick(["a", "b", "ab", "aa", "abb", "", "+", "a+", "*"]) }.joined(separator: "/")
    return chance(25) ? path + "/" : path
  }

  func parameterRules() -> [(String, [String])] {
    let names = ["x", "Y", "z", "*"].filter { _ in chance(50) }
    return names.map { ($0, several(0...2) { pick(["p", "p*", "*q", "*", "**", "*pq*"]) }) }
  }

  func stanza() -> PlainReading.Stanza {
    var stanza = PlainReading.Stanza(
      path: pattern(),
      capabilities: ["create", "read", "update", "delete", "list", "sudo", "patch"].filter { _ in chance(40) })
    if chance(12) {
      stanza.capabilities = ["deny"]
      return stanza
    }
    if chance(15) { stanza.minTTL = pick([1, 5, 10]) }
    if chance(15) { stanza.maxTTL = pick([10, 20, 60]) }
    if chance(25) { stanza.allowed = parameterRules() }
    if chance(25) { stanza.denied = parameterRules() }
    if chance(15) { stanza.required = several(1...2) { pick(["x", "Y"]) } }
    return stanza
  }
}

@Suite struct DecisionPropertyTests {
  @Test func sameAsPlainReading() throws {
    let dice = Dice(random: .seeded(20))
    var questions = 0
    var allowed = 0
    for _ in 0..<700 {
      let policies = dice.several(1...3) { dice.several(1...7) { dice.stanza() } }
      let acl = CompiledACL(
        try policies.enumerated().map { number, stanzas in
          try Policy(name: "p\(number)", text: stanzas.map(\.hcl).joined())
        }, subject: nil)
      let plain = PlainReading(stanzas: policies.flatMap { $0 })
      for _ in 0..<40 {
        let path = dice.path()
        let operation = dice.pick(AccessOperation.allCases)
        let parameters = ["x", "X", "y", "w"].filter { _ in dice.chance(30) }.map {
          ($0, dice.pick(["p", "q", "pq", "xpqx", "*", ""]))
        }
        let ttl: Int64? = dice.chance(50) ? dice.pick([0, 1, 7, 15, 60]) : nil
        let verdict = acl.decide(
          operation, path: path, parameters: JSONObject(parameters.map { ($0.0, .string($0.1)) }),
          wrapTTL: ttl.map { .seconds($0) })
        let expected = plain.allows(operation, path, parameters, ttl)
        let context = "\(operation) \(path) \(parameters) \(ttl ?? -1)\n\(policies.flatMap { $0 }.map(\.hcl).joined())"
        #expect(verdict.isAllowed == expected, "\(context)")
        #expect(acl.capabilities(path) == plain.capabilities(path), "\(context)")
        #expect(verdict.grantingPolicies.isEmpty == (!verdict.isAllowed || operation == .help), "\(context)")
        questions += 1
        if expected { allowed += 1 }
      }
      // A mount is hidden only where nothing below it is granted.
      let mount = dice.pick(["a/", "b/", "ab/", "a/b/"])
      if !acl.hasAnyAccess(under: mount) {
        for _ in 0..<20 { #expect(acl.capabilities(mount + dice.path()) == ["deny"]) }
      }
    }
    // Both answers must be asked for often enough to mean something.
    #expect(allowed > questions / 20 && allowed < questions * 19 / 20, "\(allowed) of \(questions)")
  }
}
