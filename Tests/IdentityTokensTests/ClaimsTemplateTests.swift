import AccessPolicy
import JSONText
import Primitives
import Testing

@testable import IdentityTokens

struct ClaimsTemplateTests {
  private static let now = Timestamp(seconds: 1_800_000_000)
  private static let ada = TemplateSubject(
    entityID: "id-1", entityName: "ada", metadata: ["colour": "green", "a.b": "dotted"],
    aliases: [
      .init(mountAccessor: "acc_1", id: "al-1", name: "ada@x", metadata: ["m": "1"], customMetadata: ["c": "2"])
    ],
    groups: [.init(id: "g-1", name: "web", metadata: ["floor": "3"]), .init(id: "g-2", name: "engr")])

  private static func claims(_ text: String, _ subject: TemplateSubject = ada) throws -> JSONObject {
    try ClaimsTemplate(text).claims(for: subject, now: now)
  }

  @Test(arguments: [
    ("identity.entity.id", #""id-1""#), ("identity.entity.name", #""ada""#),
    ("identity.entity.metadata", #"{"a.b":"dotted","colour":"green"}"#),
    ("identity.entity.metadata.colour", #""green""#), ("identity.entity.metadata.a.b", #""dotted""#),
    ("identity.entity.metadata.none", #""""#), ("identity.entity.groups.ids", #"["g-1","g-2"]"#),
    ("identity.entity.groups.names", #"["web","engr"]"#), ("identity.entity.aliases.acc_1.id", #""al-1""#),
    ("identity.entity.aliases.acc_1.name", #""ada@x""#), ("identity.entity.aliases.acc_1.metadata", #"{"m":"1"}"#),
    ("identity.entity.aliases.acc_1.metadata.m", #""1""#),
    ("identity.entity.aliases.acc_1.custom_metadata", #"{"c":"2"}"#),
    ("identity.entity.aliases.acc_1.custom_metadata.c", #""2""#), ("identity.entity.aliases.other.name", #""""#),
    ("identity.entity.aliases.other.metadata", "{}"), ("identity.groups.names.web.id", #""g-1""#),
    ("identity.groups.ids.g-1.name", #""web""#), ("identity.groups.names.web.metadata.floor", #""3""#),
    ("identity.groups.names.other.id", #""""#), ("time.now", "1800000000"), ("time.now.plus.1h", "1800003600"),
    ("time.now.minus.90s", "1799999910"), ("  identity.entity.id ", #""id-1""#),
  ])
  func selectorsStandForTheirValues(selector: String, value: String) throws {
    let claims = try Self.claims("{\"v\": [{{\(selector)}}]}")
    #expect(JSONText(["v": claims["v"] ?? .null] as JSONObject).string == "{\"v\":[\(value)]}")
  }

  @Test func constantsAndStructureStay() throws {
    let text = #"{"n": 1.50, "s": "a } b \" {", "deep": {"list": [true, null, {{time.now}}]}, "e": {}}"#
    let claims = try Self.claims(text)
    #expect(
      JSONText(claims).string
        == #"{"n":1.50,"s":"a } b \" {","deep":{"list":[true,null,1800000000]},"e":{}}"#)
    #expect(try ClaimsTemplate(text).names == ["n", "s", "deep", "e"])
    #expect(try Self.claims("").isEmpty)
  }

  @Test(arguments: [
    ("{", ClaimsTemplate.Malformed?.none), ("[1]", .notAnObject), ("{{identity.entity.metadata}}", .notAnObject),
    ("1", .notAnObject), (#"{"a": {{identity.entity.id}"#, .unbalanced), (#"{"a": "{{identity.entity.id}}"}"#, .quoted),
    (#"{"a": {{nothing}}}"#, .unknownSelector("nothing")), (#"{"a": {{identity.entity.metadata.}}}"#, nil),
    (#"{"a": {{time.now.plus.x}}}"#, nil), (#"{"a": {{time.now.plus.}}}"#, nil), (#"{"a":{{}}}"#, nil),
    (#"{ {{identity.entity.name}}: 1 }"#, nil), (#"{"a": 1, "a": 2}"#, nil),
    (#"{"a": {{identity.entity.id}}{{identity.entity.id}} }"#, nil), (#"{"a": -{{time.now}}}"#, nil),
    (#"{"a": {{time.now}}0}"#, nil),
    (#"{"a": 81415926535897932384626433832795028841970}"#, .tooLarge),
  ])
  func malformedTemplatesAreRefused(text: String, error: ClaimsTemplate.Malformed?) throws {
    var thrown: ClaimsTemplate.Malformed?
    do { _ = try ClaimsTemplate(text) } catch { thrown = error }
    #expect(thrown != nil)
    if let error { #expect(thrown == error) }
  }

  @Test func templatesHaveBounds() {
    #expect(throws: ClaimsTemplate.Malformed.tooLarge) {
      try ClaimsTemplate("{\"a\": \"\(String(repeating: "x", count: 70_000))\"}")
    }
    let many = (0..<300).map { "\"c\($0)\": {{time.now}}" }.joined(separator: ",")
    #expect(throws: ClaimsTemplate.Malformed.tooLarge) { try ClaimsTemplate("{\(many)}") }
    #expect(throws: ClaimsTemplate.Malformed.self) {
      try ClaimsTemplate("{\"a\":" + String(repeating: "[", count: 10_000))
    }
  }

  /// Whatever people and groups are called, claims keep their number, names and kinds.
  @Test(arguments: [
    #"", "admin": true, "x": ""#, #"\"#, "\"", "}}", "{{identity.entity.id}}", "\u{0}\u{1F}\n", "]}", "</script>",
    "\u{2028}", "e\u{301}", "8141592653589793238462643383279502884197" + "0",
  ])
  func valuesCannotBreakOut(value: String) throws {
    let subject = TemplateSubject(
      entityID: value, entityName: value, metadata: [value: value, "k": value],
      aliases: [.init(mountAccessor: "acc", id: value, name: value, metadata: ["m": value])],
      groups: [.init(id: value, name: value)])
    let template = try ClaimsTemplate(
      #"{"id": {{identity.entity.id}}, "name": {{identity.entity.name}}, "all": {{identity.entity.metadata}}, "#
        + #""k": {{identity.entity.metadata.k}}, "alias": {{identity.entity.aliases.acc.name}}, "#
        + #""am": {{identity.entity.aliases.acc.metadata}}, "groups": {{identity.entity.groups.names}}}"#)
    let written = JSONText(template.claims(for: subject, now: Self.now))
    let read = try written.parsed()
    let expected: JSONObject = [
      "id": .string(value), "name": .string(value), "all": ["k": .string(value)], "k": .string(value),
      "alias": .string(value), "am": ["m": .string(value)], "groups": [.string(value)],
    ]
    var all = expected
    if value != "k" { all["all"] = .object(["k": .string(value), value: .string(value)]) }
    #expect(read == .object(all))
  }

  @Test func mutatedTemplatesNeverGetOut() throws {
    let random = RandomSource.seeded(11)
    let seed = Array(
      #"{"a": {{identity.entity.name}}, "b": [{{time.now}}, "x\"{"], "c": {"d": {{identity.entity.metadata}}}}"#.utf8)
    let letters = Array(#"{}[]",:\ 0-ae.{{}}"#.utf8)
    for _ in 0..<20_000 {
      var text = seed
      for _ in 0...random.below(4) {
        let at = Int(random.below(UInt64(text.count)))
        switch random.below(3) {
        case 0: text.remove(at: at)
        case 1: text.insert(letters[Int(random.below(UInt64(letters.count)))], at: at)
        default: text[at] = letters[Int(random.below(UInt64(letters.count)))]
        }
      }
      guard let template = try? ClaimsTemplate(String(decoding: text, as: UTF8.self)) else { continue }
      let claims = template.claims(for: Self.ada, now: Self.now)
      #expect(claims.names == template.names)
      #expect((try? JSONText(claims).parsed())?.objectValue == claims)
    }
  }
}
