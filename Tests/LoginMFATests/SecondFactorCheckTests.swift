import JSONText
import Testing

@testable import LoginMFA

/// Methods `a`, `b` and `c`, whose passcode is their name.
private final class Desk {
  private(set) var asked: [String] = []

  static func rule(_ name: String, _ methods: [String]) -> LoginEnforcement {
    var rule = LoginEnforcement(id: "rule-\(name)", name: name)
    rule.methodIDs = methods
    return rule
  }

  static func method(_ id: String) -> MFAMethod? {
    ["a", "b", "c"].contains(id) ? MFAMethod(id: id, name: "", settings: .totp(TOTPSettings())) : nil
  }

  func reason(_ given: JSONObject, _ rules: [LoginEnforcement]) throws -> String? {
    var check = SecondFactorCheck(try MFACredentials(payload: given))
    var asked: [String] = []
    defer { self.asked = asked }
    return try check.unsatisfied(of: rules, method: Self.method) { method, passcode in
      asked.append(method.id)
      return passcode == method.id ? .passed : .failed("no")
    }
  }
}

struct SecondFactorCheckTests {
  @Test func anyMethodOfARuleIsEnough() throws {
    let desk = Desk()
    let rules = [Desk.rule("r", ["a", "b"])]
    #expect(try desk.reason(["a": ["a"]], rules) == nil)
    #expect(try desk.reason(["b": ["b"]], rules) == nil)
    #expect(try desk.reason(["a": ["x"], "b": ["b"]], rules) == nil)
    #expect(try desk.reason(["c": ["c"]], rules) != nil)
  }

  @Test func eachRuleNeedsOne() throws {
    let desk = Desk()
    let rules = [Desk.rule("r", ["a"]), Desk.rule("s", ["b"])]
    #expect(try desk.reason(["a": ["a"], "b": ["b"]], rules) == nil)
    let missing = try desk.reason(["a": ["a"]], rules)
    #expect(missing == "failed to satisfy enforcement s. error: login MFA validation failed for methodID: [b]")
    let wrong = try desk.reason(["a": ["a"], "b": ["x"]], rules)
    #expect(
      wrong
        == "failed to satisfy enforcement s. error: 2 errors occurred:\n\t* no\n\t* login MFA validation failed for "
        + "methodID: [b]\n\n")
  }

  @Test func aPasscodeCountsForAllRulesAndIsJudgedOnce() throws {
    let desk = Desk()
    let rules = [Desk.rule("r", ["a"]), Desk.rule("s", ["b", "a"]), Desk.rule("t", ["a"])]
    #expect(try desk.reason(["a": ["a"]], rules) == nil)
    #expect(desk.asked == ["a"])
    #expect(try desk.reason(["a": ["x"]], rules) != nil)
    #expect(desk.asked == ["a"])
  }

  @Test func aMethodThatIsGoneSatisfiesNobody() throws {
    let desk = Desk()
    #expect(try desk.reason(["gone": ["x"]], [Desk.rule("r", ["gone"])]) != nil)
    #expect(try desk.reason(["gone": ["x"]], [Desk.rule("r", [])]) != nil)
  }

  @Test func whatIsAskedIsShown() throws {
    let requirement = MFARequirement(
      requestID: "id", enforcements: [Desk.rule("r", ["a", "b"])], method: Desk.method)
    let auth = try requirement.authObject.parsed()
    #expect(auth["client_token"] == "" && auth["accessor"] == "" && auth["entity_id"] == "")
    let expected = try JSONParser.parse(
      """
      {"mfa_request_id":"id","mfa_constraints":{"r":{"any":[{"type":"totp","id":"a","uses_passcode":true},\
      {"type":"totp","id":"b","uses_passcode":true}]}}}
      """)
    #expect(auth["mfa_requirement"] == expected)
  }
}
