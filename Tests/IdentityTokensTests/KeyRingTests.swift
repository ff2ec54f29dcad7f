import Cryptography
import JOSE
import JSONText
import Primitives
import Testing

@testable import IdentityTokens

struct KeyRingTests {
  private static let start = Timestamp(seconds: 1_800_000_000)
  private static let rules = KeyRing.Rules(rotationPeriod: .hours(24), verificationTTL: .hours(6))

  private static func key(_ id: String) throws -> SigningKey {
    SigningKey(id: id, algorithm: .edDSA, pair: try SignatureAlgorithm.edDSA.generateKey())
  }
  private static func ring() throws -> KeyRing {
    KeyRing(signing: try key("a"), next: try key("b"), now: start, rules: rules)
  }
  private static func at(_ hours: Int64) -> Timestamp { start + .hours(hours) }
  private static func ids(_ ring: KeyRing, _ hours: Int64) -> Set<String> {
    Set(ring.published(at: at(hours), rules: rules).map(\.id))
  }

  @Test func rotationKeepsTheKeyOfBeforeForItsTime() throws {
    var ring = try Self.ring()
    #expect(Self.ids(ring, 0) == ["a", "b"])
    #expect(!ring.isDue(Self.at(23)) && ring.isDue(Self.at(24)))
    try ring.catchUp(to: Self.at(24), rules: Self.rules, fresh: Self.key("c"))
    #expect(ring.signing.id == "b" && ring.next.id == "c" && ring.nextRotation == Self.at(48))
    #expect(ring.nextChange == Self.at(30))
    var later = ring
    later.forget(before: Self.at(30))
    #expect(later.nextChange == Self.at(48))
    #expect(Self.ids(ring, 24) == ["a", "b", "c"])
    #expect(Self.ids(ring, 29) == ["a", "b", "c"])
    #expect(Self.ids(ring, 30) == ["b", "c"])
  }

  @Test func whatIsNotDueStays() throws {
    var ring = try Self.ring()
    try ring.catchUp(to: Self.at(23), rules: Self.rules, fresh: Self.key("c"))
    #expect(ring.signing.id == "a" && ring.next.id == "b")
  }

  /// After long idleness the key that was announced signs, and what the old one signed last is over.
  @Test func manyMissedPeriodsAreOneRotation() throws {
    var ring = try Self.ring()
    #expect(Self.ids(ring, 29) == ["a", "b"])
    #expect(Self.ids(ring, 30) == ["b"])
    try ring.catchUp(to: Self.at(24 * 10 + 5), rules: Self.rules, fresh: Self.key("c"))
    #expect(ring.signing.id == "b" && ring.next.id == "c" && ring.retired.isEmpty)
    #expect(ring.nextRotation == Self.at(24 * 11))
  }

  /// What is published never depends on when somebody looked, and a key is published before it signs and as long after
  /// as anything that it signed may have to be verified.
  @Test func everySignatureCanBeVerifiedUntilItsTimeIsOver() throws {
    let random = RandomSource.seeded(7)
    for _ in 0..<20 {
      var ring = try Self.ring()
      var now = Self.start
      var signed: [(id: String, at: Timestamp)] = []
      var number = 0
      for _ in 0..<60 {
        let before = ring
        let next = now + .minutes(Int64(random.below(60 * 40)))
        number += 1
        if random.below(6) == 0 {
          try ring.catchUp(to: next, rules: Self.rules, fresh: Self.key("n\(number)"))
          try ring.rotate(
            at: next, rules: Self.rules, verificationTTL: Self.rules.verificationTTL, fresh: Self.key("m\(number)"))
        } else {
          try ring.catchUp(to: next, rules: Self.rules, fresh: Self.key("n\(number)"))
          #expect(before.published(at: next, rules: Self.rules).contains { $0.id == ring.signing.id })
        }
        now = next
        signed.append((ring.signing.id, now))
        ring.forget(before: now)
        let published = Set(ring.published(at: now, rules: Self.rules).map(\.id))
        for entry in signed where now < entry.at + Self.rules.verificationTTL { #expect(published.contains(entry.id)) }
      }
    }
  }

  @Test func rotationByHandTakesItsOwnTime() throws {
    var ring = try Self.ring()
    try ring.rotate(at: Self.at(1), rules: Self.rules, verificationTTL: .zero, fresh: Self.key("c"))
    #expect(Self.ids(ring, 1) == ["b", "c"])
    #expect(ring.nextRotation == Self.at(25))
    try ring.rotate(at: Self.at(2), rules: Self.rules, verificationTTL: .hours(1), fresh: Self.key("d"))
    #expect(Self.ids(ring, 2) == ["b", "c", "d"])
    #expect(Self.ids(ring, 3) == ["c", "d"])
  }

  @Test func anotherAlgorithmReplacesBothKeys() throws {
    var ring = try Self.ring()
    try ring.replace(
      at: Self.at(1), rules: Self.rules, signing: .generate(.es256, random: .seeded(1)),
      next: .generate(.es256, random: .seeded(2)))
    #expect(ring.signing.algorithm == .es256 && ring.next.algorithm == .es256)
    #expect(ring.published(at: Self.at(1), rules: Self.rules).filter { $0.algorithm == .edDSA }.map(\.id) == ["a"])
  }

  @Test func aShorterPeriodCountsAtOnce() throws {
    var ring = try Self.ring()
    ring.shorten(to: .hours(48), now: Self.at(1))
    #expect(ring.nextRotation == Self.at(24))
    ring.shorten(to: .hours(2), now: Self.at(1))
    #expect(ring.nextRotation == Self.at(3))
  }

  @Test func theStoredFormHoldsNoPrivatePartOfRetiredKeys() throws {
    var ring = try Self.ring()
    let old = ring.signing
    try ring.rotate(at: Self.at(1), rules: Self.rules, verificationTTL: .hours(6), fresh: Self.key("c"))
    let record = try ring.record
    let text = JSONText(record).string
    #expect(try !text.contains(old.pair.pkcs8().withBytes { Base64.encode(Array($0)) }))
    let again = try #require(KeyRing(record: record))
    #expect(again.signing.id == "b" && again.next.id == "c" && again.nextRotation == ring.nextRotation)
    #expect(Self.ids(again, 1) == ["a", "b", "c"])
    let token = try #require(SignedToken(old.sign(["sub": "x"])))
    let published = try #require(again.published(at: Self.at(1), rules: Self.rules).first { $0.id == "a" })
    #expect(token.isSigned(by: published.publicKey, algorithm: published.algorithm))
    #expect(try JSONText(#require(KeyRing(record: record)).record) == JSONText(record))
    #expect(KeyRing(record: ["signing": .null]) == nil)
  }

  @Test func timesAtTheEndOfTheRangeDoNotOverflow() throws {
    let rules = KeyRing.Rules(rotationPeriod: TimeSpan(nanoseconds: .max), verificationTTL: TimeSpan(nanoseconds: .max))
    var ring = KeyRing(signing: try Self.key("a"), next: try Self.key("b"), now: Self.start, rules: rules)
    #expect(ring.published(at: Self.at(1), rules: rules).count == 2)
    try ring.rotate(at: Self.at(1), rules: rules, verificationTTL: rules.verificationTTL, fresh: Self.key("c"))
    try ring.catchUp(to: Timestamp(nanoseconds: .max), rules: rules, fresh: Self.key("d"))
    #expect(ring.next.id == "d")
  }
}
