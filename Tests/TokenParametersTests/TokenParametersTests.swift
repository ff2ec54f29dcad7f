import EngineAPI
import JSONText
import Primitives
import Testing

@testable import TokenParameters

private struct NoOrigin: CallOrigin {}

private func call(_ fields: JSONObject) -> Call {
  Call(
    id: "id", operation: .update, mountPoint: "auth/m/", path: "role/r", captures: [:], fields: fields, rawBody: [],
    headers: [:], remoteAddress: "127.0.0.1", now: Timestamp(seconds: 0), principal: nil, wrapTTL: nil,
    origin: NoOrigin())
}

private func parameters(_ fields: JSONObject, taking old: TokenParameters.OldNames = []) throws -> TokenParameters {
  var made = TokenParameters()
  try made.update(from: call(fields), taking: old)
  return made
}

private let everything: JSONObject = [
  "token_policies": ["a", "b"], "token_ttl": "90s", "token_max_ttl": 3600, "token_explicit_max_ttl": "2h",
  "token_period": "1500ms", "token_num_uses": 3, "token_no_default_policy": true,
  "token_bound_cidrs": ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"], "token_type": "service",
  "alias_metadata": ["k": "v"],
]

struct TokenParametersTests {
  @Test func whatIsWrittenIsShown() throws {
    let shown = try parameters(everything).members
    #expect(
      shown == [
        "alias_metadata": ["k": "v"], "token_bound_cidrs": ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"],
        "token_explicit_max_ttl": 7200, "token_max_ttl": 3600, "token_no_default_policy": true, "token_num_uses": 3,
        "token_period": 1, "token_policies": ["a", "b"], "token_ttl": 90, "token_type": "service",
      ])
    #expect(TokenParameters().members["token_bound_cidrs"] == [])
    #expect(TokenParameters().members["token_type"] == "default")
  }

  @Test func recordsAreReadBack() throws {
    let old: TokenParameters.OldNames = [.policies, .ttl, .maxTTL, .period, .numberOfUses, .boundCIDRs]
    for made in [
      TokenParameters(), try parameters(everything), try parameters(["policies": "a", "num_uses": 2], taking: old),
    ] {
      let bytes = JSONText(made.record).bytes
      #expect(try TokenParameters(record: JSONParser.parse(bytes)) == made)
    }
  }

  @Test func damagedRecordsAreNotReadAsOpenOnes() throws {
    let bad: [JSONValue] = [
      nil, [], ["bound_cidrs": ["nonsense"]], ["bound_cidrs": "10.0.0.0/8"], ["policies": [1]], ["ttl": "1h"],
      ["type": "other"], ["num_uses": "5"],
    ]
    for record in bad {
      #expect(throws: TokenParameters.Damaged.self) { try TokenParameters(record: record) }
    }
  }

  static let refusals: [(JSONObject, String)] = [
    (["token_ttl": "2h", "token_max_ttl": "1h"], "'token_ttl' cannot be greater than 'token_max_ttl'"),
    (["token_type": "root"], "invalid 'token_type' value \"root\""),
    (["token_num_uses": -1], "'token_num_uses' cannot be negative"),
    (
      ["token_type": "batch", "token_period": 5],
      "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens"
    ),
    (
      ["token_type": "batch", "token_num_uses": 5],
      "'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count"
    ),
    (
      ["token_bound_cidrs": "10.0.0.0/33"],
      "Unable to convert \"10.0.0.0/33\" to an IPv4 or IPv6 address, or a UNIX Socket"
    ),
  ]

  @Test(arguments: refusals) func refusals(fields: JSONObject, text: String) {
    #expect(throws: EngineError.invalid(text)) { try parameters(fields) }
  }

  @Test func aSecondWriteIsCheckedWithWhatIsThere() throws {
    var made = try parameters(["token_period": "1h"])
    #expect(throws: EngineError.self) { try made.update(from: call(["token_type": "batch"])) }
  }

  @Test func oldNamesCountWhereTheyAreTaken() throws {
    #expect(try parameters(["ttl": 60, "policies": "a"]).ttl == .zero)
    let made = try parameters(["ttl": 60, "max_ttl": 600, "token_ttl": 30], taking: [.ttl, .maxTTL])
    #expect(made.ttl == .seconds(30))
    #expect(made.maxTTL == .seconds(600))
    #expect(made.members["ttl"] == 30)
    #expect(made.members["max_ttl"] == 600)
    #expect(made.members["policies"] == nil)
  }

  @Test func addressesAreAdmittedByBlocks() throws {
    let made = try parameters(everything)
    #expect(made.admits("10.200.0.1"))
    #expect(made.admits("::ffff:10.200.0.1"))
    #expect(made.admits("2001:db8::5"))
    #expect(!made.admits("127.0.0.2"))
    #expect(!made.admits(""))
    #expect(TokenParameters().admits("anything"))
  }

  @Test func aGrantIsFilledWhole() throws {
    var grant = LoginGrant(aliasName: "n", displayName: "n", policies: ["other"])
    grant.aliasMetadata = ["k": "method", "m": "1"]
    try parameters(everything).fill(&grant)
    #expect(grant.policies == ["a", "b"])
    #expect(grant.ttl == .seconds(90))
    #expect(grant.maxTTL == .hours(1))
    #expect(grant.explicitMaxTTL == .hours(2))
    #expect(grant.period == .milliseconds(1500))
    #expect(grant.numberOfUses == 3)
    #expect(grant.noDefaultPolicy)
    #expect(grant.boundCIDRs == ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"])
    #expect(grant.tokenType == .service)
    #expect(grant.aliasMetadata == ["k": "v", "m": "1"])
  }
}
