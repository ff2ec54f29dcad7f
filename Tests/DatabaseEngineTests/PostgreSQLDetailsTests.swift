import JSONText
import PostgreSQL
import Primitives
import SecretMemory
import Testing

@testable import DatabaseEngine

@Suite struct PostgreSQLDetailsTests {
  private func details(_ details: JSONObject, password: String? = "p") throws -> PostgreSQLDetails {
    var secrets: [String: SecretBytes] = [:]
    if let password { secrets["password"] = SecretBytes(copying: password.utf8) }
    return try PostgreSQLDetails(PluginSurroundings(details: details, secrets: secrets, random: .seeded(1)))
  }

  private func password(_ details: PostgreSQLDetails) -> String? {
    details.settings.password?.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  private static let url = "postgresql://{{username}}:{{password}}@db.example:5433/shop?sslmode=disable"

  @Test func nothingInNameOrPasswordMeansAnything() throws {
    let read = try details(
      ["connection_url": .string(Self.url), "username": "a@b/c?sslmode=require%20"], password: "p@ss/w:rd?#%41")
    #expect(read.settings["user"] == "a@b/c?sslmode=require%20")
    #expect(password(read) == "p@ss/w:rd?#%41")
    #expect(read.settings["host"] == "db.example" && read.settings["port"] == "5433")
    #expect(read.settings["sslmode"] == "disable" && read.settings["dbname"] == "shop")
  }

  @Test func escapedByTheOperator() throws {
    let read = try details(
      ["connection_url": .string(Self.url), "username": "a%40b", "disable_escaping": true], password: "p%25")
    #expect(read.settings["user"] == "a@b" && read.username == "a@b")
    #expect(password(read) == "p%")
    #expect(throws: DatabaseError.self) {
      try details(
        ["connection_url": .string(Self.url), "username": "a", "disable_escaping": true], password: "100%sure")
    }
  }

  @Test func pairs() throws {
    let read = try details(
      ["connection_url": "host=db user='{{username}}' password='{{password}}'", "username": "it's"], password: "a b'\\")
    #expect(read.settings["user"] == "it's")
    #expect(password(read) == "a b'\\")
  }

  @Test(
    arguments: [
      ([:], 4, 4), (["max_open_connections": 9], 9, 9), (["max_open_connections": "3"], 3, 3),
      (["max_idle_connections": -1], 4, 0), (["max_open_connections": 2, "max_idle_connections": 5], 2, 2),
      (["max_open_connections": -1, "max_idle_connections": 1], 256, 1),
      (["max_open_connections": 9_223_372_036_854_775_807], 256, 256),
    ] as [(JSONObject, Int, Int)])
  func limits(_ given: JSONObject, _ open: Int, _ idle: Int) throws {
    var given = given
    given["connection_url"] = "host=db"
    let limits = try details(given).limits
    #expect(limits.open == open && limits.idle == idle)
  }

  @Test(
    arguments: [
      ["connection_url": ""], ["connection_url": "postgresql://h:port:more/%zz"],
      ["connection_url": .string(PostgreSQLDetailsTests.url)],
      ["connection_url": "host=db", "max_connection_lifetime": "soon"],
      ["connection_url": "host=db", "max_open_connections": "many"],
      ["connection_url": "host=db", "password_authentication": "md5"],
      ["connection_url": "host=db", "tls_ca": "no certificate"],
      ["connection_url": "host=db", "tls_certificate": "x"],
      ["connection_url": "host=db", "auth_type": "gcp_iam"],
      ["connection_url": "host=db", "self_managed": true],
      ["connection_url": ["a"]],
    ] as [JSONObject])
  func mistakes(_ given: JSONObject) { #expect(throws: DatabaseError.self) { try details(given) } }

  @Test func mistakesDoNotShowPasswords() {
    let url = "postgresql://root:s3cr%zz@h/d"
    do {
      _ = try details(["connection_url": .string(url)])
      Issue.record("a broken URL was read")
    } catch { #expect(!"\(error)".contains("s3cr")) }
  }
}
