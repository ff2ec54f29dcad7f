internal import JSONText
package import OneTimePasswords
package import Primitives
internal import SecretMemory

/// A key that an entity shares with an authenticator program for one method. How codes are made of it stays as it was when
/// it was made, whatever becomes of the method: the program would not hear of it.
package struct Enrolment: Sendable, Equatable {
  package let key: OneTimePasswordKey
  package private(set) var used: UsedCounters

  package init(key: OneTimePasswordKey, used: UsedCounters = UsedCounters()) {
    self.key = key
    self.used = used
  }

  package enum Verdict: Sendable, Equatable {
    /// Good. The enrolment as it is once the code is used up.
    case accepted(Enrolment)
    /// It was good once; there is a new one after that time.
    case used(wait: TimeSpan)
    case wrong
  }

  /// Judges what a user typed. Blanks do not count, because people and programs group digits; everything else has to be
  /// the code's digits, so that no other spelling of a used code is a new one.
  package func judge(_ typed: String, now: Timestamp) -> Verdict {
    let typed = typed.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    let counters = key.counters(of: String(decoding: typed, as: UTF8.self), at: now)
    if counters.isEmpty { return .wrong }
    var next = self
    guard next.used.use(counters, at: now, under: key.parameters) else {
      let period = key.parameters.period.seconds
      return .used(wait: .seconds(period &- (max(0, now.seconds) % period)))
    }
    return .accepted(next)
  }
}

extension Enrolment {
  var bytes: [UInt8] {
    JSONText(
      [
        "key": .string(key.secret.withBytes { Hex.encode($0) }),
        "algorithm": .string(key.parameters.algorithm.rawValue), "digits": .int(key.parameters.digits.rawValue),
        "period": .int(key.parameters.period.seconds), "skew": .int(key.parameters.skew.rawValue),
        "used": .array(used.counters.map { .int($0) }),
      ] as JSONObject
    ).bytes
  }

  init?(bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited),
      let secret = record["key"]?.stringValue.flatMap(Hex.decode), !secret.isEmpty,
      let algorithm = record["algorithm"]?.stringValue.flatMap(OneTimePasswordParameters.Algorithm.init),
      let digits = record["digits"]?.int64Value.flatMap({ OneTimePasswordParameters.Digits(rawValue: Int($0)) }),
      let period = record["period"]?.int64Value,
      let skew = record["skew"]?.int64Value.flatMap({ OneTimePasswordParameters.Skew(rawValue: Int($0)) })
    else { return nil }
    let used = record["used"]?.arrayValue?.compactMap { $0.int64Value.flatMap(UInt64.init(exactly:)) } ?? []
    self.init(
      key: OneTimePasswordKey(
        secret: SecretBytes(copying: secret),
        parameters: OneTimePasswordParameters(
          algorithm: algorithm, digits: digits, period: .seconds(period), skew: skew)),
      used: UsedCounters(used))
  }
}
