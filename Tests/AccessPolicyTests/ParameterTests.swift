import AccessPolicy
import JSONText
import Primitives
import Testing

@Suite struct ParameterTests {
  private func stanza(_ body: String) throws -> CompiledACL {
    try compiled("path \"k\" {\n capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\"]\n \(body)\n}")
  }

  private func check(_ body: String, pass: [String], fail: [String]) throws {
    let acl = try stanza(body)
    for (texts, expected) in [(pass, true), (fail, false)] {
      for text in texts {
        let parameters = try #require(try JSONParser.parse(text).objectValue)
        for operation in [AccessOperation.create, .update, .read] {
          let verdict = acl.decide(operation, path: "k", parameters: parameters, wrapTTL: nil)
          #expect(verdict.isAllowed == expected, "\(body) \(text)")
        }
        #expect(acl.decide(.delete, path: "k", parameters: parameters, wrapTTL: nil).isAllowed)
        #expect(acl.decide(.list, path: "k", parameters: parameters, wrapTTL: nil).isAllowed)
      }
    }
  }

  @Test func allowed() throws {
    try check(
      #"allowed_parameters = { "user" = [], "Env" = ["prod", "stage"] }"#,
      pass: [
        "{}", #"{"user":1}"#, #"{"USER":null}"#, #"{"env":"prod"}"#, #"{"env":["prod","stage"]}"#,
        #"{"env":"prod, stage"}"#, #"{"env":""}"#, #"{"env":[]}"#,
      ],
      fail: [
        #"{"env":"test"}"#, #"{"env":"PROD"}"#, #"{"env":null}"#, #"{"other":"x"}"#, #"{"env":"prod,test"}"#,
        #"{"env":["prod","test"]}"#, #"{"user":1,"other":2}"#,
      ])
    try check(
      #"allowed_parameters = { "*" = ["x"], "env" = ["prod"] }"#, pass: [#"{"a":"y","env":"prod"}"#],
      fail: [#"{"env":"test"}"#])
    try check(#"allowed_parameters = { "*" = ["x"] }"#, pass: [#"{"a":"y"}"#], fail: [])
    try check("allowed_parameters = { }", pass: [#"{"a":"y"}"#], fail: [])
    // The older notation, as a block.
    try check("allowed_parameters {\n user = []\n }", pass: [#"{"user":1}"#], fail: [#"{"a":"y"}"#])
  }

  @Test func denied() throws {
    try check(
      #"denied_parameters = { "password" = [], "env" = ["prod", "live-*"] }"#,
      pass: ["{}", #"{"user":"x"}"#, #"{"env":"test"}"#, #"{"env":""}"#],
      fail: [
        #"{"PassWord":""}"#, #"{"env":"prod"}"#, #"{"env":"live-eu"}"#, #"{"env":["a","prod"]}"#, #"{"env":"a, prod"}"#,
      ])
    try check(#"denied_parameters = { "*" = ["x"] }"#, pass: ["{}"], fail: [#"{"a":"y"}"#])
    try check(
      #"allowed_parameters = { "a" = [] } denied_parameters = { "a" = ["1"] }"#, pass: [#"{"a":"2"}"#],
      fail: [#"{"a":"1"}"#])
  }

  @Test func required() throws {
    try check(
      #"required_parameters = ["owner", "Env"]"#, pass: [#"{"owner":null,"env":"","x":1}"#],
      fail: ["{}", #"{"owner":"x"}"#, #"{"Owner":"x","ENV":"y"}"#])
  }

  @Test func values() throws {
    try check(
      #"""
      allowed_parameters = {
        "host" = ["*"], "zone" = ["**"], "r" = ["eu-*", "*-test", "*mid*", "a*b"]
        "port" = [5432, "80"], "tls" = [true], "list" = [["a", "b"]], "map" = [{ k = "v" }]
      }
      """#,
      pass: [
        #"{"host":"*"}"#, #"{"zone":"x"}"#, #"{"r":"eu-"}"#, #"{"r":"us-test"}"#, #"{"r":"xmidy"}"#, #"{"r":"a*b"}"#,
        #"{"r":"eu-a,other"}"#, #"{"port":"80"}"#, #"{"tls":true}"#, #"{"list":["a","b"]}"#, #"{"map":{"k":"v"}}"#,
      ],
      fail: [
        #"{"host":"x"}"#, #"{"zone":12}"#, #"{"r":"eu"}"#, #"{"r":"axb"}"#, #"{"r":"x-test,other"}"#,
        #"{"port":5432}"#, #"{"port":"5432"}"#, #"{"port":80}"#, #"{"tls":"true"}"#, #"{"list":["b","a"]}"#,
        #"{"map":{"k":"w"}}"#,
      ])
  }

  @Test func joined() throws {
    let acl = try compiled(
      #"path "k" { capabilities = ["update"] allowed_parameters = { "user" = ["a"], "env" = ["prod"] } }"#,
      #"path "k" { capabilities = ["update"] allowed_parameters = { "user" = ["b"], "env" = [], "port" = [] } }"#,
      #"path "k" { capabilities = ["update"] }"#)
    func allows(_ parameters: JSONObject) -> Bool {
      acl.decide(.update, path: "k", parameters: parameters, wrapTTL: nil).isAllowed
    }
    #expect(allows(["user": "a", "env": "test", "port": "1"]))
    #expect(allows(["user": "b"]))
    #expect(!allows(["user": "c"]))
    #expect(!allows(["other": "c"]))
  }

  @Test func wrapping() throws {
    func allows(_ body: String, _ seconds: Int64?, _ operation: AccessOperation = .read) throws -> Bool {
      try stanza(body).decide(operation, path: "k", parameters: [:], wrapTTL: seconds.map { .seconds($0) }).isAllowed
    }
    #expect(try !allows("min_wrapping_ttl = \"1m\"", nil))
    #expect(try !allows("min_wrapping_ttl = \"1m\"", 59))
    #expect(try allows("min_wrapping_ttl = \"1m\"", 60))
    #expect(try !allows("max_wrapping_ttl = 90", nil))
    #expect(try !allows("max_wrapping_ttl = 90", 0))
    #expect(try allows("max_wrapping_ttl = 90", 90))
    #expect(try !allows("max_wrapping_ttl = 90", 91))
    #expect(try allows("min_wrapping_ttl = \"0\"", nil))
    #expect(try !allows("min_wrapping_ttl = \"1m\"", nil, .delete))
    #expect(try !allows("min_wrapping_ttl = \"1m\"", nil, .list))
    let joined = try compiled(
      #"path "k" { capabilities = ["read"] min_wrapping_ttl = 60 max_wrapping_ttl = 90 }"#,
      #"path "k" { min_wrapping_ttl = 10 max_wrapping_ttl = 30 }"#)
    for (seconds, expected): (Int64, Bool) in [(9, false), (10, true), (30, true), (31, false)] {
      #expect(joined.decide(.read, path: "k", parameters: [:], wrapTTL: .seconds(seconds)).isAllowed == expected)
    }
  }
}
