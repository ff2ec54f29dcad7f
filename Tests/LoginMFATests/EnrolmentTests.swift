import MemoryStore
import OneTimePasswords
import Primitives
import SecretMemory
import StorageAPI
import Testing

@testable import LoginMFA

private let start = Timestamp(seconds: 1_700_000_020)
private let enrolment = Enrolment(
  key: OneTimePasswordKey(secret: SecretBytes(copying: Array("12345678901234567890".utf8))))

private struct Plain: LogicalStore {
  let store = MemoryStore()
  func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(key) }
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try store.list(prefix, after: after, limit: limit)
  }
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex { try store.commit(batch) }
}

private func accepted(_ verdict: Enrolment.Verdict) -> Enrolment? {
  if case .accepted(let next) = verdict { next } else { nil }
}

struct EnrolmentTests {
  @Test func aCodeIsAcceptedOnceInWhateverSpelling() throws {
    let code = enrolment.key.password(at: start)
    let used = try #require(accepted(enrolment.judge(code, now: start)))
    let head = code.prefix(3)
    let tail = code.dropFirst(3)
    for spelling in [code, " " + code, code + "  ", "\t\(code)", "\(head) \(tail)", code.map { "\($0) " }.joined()] {
      #expect(accepted(enrolment.judge(spelling, now: start)) == used)
      #expect(used.judge(spelling, now: start) == .used(wait: .seconds(20)))
      #expect(used.judge(spelling, now: start + .seconds(20)) == .used(wait: .seconds(30)))
    }
  }

  @Test(arguments: ["", "0", "\u{0661}23456", "+12345", "1234567", "0x1234", "-00001", "１２３４５６"])
  func whatIsNoCodeIsWrong(_ typed: String) { #expect(enrolment.judge(typed, now: start) == .wrong) }

  @Test func codesOfTheNeighbouringPeriodsCountAndNoOthers() {
    for (seconds, isGood) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] as [(Int64, Bool)] {
      let code = enrolment.key.password(at: start + .seconds(seconds))
      #expect((accepted(enrolment.judge(code, now: start)) != nil) == isGood, "\(seconds)")
    }
  }

  @Test func aRecordReadsBackAsItWas() throws {
    let code = enrolment.key.password(at: start)
    let used = try #require(accepted(enrolment.judge(code, now: start)))
    #expect(Enrolment(bytes: used.bytes) == used)
    #expect(Enrolment(bytes: enrolment.bytes) == enrolment)
    #expect(Enrolment(bytes: Array("{}".utf8)) == nil)
  }

  @Test func ofTwoWithTheSameCodeOneGetsIn() throws {
    let store = EnrolmentStore(store: Plain())
    #expect(try store.add(enrolment, entityID: "e", methodID: "m"))
    #expect(try !store.add(enrolment, entityID: "e", methodID: "m"))
    let code = enrolment.key.password(at: start)
    let first = try #require(try store.known(entityID: "e", methodID: "m"))
    let second = try #require(try store.known(entityID: "e", methodID: "m"))
    let next = try #require(accepted(first.enrolment.judge(code, now: start)))
    #expect(try store.useUp([(first, next)]))
    #expect(try !store.useUp([(second, next)]))
    #expect(try store.known(entityID: "e", methodID: "m")?.enrolment == next)
  }

  @Test func severalCodesAreUsedUpTogetherOrNotAtAll() throws {
    let store = EnrolmentStore(store: Plain())
    for method in ["m", "n"] { _ = try store.add(enrolment, entityID: "e", methodID: method) }
    let next = try #require(accepted(enrolment.judge(enrolment.key.password(at: start), now: start)))
    let m = try #require(try store.known(entityID: "e", methodID: "m"))
    let n = try #require(try store.known(entityID: "e", methodID: "n"))
    #expect(try store.useUp([(n, next)]))
    #expect(try !store.useUp([(m, next), (n, next)]))
    #expect(try store.known(entityID: "e", methodID: "m")?.enrolment == enrolment)
    try store.remove(entityIDs: ["e", "f"], methodIDs: ["m", "n"])
    #expect(try store.known(entityID: "e", methodID: "m") == nil)
  }
}
