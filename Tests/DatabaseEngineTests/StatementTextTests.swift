import Primitives
import SecretMemory
import Testing

@testable import DatabaseEngine

@Suite struct StatementTextTests {
  private static let create = #"CREATE ROLE "{{name}}" LOGIN"#

  @Test func everyForm() {
    let two = [Self.create, "GRANT a TO b"]
    #expect(StatementText.statements([Self.create, "GRANT a TO b"]) == two)
    #expect(StatementText.statements([Self.create + ";GRANT a TO b;"]) == two)
    #expect(StatementText.statements([Base64.encode(Array((Self.create + ";GRANT a TO b;").utf8))]) == two)
    #expect(StatementText.statements([#"["CREATE ROLE \"{{name}}\" LOGIN","GRANT a TO b"]"#]) == two)
    #expect(
      StatementText.statements([Base64.encode(Array(#"["CREATE ROLE \"{{name}}\" LOGIN","GRANT a TO b"]"#.utf8))])
        == two)
    #expect(StatementText.statements([" ; ", "", ";;"]) == [])
    #expect(StatementText.statements([]) == [])
  }

  @Test func wordsThatCouldBeBase64StayThemselves() {
    #expect(StatementText.statements(["ROLLBACK"]) == ["ROLLBACK"])
  }

  @Test func dollarQuotesAreNotCut() {
    let block = "DO $$ BEGIN a; b; END $$"
    #expect(StatementText.statements([block + "; SELECT 1"]) == [block, " SELECT 1"])
    #expect(StatementText.statements(["DO $tag$ a; $$ b; $tag$;SELECT 1"]) == ["DO $tag$ a; $$ b; $tag$", "SELECT 1"])
    #expect(StatementText.statements(["DO $$ a; b"]) == ["DO $$ a; b"])
    #expect(StatementText.statements(["SELECT $1; SELECT 2$"]) == ["SELECT $1", " SELECT 2$"])
  }

  private func filled(_ statement: String, password: String = "secret") -> String {
    let values = StatementText.Values(
      name: "v-1", password: SecretBytes(copying: password.utf8), expiration: Timestamp(seconds: 1_700_000_000))
    return StatementText.fill(statement, values).withBytes { String(decoding: $0, as: UTF8.self) }
  }

  @Test func holes() {
    #expect(
      filled("{{name}} {{username}} {{password}} {{expiration}} {{role}} {{ name }} {x}}")
        == "v-1 v-1 secret 2023-11-14 22:13:20+0000 {{role}} {{ name }} {x}}")
    #expect(filled("{{{name}}}") == "{v-1}")
  }

  @Test func aPasswordStaysWithinItsQuotes() {
    #expect(filled("PASSWORD '{{password}}'", password: "it's; {{name}}") == "PASSWORD 'it''s; {{name}}'")
  }

  @Test func whatIsMissingIsNotFilledIn() {
    let values = StatementText.Values(name: "a", password: nil, expiration: nil)
    let text = StatementText.fill("{{name}} {{password}} {{expiration}}", values)
    #expect(text.withBytes { String(decoding: $0, as: UTF8.self) } == "a {{password}} {{expiration}}")
  }

  @Test func anyTextCanBeRead() {
    let random = RandomSource.seeded(7)
    let alphabet = Array("$ab;'{}[]\" 1=".utf8)
    for _ in 0..<2000 {
      let bytes = (0..<random.below(40)).map { _ in alphabet[Int(random.below(UInt64(alphabet.count)))] }
      let text = String(decoding: bytes, as: UTF8.self)
      for statement in StatementText.statements([text]) { _ = filled(statement) }
    }
  }
}
