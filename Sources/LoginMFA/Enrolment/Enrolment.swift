internal import JSONText
package import Primitives
package import SecretMemory

/// A key that an entity shares with an authenticator program for one method, and how codes are made of it. What the
/// method says later does not change it: the program would not hear of it.
package struct Enrolment: Sendable, Equatable {
  package let key: SecretBytes
  package let algorithm: String
  package let digits: Int64
  /// Seconds.
  package let period: Int64
  package let skew: Int64
  /// The counter of the last code that was accepted. It and all before it are used up (RFC 6238, 5.2).
  package var lastCounter: Int64?

  package init(key: SecretBytes, settings: TOTPSettings) {
    self.key = key
    algorithm = settings.algorithm
    digits = settings.digits
    period = settings.period
    skew = settings.skew
  }

  package enum Verdict: Sendable, Equatable {
    /// Good, and from now on used.
    case accepted(counter: Int64)
    /// It was good; there is a new one in so many seconds.
    case used(wait: Int64)
    case wrong
  }

  /// Judges what a user typed. Blanks do not count, because people and programs group digits; everything else has to be
  /// the code's digits, so that no other spelling of a used code is a new one.
  package func judge(_ typed: String, now: Timestamp) -> Verdict {
    let digits = typed.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    guard digits.count == Int(self.digits), digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return .wrong }
    guard let counter = matchingCounter(String(decoding: digits, as: UTF8.self), now: now) else { return .wrong }
    if let lastCounter, counter <= lastCounter {
      return .used(wait: period &- (now.seconds % period))
    }
    return .accepted(counter: counter)
  }
}

extension Enrolment {
  var bytes: [UInt8] {
    var object: JSONObject = [
      "key": .string(key.withBytes { Hex.encode($0) }), "algorithm": .string(algorithm), "digits": .int(digits),
      "period": .int(period), "skew": .int(skew),
    ]
    if let lastCounter { object["last"] = .int(lastCounter) }
    return JSONText(object).bytes
  }

  init?(bytes: [UInt8]) {
    guard let record = try? JSONParser.parse(bytes, limits: .unlimited),
      let key = record["key"]?.stringValue.flatMap(Hex.decode), let algorithm = record["algorithm"]?.stringValue,
      let digits = record["digits"]?.int64Value, let period = record["period"]?.int64Value, period > 0,
      let skew = record["skew"]?.int64Value
    else { return nil }
    var settings = TOTPSettings()
    settings.algorithm = algorithm
    settings.digits = digits
    settings.period = period
    settings.skew = skew
    self.init(key: SecretBytes(copying: key), settings: settings)
    lastCounter = record["last"]?.int64Value
  }
}
