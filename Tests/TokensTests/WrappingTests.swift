import EngineAPI
import JSONText
import Primitives
import StorageAPI
import Testing

@testable import Tokens

private let envelope = JSONText(trusted: Array(#"{"request_id":"1","data":{"n":1.50,"t":"<\"é"}}"#.utf8))

private func wrap(_ f: Fixture, ttl: TimeSpan = .minutes(2), status: Int = 200) throws -> WrapInfo {
  try f.wrapping.wrap(
    envelope: envelope, path: "secret/data/shop", ttl: ttl, asJWT: false, wrappedAccessor: "", status: status,
    now: f.clock.now)
}

@Test func anAnswerComesOutAsItWasAndOnce() throws {
  var f = try Fixture()
  let info = try wrap(f, status: 404)
  f.restart()
  let entry = try #require(try f.entry(info.token))
  #expect(entry.policies == ["response-wrapping"] && entry.numberOfUses == 1 && entry.orphan && !entry.renewable)
  #expect(entry.explicitMaxTTL == .minutes(2) && entry.displayName.isEmpty && entry.path == "secret/data/shop")
  #expect(try f.wrapping.lookup(info.token, now: f.clock.now)["creation_ttl"] == 120)
  let answer = try f.wrapping.unwrap(info.token, caller: nil, now: f.clock.now)
  #expect(answer.envelope == envelope && answer.status == 404)
  #expect(throws: Wrapping.invalidToken) { try f.wrapping.unwrap(info.token, caller: nil, now: f.clock.now) }
  #expect(throws: Wrapping.invalidToken) { try f.wrapping.lookup(info.token, now: f.clock.now) }
  #expect(try f.store.keys("logical/").isEmpty && f.tokens.accessors().count == 1)
}

@Test func oneOfManyCallersGetsIt() throws {
  let f = try Fixture()
  let wrapping = f.wrapping
  let now = f.clock.now
  for _ in 0..<20 {
    let info = try wrap(f)
    let answers = Locked(0)
    concurrently(4) { _ in
      if (try? wrapping.unwrap(info.token, caller: nil, now: now)) != nil { answers.withLock { $0 += 1 } }
    }
    #expect(answers.withLock { $0 } == 1)
  }
}

@Test func theWrappingTokenMayAskItself() throws {
  let f = try Fixture()
  let info = try wrap(f)
  let caller = try #require(try f.entry(info.token))
  #expect(try f.wrapping.admit(field: nil, callerToken: info.token, now: f.clock.now) == info.token)
  #expect(try f.tokens.spendUse(caller) == true)
  #expect(try f.wrapping.unwrap(info.token, caller: caller, now: f.clock.now).envelope == envelope)
  f.tokens.revokeLater(caller)
  #expect(throws: Wrapping.invalidToken) { try f.wrapping.unwrap(info.token, caller: caller, now: f.clock.now) }
}

@Test func rewrappingMovesTheAnswer() throws {
  let f = try Fixture()
  let old = try wrap(f)
  f.clock.advance(.minutes(1))
  let new = try f.wrapping.rewrap(old.token, ttl: nil, asJWT: false, now: f.clock.now)
  #expect(new.creationPath == "secret/data/shop" && new.ttl == .minutes(2) && new.token != old.token)
  #expect(throws: Wrapping.invalidToken) { try f.wrapping.unwrap(old.token, caller: nil, now: f.clock.now) }
  f.clock.advance(.seconds(90))
  #expect(try f.wrapping.unwrap(new.token, caller: nil, now: f.clock.now).envelope == envelope)
}

@Test func onlyGoodWrappingTokensAreAdmitted() throws {
  let f = try Fixture()
  let ordinary = try f.make(f.root)
  let info = try wrap(f, ttl: .seconds(1))
  func admit(_ field: JSONValue?, _ caller: String) throws -> String {
    try f.wrapping.admit(field: field, callerToken: caller, now: f.clock.now)
  }
  #expect(throws: EngineError.denied("error validating wrapping token: token is empty")) { try admit(nil, "") }
  #expect(throws: EngineError.denied("error validating wrapping token: empty token in request body")) {
    try admit("", f.root)
  }
  #expect(throws: Wrapping.invalidToken) { try admit(.string(ordinary.text), f.root) }
  #expect(throws: Wrapping.invalidToken) { try admit("hvs.nobody", f.root) }
  #expect(throws: Wrapping.invalidToken) { try f.wrapping.unwrap(ordinary.text, caller: nil, now: f.clock.now) }
  #expect(try admit(.string(info.token), f.root) == info.token)
  f.clock.advance(.seconds(1))
  #expect(throws: Wrapping.invalidToken) { try admit(.string(info.token), f.root) }
}
