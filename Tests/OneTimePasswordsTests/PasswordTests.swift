import Cryptography
import OneTimePasswords
import Primitives
import SecretMemory
import Testing

private func key(_ secret: String, _ parameters: OneTimePasswordParameters = OneTimePasswordParameters())
  -> OneTimePasswordKey
{
  OneTimePasswordKey(secret: SecretBytes(copying: Array(secret.utf8)), parameters: parameters)
}

struct PasswordTests {
  /// RFC 4226, appendix D.
  @Test func countersOfTheStandard() {
    let expected = [
      "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
    ]
    let key = key("12345678901234567890")
    #expect((0..<10).map { key.password(counter: UInt64($0)) } == expected)
  }

  /// RFC 6238, appendix B, with the secrets of each hash's length that its code uses.
  @Test(
    arguments: [
      (59, "94287082", "46119246", "90693936"),
      (1_111_111_109, "07081804", "68084774", "25091201"),
      (1_111_111_111, "14050471", "67062674", "99943326"),
      (1_234_567_890, "89005924", "91819424", "93441116"),
      (2_000_000_000, "69279037", "90698825", "38618901"),
      (20_000_000_000, "65353130", "77737706", "47863826"),
    ] as [(Int64, String, String, String)])
  func timesOfTheStandard(_ seconds: Int64, _ sha1: String, _ sha256: String, _ sha512: String) {
    let digits = "1234567890"
    for (algorithm, length, expected) in [
      (OneTimePasswordParameters.Algorithm.sha1, 20, sha1), (.sha256, 32, sha256), (.sha512, 64, sha512),
    ] {
      let secret = String(String(repeating: digits, count: 7).prefix(length))
      let key = key(secret, OneTimePasswordParameters(algorithm: algorithm, digits: .eight))
      // The last time is beyond what a timestamp holds: its counter is not.
      #expect(key.password(counter: UInt64(seconds / 30)) == expected)
      if seconds < 9_000_000_000 { #expect(key.password(at: Timestamp(seconds: seconds)) == expected) }
    }
  }

  @Test func skewDecidesWhichPeriodsCount() {
    let now = Timestamp(seconds: 1_700_000_010)
    let strict = key("12345678901234567890", OneTimePasswordParameters(period: .seconds(60), skew: .none))
    let lenient = key("12345678901234567890", OneTimePasswordParameters(period: .seconds(60)))
    let present = lenient.parameters.counter(at: now)
    for distance in -2...2 {
      let counter = UInt64(Int64(present) + Int64(distance))
      let password = lenient.password(counter: counter)
      #expect(strict.counters(of: password, at: now) == (distance == 0 ? [counter] : []))
      #expect(lenient.counters(of: password, at: now) == (abs(distance) < 2 ? [counter] : []))
    }
  }

  @Test func textsThatAreNoPasswordMatchNothing() {
    let key = key("12345678901234567890")
    let now = Timestamp(seconds: 59)
    #expect(key.counters(of: "287082", at: now) == [1])
    #expect(key.counters(of: " 287082\n", at: now) == [1])
    for text in ["", " ", "87082", "0287082", "287 082", "+287082", "28708२", "287082\u{0}", "94287082"] {
      #expect(key.counters(of: text, at: now).isEmpty, "\(text)")
    }
  }

  @Test func timesBeforeTheEpochAndOddPeriodsAreHarmless() {
    #expect(OneTimePasswordParameters(period: .zero).period == .seconds(1))
    #expect(OneTimePasswordParameters().counters(around: Timestamp(seconds: -5)) == 0...1)
    #expect(OneTimePasswordParameters(period: .seconds(1)).counter(at: Timestamp(nanoseconds: .max)) == 9_223_372_036)
  }
}

struct UsedCountersTests {
  private let parameters = OneTimePasswordParameters()

  @Test func eachCounterIsTakenOnce() {
    var used = UsedCounters()
    let now = Timestamp(seconds: 300)
    var outcomes: [Bool] = []
    for counters: [UInt64] in [[10], [10], [9], [11], [9], [], [10, 11]] {
      outcomes.append(used.use(counters, at: now, under: parameters))
    }
    #expect(outcomes == [true, false, true, true, false, false, false])
    #expect(used.counters == [9, 10, 11])
  }

  @Test func oneOfSeveralThatWasUsedUsesUpAll() {
    var used = UsedCounters([10])
    let wasTaken = used.use([9, 10], at: Timestamp(seconds: 300), under: parameters)
    #expect(!wasTaken)
    #expect(used.counters == [10])
  }

  @Test func onlyWhatIsStillGoodIsKept() {
    var used = UsedCounters()
    for step in 0..<1000 {
      let wasTaken = used.use([UInt64(step)], at: Timestamp(seconds: Int64(step) * 30), under: parameters)
      #expect(wasTaken)
      #expect(used.counters.count <= 3)
    }
  }
}
