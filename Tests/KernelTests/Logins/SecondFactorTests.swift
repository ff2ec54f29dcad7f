import EngineAPI
import JSONText
import OneTimePasswords
import Primitives
import Testing

@testable import Kernel

/// A world whose door asks for a second factor, and people at it.
private final class Door {
  let world: World
  let accessor: String
  let method: String
  /// Of each person who is enrolled.
  private(set) var keys: [String: OneTimePasswordKey] = [:]

  /// `enforced`: whether everybody who comes by the badge needs a second factor.
  init(enforced: Bool = true, settings: String = "") throws {
    let world = try World()
    #expect(world.send(.update, "sys/auth/badge", #"{"type":"badge"}"#).status == 204)
    let made = world.send(.update, "identity/mfa/method/totp", #"{"issuer":"Acme","method_name":"phone"\#(settings)}"#)
    self.world = world
    accessor = try #require(world.send(.read, "sys/auth").data["badge/"]?["accessor"]?.stringValue)
    method = try #require(made.data["method_id"]?.stringValue)
    if enforced { enforce("door", #""auth_method_accessors":["\#(accessor)"]"#) }
  }

  func enforce(_ name: String, _ subjects: String, methods: [String]? = nil) {
    let ids = JSONText(.strings(methods ?? [method])).string
    let answer = world.send(
      .update, "identity/mfa/login-enforcement/\(name)", #"{"mfa_method_ids":\#(ids),\#(subjects)}"#)
    #expect(answer.status == 204, "\(answer.text)")
  }

  /// The entity of somebody who may not have been here yet.
  func entity(_ name: String) throws -> String {
    let known = world.send(
      .update, "identity/lookup/entity", #"{"alias_name":"\#(name)","alias_mount_accessor":"\#(accessor)"}"#)
    if let id = known.data["id"]?.stringValue { return id }
    let made = world.send(
      .update, "identity/entity-alias", #"{"name":"\#(name)","mount_accessor":"\#(accessor)"}"#)
    return try #require(made.data["canonical_id"]?.stringValue)
  }

  func enrol(_ name: String, method: String? = nil) throws {
    let entity = try entity(name)
    let answer = world.send(
      .update, "identity/mfa/method/totp/admin-generate",
      #"{"method_id":"\#(method ?? self.method)","entity_id":"\#(entity)"}"#)
    let url = try #require(answer.data["url"]?.stringValue, "\(answer.text)")
    keys[name] = try KeyURI(parsing: url).key
  }

  func code(_ name: String, after span: TimeSpan = .zero) -> String {
    keys[name]?.password(at: world.clock.now + span) ?? ""
  }

  func login(_ name: String, headers: [String] = [], wrap: TimeSpan? = nil) -> Answer {
    world.send(
      .update, "auth/badge/login", #"{"name":"\#(name)"}"#, token: "", wrap: wrap,
      headers: headers.isEmpty ? [:] : ["x-vault-mfa": headers])
  }

  func validate(_ request: String, _ passcode: String, method: String = "phone", wrap: TimeSpan? = nil) -> Answer {
    world.send(
      .update, "sys/mfa/validate",
      #"{"mfa_request_id":"\#(request)","mfa_payload":{"\#(method)":["\#(passcode)"]}}"#, token: "", wrap: wrap)
  }

  /// A login of two phases.
  func twice(_ name: String, _ passcode: String) throws -> Answer {
    validate(try #require(login(name).pending), passcode)
  }
}

extension Answer {
  fileprivate var token: String? {
    json["auth"]?["client_token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
  }
  fileprivate var pending: String? { json["auth"]?["mfa_requirement"]?["mfa_request_id"]?.stringValue }
}

struct SecondFactorTests {
  @Test func aLoginWaitsForItsSecondFactor() throws {
    let door = try Door()
    try door.enrol("ada")
    let first = door.login("ada")
    #expect(first.status == 200 && first.token == nil)
    #expect(first.warnings?.count == 1)
    let id = try #require(first.pending)
    let wrong = door.validate(id, "000000")
    #expect(wrong.status == 403)
    #expect(wrong.errors?.first?.contains("failed to validate TOTP passcode") == true)
    let second = door.validate(id, door.code("ada"))
    let token = try #require(second.token, "\(second.text)")
    #expect(door.world.send(.read, "auth/token/lookup-self", token: token).status == 200)
    let entity = try door.entity("ada")
    #expect(second.json["auth"]?["entity_id"]?.stringValue == entity)
    #expect(door.world.send(.read, "auth/token/lookup-self", token: token).data["path"] == "auth/badge/login")
    // The login is over.
    #expect(door.validate(id, door.code("ada", after: .seconds(30))).status == 400)
  }

  @Test func theSecondFactorMayComeWithTheLogin() throws {
    let door = try Door()
    try door.enrol("ada")
    #expect(door.login("ada", headers: ["phone:\(door.code("ada"))"]).token != nil)
    #expect(door.login("ada", headers: ["phone:\(door.code("ada"))"]).status == 403)
    let later = door.code("ada", after: .seconds(30))
    #expect(door.login("ada", headers: ["\(door.method):passcode=\(later)"]).token != nil)
    #expect(door.login("ada", headers: ["phone"]).status == 403)
    #expect(door.login("ada", headers: ["other:123456"]).status == 403)
    #expect(door.login("ada", headers: [":123456"]).status == 400)
  }

  @Test func aPendingLoginEndsAfterFiveMinutesAndWithTheProcess() throws {
    let door = try Door()
    try door.enrol("ada")
    let id = try #require(door.login("ada").pending)
    door.world.clock.advance(.minutes(5))
    #expect(door.validate(id, door.code("ada")).errors == ["invalid request ID"])
    let other = try #require(door.login("ada").pending)
    try door.world.restart()
    #expect(door.validate(other, door.code("ada")).errors == ["invalid request ID"])
    #expect(try door.twice("ada", door.code("ada")).token != nil)
  }

  @Test func rulesFindLoginsByMountTypeEntityAndGroup() throws {
    let door = try Door(enforced: false)
    let (ada, bob) = (try door.entity("ada"), try door.entity("bob"))
    #expect(door.login("ada").token != nil && door.login("bob").token != nil)

    door.enforce("r", #""identity_entity_ids":["\#(ada)"]"#)
    #expect(door.login("ada").token == nil && door.login("bob").token != nil)
    #expect(door.world.send(.delete, "identity/mfa/login-enforcement/r").status == 204)
    #expect(door.login("ada").token != nil)

    let inner = door.world.send(.update, "identity/group", #"{"name":"in","member_entity_ids":["\#(bob)"]}"#)
    let innerID = try #require(inner.data["id"]?.stringValue)
    let outer = door.world.send(.update, "identity/group", #"{"name":"out","member_group_ids":["\#(innerID)"]}"#)
    let outerID = try #require(outer.data["id"]?.stringValue)
    door.enforce("r", #""identity_group_ids":["\#(outerID)"]"#)
    #expect(door.login("ada").token != nil && door.login("bob").token == nil)

    door.enforce("s", #""auth_method_types":["badge"]"#)
    #expect(door.login("ada").token == nil && door.login("cleo").token == nil)
  }

  @Test func everyRuleHasToBeSatisfied() throws {
    let door = try Door()
    try door.enrol("ada")
    let phone = door.code("ada")
    let made = door.world.send(.update, "identity/mfa/method/totp", #"{"issuer":"Acme","method_name":"key"}"#)
    let key = try #require(made.data["method_id"]?.stringValue)
    try door.enrol("ada", method: key)
    door.enforce("second", #""auth_method_types":["badge"]"#, methods: [key])
    door.enforce("third", #""auth_method_types":["badge"]"#, methods: [key, door.method])
    let id = try #require(door.login("ada").pending)
    #expect(door.validate(id, phone).status == 403)
    // The good code was not used up by the login that failed.
    let both = door.world.send(
      .update, "sys/mfa/validate",
      #"{"mfa_request_id":"\#(id)","mfa_payload":{"phone":["\#(phone)"],"key":["\#(door.code("ada"))"]}}"#, token: "")
    #expect(both.token != nil, "\(both.text)")
  }

  @Test func aRuleThatComesLaterHoldsForPendingLogins() throws {
    let door = try Door()
    try door.enrol("ada")
    let id = try #require(door.login("ada").pending)
    let code = door.code("ada")
    let made = door.world.send(.update, "identity/mfa/method/totp", #"{"issuer":"Acme"}"#)
    let method = try #require(made.data["method_id"]?.stringValue)
    door.enforce("later", #""auth_method_types":["badge"]"#, methods: [method])
    #expect(door.validate(id, code).status == 403)
  }

  @Test func whoIsDisabledOrGoneMeanwhileDoesNotGetIn() throws {
    let door = try Door()
    try door.enrol("ada")
    var id = try #require(door.login("ada").pending)
    let path = "identity/entity/id/" + (try door.entity("ada"))
    #expect(door.world.send(.update, path, #"{"disabled":true}"#).status < 300)
    #expect(door.validate(id, door.code("ada")).status == 403)
    #expect(door.world.send(.update, path, #"{"disabled":false}"#).status < 300)
    id = try #require(door.login("ada").pending)
    #expect(door.world.send(.delete, path).status == 204)
    #expect(door.validate(id, door.code("ada")).status == 403)
    try door.enrol("ada")
    id = try #require(door.login("ada").pending)
    #expect(door.world.send(.delete, "sys/auth/badge").status == 204)
    #expect(door.validate(id, door.code("ada")).status == 403)
  }

  @Test func anEnrolmentGoesWithItsEntity() throws {
    let door = try Door()
    try door.enrol("ada")
    let entity = try door.entity("ada")
    #expect(door.world.send(.delete, "identity/entity/id/\(entity)").status == 204)
    let enrolments = try #require(door.world.node.state?.secondFactors.enrolments)
    #expect(try enrolments.known(entityID: entity, methodID: door.method) == nil)
    #expect(try door.twice("ada", door.code("ada")).status == 403)
  }

  @Test func whoIsNotEnrolledIsRefused() throws {
    let door = try Door()
    let refused = try door.twice("ada", "123456")
    #expect(refused.status == 403)
    #expect(refused.errors?.first?.contains("not present in entity") == true)
  }

  @Test func aServiceThatCannotBeAskedRefusesWithWords() throws {
    let door = try Door(enforced: false)
    let made = door.world.send(
      .update, "identity/mfa/method/duo", #"{"secret_key":"hush","integration_key":"i","api_hostname":"h"}"#)
    let duo = try #require(made.data["method_id"]?.stringValue)
    door.enforce("r", #""auth_method_types":["badge"]"#, methods: [duo])
    let first = door.login("ada")
    #expect(first.text.contains(#""type":"duo","id":"\#(duo)","uses_passcode":false"#))
    for answer in [door.validate(try #require(first.pending), "", method: duo), door.login("ada", headers: [duo])] {
      #expect(answer.status == 403 && answer.token == nil)
      #expect(answer.errors?.first?.contains("cannot reach the service") == true)
    }
    let shown = door.world.send(.read, "identity/mfa/method/duo/\(duo)").text
    #expect(!shown.contains("hush") && shown.contains(#""api_hostname":"h""#))
  }
}

/// Published weaknesses of second factors, a test each.
struct SecondFactorWeaknessTests {
  /// CVE-2025-6014: a code with blanks is the same code.
  @Test func codesAreNotReusedByAnotherSpelling() throws {
    let door = try Door()
    try door.enrol("ada")
    let code = door.code("ada")
    #expect(try door.twice("ada", code).token != nil)
    for spelling in [code, " \(code)", "\(code) ", "\\t\(code)", "\(code.prefix(3)) \(code.dropFirst(3))"] {
      #expect(try door.twice("ada", spelling).status == 403, "\(spelling)")
      #expect(door.login("ada", headers: ["phone: passcode=\(spelling)"]).token == nil, "\(spelling)")
    }
    try door.world.restart()
    #expect(try door.twice("ada", code).errors?.first?.contains("code already used") == true)
  }

  /// A method by its name is the method by its id, in both phases.
  @Test func codesAreNotReusedByTheMethodsOtherName() throws {
    let door = try Door()
    try door.enrol("ada")
    let code = door.code("ada")
    let id = try #require(door.login("ada").pending)
    #expect(door.validate(id, code, method: door.method).token != nil)
    #expect(try door.twice("ada", code).status == 403)
    #expect(door.login("ada", headers: ["\(door.method):\(code)"]).status == 403)
  }

  /// CVE-2025-6015: guesses count for the entity and not for the request.
  @Test func guessesAreCountedOverAllRequests() throws {
    let door = try Door(settings: #","max_validation_attempts":3"#)
    try door.enrol("ada")
    try door.enrol("bob")
    for attempt in 0..<10 {
      let answer = attempt % 2 == 0 ? try door.twice("ada", "000000") : door.login("ada", headers: ["phone:000000"])
      let isRefused = answer.errors?.first?.contains("maximum TOTP validation attempts") == true
      #expect(isRefused == (attempt >= 3), "\(attempt)")
    }
    #expect(try door.twice("ada", door.code("ada")).status == 403)
    #expect(try door.twice("bob", door.code("bob")).token != nil)
    door.world.clock.advance(.seconds(30))
    #expect(try door.twice("ada", door.code("ada")).token != nil)
  }

  /// A request names a method once, or it would be several guesses.
  @Test func aRequestIsOneGuess() throws {
    let door = try Door()
    try door.enrol("ada")
    let code = door.code("ada")
    #expect(door.login("ada", headers: ["phone:000000", "\(door.method):\(code)"]).status == 400)
    #expect(door.login("ada", headers: ["phone:000000", "phone:\(code)"]).status == 400)
    let id = try #require(door.login("ada").pending)
    for payload in [#"{"phone":["000000","\#(code)"]}"#, #"{"phone":["0"],"\#(door.method)":["\#(code)"]}"#] {
      let answer = door.world.send(
        .update, "sys/mfa/validate", #"{"mfa_request_id":"\#(id)","mfa_payload":\#(payload)}"#, token: "")
      #expect(answer.status == 400 && answer.token == nil, "\(answer.text)")
    }
    #expect(door.validate(id, code).token != nil)
  }

  /// A token that is made of nothing but the login's answer must not be there yet.
  @Test func noTokenIsThereBeforeTheSecondFactor() throws {
    let door = try Door()
    try door.enrol("ada")
    func count() -> Int {
      door.world.send(.list, "auth/token/accessors").data["keys"]?.arrayValue?.count ?? 0
    }
    let before = count()
    let id = try #require(door.login("ada").pending)
    #expect(count() == before)
    #expect(door.world.send(.update, "auth/token/renew-self", token: id).status == 403)
    #expect(door.world.send(.update, "auth/token/renew", #"{"token":"\#(id)"}"#).status == 400)
    #expect(door.world.send(.read, "auth/token/lookup-self", token: id).status == 403)
    #expect(door.validate(id, door.code("ada")).token != nil)
    #expect(count() == before + 1)
  }

  /// A token in a wrapping is a token.
  @Test func wrappingIsNoWayRound() throws {
    let door = try Door()
    try door.enrol("ada")
    let first = door.login("ada", wrap: .minutes(1))
    #expect(first.json["wrap_info"] == .null)
    let id = try #require(first.pending)
    let second = door.validate(id, door.code("ada"))
    let wrapping = try #require(second.json["wrap_info"]?["token"]?.stringValue, "\(second.text)")
    #expect(second.json["wrap_info"]?["creation_path"] == "auth/badge/login")
    let opened = door.world.send(.update, "sys/wrapping/unwrap", token: wrapping)
    #expect(opened.token != nil, "\(opened.text)")
    door.world.clock.advance(.seconds(60))
    let other = try #require(door.login("ada").pending)
    let asked = door.validate(other, door.code("ada"), wrap: .minutes(1))
    #expect(asked.token == nil && asked.json["wrap_info"]?["creation_path"] == "sys/mfa/validate")
  }

  /// Batch tokens are made of logins too.
  @Test func batchTokensAreNoWayRound() throws {
    let door = try Door()
    try door.enrol("ada")
    #expect(door.world.send(.update, "sys/auth/badge/tune", #"{"token_type":"batch"}"#).status == 204)
    #expect(door.login("ada").token == nil)
    #expect(try door.twice("ada", "000000").token == nil)
    let token = try #require(try door.twice("ada", door.code("ada")).token)
    #expect(token.hasPrefix("hvb."))
  }

  /// Where nobody is named there is no entity that could show a second factor.
  @Test func aLoginWithoutAnEntityIsNoWayRound() throws {
    let door = try Door()
    let answer = door.login("")
    #expect(answer.status == 403 && answer.token == nil)
    #expect(door.login("", headers: ["phone:123456"]).status == 403)
  }

  /// One person's code, and one person's pending login, are nobody else's.
  @Test func codesAreOfTheirEntity() throws {
    let door = try Door()
    try door.enrol("ada")
    try door.enrol("bob")
    #expect(try door.twice("ada", door.code("bob")).status == 403)
    #expect(door.login("ada", headers: ["phone:\(door.code("bob"))"]).status == 403)
    #expect(try door.twice("bob", door.code("bob")).token != nil)
  }

  @Test func theAuditLogHasNoPasscodes() throws {
    let door = try Door()
    try door.enrol("ada")
    #expect(door.world.send(.update, "sys/audit/tape", #"{"type":"tape","options":{}}"#).status == 204)
    let header = "sys/config/auditing/request-headers/x-vault-mfa"
    #expect(door.world.send(.update, header, #"{"hmac":false}"#).status == 204)
    let code = door.code("ada")
    let next = door.code("ada", after: .seconds(30))
    #expect(try door.twice("ada", code).token != nil)
    #expect(door.login("ada", headers: ["phone:\(next)"]).token != nil)
    #expect(door.login("ada", headers: ["phone:\(next)"]).status == 403)
    #expect(try door.twice("ada", next).status == 403)
    try door.enrol("bob")
    let text = door.world.tape.text
    #expect(text.contains("x-vault-mfa") && text.contains("mfa_payload"))
    #expect(!text.contains(code) && !text.contains(next) && !text.contains("otpauth:"))
    let lookup = door.world.tape.entries.last { $0["request"]?["path"] == "sys/mfa/validate" }
    #expect(lookup?["error"]?.stringValue?.contains("code already used") == true)
  }
}
