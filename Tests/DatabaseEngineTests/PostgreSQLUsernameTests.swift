import Primitives
import Testing

@testable import DatabaseEngine

@Suite struct PostgreSQLUsernameTests {
  private let subject = UsernameSubject(
    displayName: "userpass-alexandra", roleName: "billing-reports", now: Timestamp(seconds: 1_700_000_000))

  private func name(_ template: String, _ subject: UsernameSubject? = nil) throws -> String {
    try PostgreSQLUsername(template: template, random: .seeded(3)).username(for: subject ?? self.subject)
  }

  @Test func theUsualOne() throws {
    let name = try name("")
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    #expect(name.hasPrefix("v-userpass-billing--") && name.hasSuffix("-1700000000"))
    #expect(parts.count == 6 && parts[4].count == 20)
    #expect(name.utf8.count <= 63)
  }

  @Test func oneOfTheOperators() throws {
    #expect(try name("{{.RoleName}}_{{unix_time}}") == "billing-reports_1700000000")
    #expect(try name("x{{random 80}}").utf8.count == 63)
  }

  @Test(arguments: [
    (#"a"b"#, "a_b"), ("o'brien", "o_brien"), ("a;drop", "a_drop"), ("$$", "__"), (#"a\b"#, "a_b"),
    ("a\nb\u{7F}", "a_b_"),
  ])
  func nothingGetsOutOfItsQuotes(_ display: String, _ shown: String) throws {
    var subject = subject
    subject.displayName = display
    #expect(try name("{{.DisplayName}}", subject) == shown)
  }

  @Test func charactersAreNotCutInTwo() throws {
    var subject = subject
    subject.displayName = String(repeating: "é", count: 40)
    let name = try name("x{{.DisplayName}}", subject)
    #expect(name.utf8.count == 63 && name.hasSuffix("é"))
    subject.displayName = "x" + subject.displayName
    #expect(try self.name("x{{.DisplayName}}", subject).utf8.count == 62)
  }

  @Test func mistakesAreFoundAtOnce() {
    #expect(throws: DatabaseError.self) { try PostgreSQLUsername(template: "{{.Nobody}}", random: .seeded(1)) }
    #expect(throws: DatabaseError.self) { try PostgreSQLUsername(template: "{{random 8", random: .seeded(1)) }
    #expect(throws: DatabaseError.self) { try PostgreSQLUsername(template: "{{\"\"}}", random: .seeded(1)) }
  }
}
