import HCL
import Primitives
import Testing

private func fails(_ text: String) -> String {
  do throws(HCLError) {
    _ = try HCLParser.parse(text)
    return "no error"
  } catch { return error.description }
}

@Suite struct HCLParserTests {
  @Test func configuration() throws {
    let body = try HCLParser.parse(
      """
      # A comment
      ui = true // and another
      "api_addr" = "https://a:8200"
      max_lease_ttl = "768h"
      /* a long
         one */
      listener "tcp" {
        address = "0.0.0.0:8200"
        tls_disable = "1"
        proxies = ["10.0.0.1", "10.0.0.2",]
      }
      listener "unix" { address = "/run/s" }
      storage "raft" { path = "/data" retry_join { leader_api_addr = "a" } retry_join { leader_api_addr = "b" } }
      log_level = <<EOF
      info
      EOF
      tags = { a = 1, b = -0x10 }
      disable = 0, last = 1.5
      """)
    #expect(try body.bool("ui") == true)
    #expect(try body.string("api_addr") == "https://a:8200")
    #expect(try body.duration("max_lease_ttl") == .hours(768))
    #expect(try body.string("log_level") == "info\n")
    let listeners = try body.blocks("listener")
    #expect(listeners.map(\.labels) == [["tcp"], ["unix"]])
    #expect(listeners.map(\.line) == [7, 12])
    #expect(try listeners[0].body.bool("tls_disable") == true)
    #expect(try listeners[0].body.strings("proxies") == ["10.0.0.1", "10.0.0.2"])
    let storage = try #require(try body.blocks("storage").first)
    #expect(try storage.body.blocks("retry_join", labels: 0).count == 2)
    let tags = try #require(try body.blocks("tags", labels: 0).first)
    #expect(try tags.body.int("b") == -16)
    #expect(try body.bool("disable") == false)
    #expect(body.unknownKeys(known: ["ui", "listener", "storage", "api_addr", "tags"]).map(\.line) == [4, 14, 18, 18])
    #expect(throws: HCLError.self) { try body.int("last") }
    #expect(throws: HCLError.self) { try body.int("ui") }
  }

  @Test func json() throws {
    let body = try HCLParser.parse(
      """
      {
        "ui": true,
        "storage": {"raft": {"path": "/data", "retry_join": [{"x": 1}, {"x": 2}]}},
        "listener": [
          {"tcp": {"address": "a\\u0041"}},
          {"tcp": [{"address": "b"}, {"address": "c"}]}
        ],
        "telemetry": {"off": null},
        "ttl": 90
      }
      """)
    #expect(body.isJSON)
    #expect(try body.blocks("listener").map { try $0.body.string("address") } == ["aA", "b", "c"])
    #expect(try body.blocks("listener").map(\.line) == [5, 6, 6])
    #expect(try body.blocks("storage").map(\.labels) == [["raft"]])
    #expect(try body.blocks("storage")[0].body.blocks("retry_join", labels: 0).count == 2)
    #expect(try body.blocks("telemetry", labels: 0)[0].body.string("off") == nil)
    #expect(try body.duration("ttl") == .seconds(90))
    #expect(body.unknownKeys(known: ["ui", "storage", "listener", "telemetry"]).map(\.line) == [9])
    #expect(fails("{\"a\": 1,\n \"b\": }").hasPrefix("At 2:7: invalid JSON"))
    #expect(fails("{\"path\":").hasPrefix("At 1:9: invalid JSON"))
  }

  @Test(arguments: [
    (#"path "secret/data/a" { capabilities = ["read"]"#, "At 1:48: object expected closing RBRACE got: EOF"),
    (#"path "secret/data/a { capabilities = ["read"] }"#, "At 1:48: literal not terminated"),
    (
      #"path "a" { capabilities = ["read" "list"] }"#,
      "At 1:35: error parsing list, expected comma or list end, got: STRING"
    ),
    (#"path "a" { capabilities: ["read"] }"#, "At 1:24: illegal char"),
    (#"path "a""#, #"At 1:9: key 'path "a"' expected start of object ('{') or assignment ('=')"#),
    ("just text", "At 1:11: key 'just text' expected start of object ('{') or assignment ('=')"),
    ("}", "At 1:1: expected: IDENT | STRING | ASSIGN | LBRACE got: RBRACE"),
    ("[]", "At 1:1: expected: IDENT | STRING | ASSIGN | LBRACE got: LBRACK"),
    ("/* open", "At 1:8: comment not terminated"),
    (" cGF0aCAiYSIgeyB9 ", "At 1:19: key 'cGF0aCAiYSIgeyB9' expected start of object ('{') or assignment ('=')"),
    ("length = 8\nrule \"charset\" { charset = \"ab\"", "At 2:33: object expected closing RBRACE got: EOF"),
    ("length 8", "At 1:8: expected: IDENT | STRING | ASSIGN | LBRACE got: NUMBER"),
    ("a = <<EOF\nx\nEOG", "At 3:4: heredoc not terminated"),
    ("a \"b\" = 1", "At 1:7: nested object expected: LBRACE got: ASSIGN"),
    ("a = \"\\q\"", "At 1:7: illegal char escape"),
  ]) func errors(text: String, message: String) { #expect(fails(text) == message) }

  @Test func strings() throws {
    let body = try HCLParser.parse(
      #"a = "x\n\t\"\\\u00e4\x41\101" b = "${file("x\n")} y" c = "äö€" d = "{{identity.entity.id}}""#)
    #expect(try body.string("a") == "x\n\t\"\\äAA")
    #expect(try body.string("b") == #"${file("x\n")} y"#)
    #expect(try body.string("c") == "äö€")
    #expect(try body.string("d") == "{{identity.entity.id}}")
    let indented = try HCLParser.parse("a = <<-END\r\n    one\r\n      two\n    END\nb = 1")
    #expect(try indented.string("a") == "one\r\n  two\n")
    #expect(try indented.int("b") == 1)
    let list = try HCLParser.parse("a = \"x, y,z\" b = [1, true, \"c\"]")
    #expect(try list.strings("a") == ["x", "y", "z"])
    #expect(try list.strings("b") == ["1", "true", "c"])
  }

  @Test func duplicates() throws {
    let body = try HCLParser.parse("p \"a\" {\n  c = [1]\n  c = [2]\n}\np \"a\" { c = 1 }")
    #expect(body.duplicateAttribute?.line == 3)
    #expect(body.duplicateAttribute?.column == 3)
    #expect(try HCLParser.parse("p \"a\" { c = 1 }\np \"a\" { c = 1 }").duplicateAttribute == nil)
  }

  @Test func limits() {
    let deep = String(repeating: "a {", count: 100_000)
    #expect(fails(deep).hasSuffix("nesting exceeds the allowed depth"))
    #expect(fails("a = " + String(repeating: "[", count: 100_000)).hasSuffix("nesting exceeds the allowed depth"))
    #expect(fails("{\"a\":" + String(repeating: "[", count: 100_000)).contains("nesting exceeds the allowed depth"))
    #expect(throws: HCLError.self) {
      try HCLParser.parse("a = 1 b = 2", limits: HCLLimits(bytes: 100, depth: 10, items: 1))
    }
  }
}
