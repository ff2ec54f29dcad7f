import AccessPolicy
import Primitives
import Testing

@Suite struct PasswordPolicyTests {
  @Test(arguments: [
    ("length = 3\nrule \"charset\" { charset = \"ab\" }", "passwords must be between 4 and 100 characters"),
    ("length = 101\nrule \"charset\" { charset = \"ab\" }", "passwords must be between 4 and 100 characters"),
    (
      "rule \"charset\" { charset = \"ab\" }",
      "invalid password policy: 1 error occurred:\n\t* length must be > 0\n\n"
    ),
    ("length = 8", "invalid password policy: 1 error occurred:\n\t* no charset specified\n\n"),
    (
      "length = 8\nrule \"charset\" { min-chars = 1 }",
      "invalid password policy: 1 error occurred:\n\t* no charset specified\n\n"
    ),
    ("  ", "invalid password policy: 2 errors occurred:\n\t* length must be > 0\n\t* no charset specified\n\n"),
    (
      "length = 8\nrule \"words\" { charset = \"ab\" }",
      "invalid password policy: unable to parse rules: unable to parse rule words: unrecognized rule type words"
    ),
    (
      "length = 8\nrule \"charset\" { charset = \"ab\" min-chars = 5 }\nrule \"charset\" { charset = \"cd\" min-chars = 5 }",
      "invalid password policy: 1 error occurred:\n\t* specified rules require at least 10 characters but 8 is specified\n\n"
    ),
    (
      "length = 8\nrule \"charset\" { charset = \"a\\tb\" }",
      "invalid password policy: 1 error occurred:\n\t* non-printable character in charset\n\n"
    ),
    (
      "length 8",
      "invalid password policy: unable to decode: At 1:8: expected: IDENT | STRING | ASSIGN | LBRACE got: NUMBER"
    ),
    (
      "length = \"8\"\nrule \"charset\" { charset = \"ab\" }",
      "invalid password policy: unable to decode: \"length\" must be a number"
    ),
  ]) func refused(text: String, reason: String) {
    #expect(throws: PolicyError(reason)) { try PasswordPolicy(text: text) }
  }

  @Test func rulesHold() throws {
    let policy = try PasswordPolicy(
      text: """
        length = 24
        rule "charset" { charset = "abc" min-chars = 8 }
        rule "charset" { charset = "ABC" min-chars = 6 }
        rule "charset" { charset = "12" min-chars = 4 }
        rule "charset" { charset = "-äaa" min-chars = -1 }
        """)
    let random = RandomSource.seeded(5)
    for _ in 0..<50 {
      let password = try policy.generate(random)
      #expect(password.count == 24)
      #expect(password.count { "abc".contains($0) } >= 8)
      #expect(password.count { "ABC".contains($0) } >= 6)
      #expect(password.count { "12".contains($0) } >= 4)
      #expect(password.allSatisfy { "abcABC12-ä".contains($0) })
    }
  }

  @Test func leniency() throws {
    #expect(try PasswordPolicy(text: "length = 8.5\nrule \"charset\" { charset = \"ab\" }").length == 8)
    #expect(try PasswordPolicy(text: "length = 8\nlength = 9\nrule \"charset\" { charset = \"ab\" }").length == 9)
    let json = try PasswordPolicy(
      text: #"{"length": 10, "rule": [{"charset": {"charset": "7", "min-chars": 1}}], "x": 1}"#)
    #expect(try json.generate(.seeded(1)) == "7777777777")
  }

  /// A character that is named several times must not come up more often.
  @Test func evenChoice() throws {
    let policy = try PasswordPolicy(
      text: "length = 100\nrule \"charset\" { charset = \"aaaabc\" }\nrule \"charset\" { charset = \"ab\" }")
    let random = RandomSource.seeded(11)
    var counts: [Character: Int] = [:]
    for _ in 0..<300 { for character in try policy.generate(random) { counts[character, default: 0] += 1 } }
    for character in "abc" { #expect(abs((counts[character] ?? 0) - 10_000) < 500) }
  }

  @Test func hopelessRulesEnd() throws {
    let many = String((0x4E00..<0x5200).compactMap { Unicode.Scalar($0) }.map(Character.init))
    let policy = try PasswordPolicy(
      text:
        "length = 100\nrule \"charset\" { charset = \"\(many)\" }\nrule \"charset\" { charset = \"1\" min-chars = 100 }"
    )
    #expect(throws: PolicyError.self) { try policy.generate(.seeded(1)) }
  }
}
