package import Primitives

/// What both sides must agree on beside the secret.
package struct OneTimePasswordParameters: Sendable, Equatable {
  /// The hash below the HMAC, by the names of `otpauth` URLs.
  package enum Algorithm: String, Sendable, CaseIterable {
    case sha1 = "SHA1"
    case sha256 = "SHA256"
    case sha512 = "SHA512"
  }

  /// How long passwords are.
  package enum Digits: Int, Sendable, CaseIterable {
    case six = 6
    case eight = 8

    /// The first number that has more digits.
    var bound: UInt32 {
      switch self {
      case .six: 1_000_000
      case .eight: 100_000_000
      }
    }
  }

  /// How many periods before and after the present one count as well, for clocks that differ.
  package enum Skew: Int, Sendable, CaseIterable {
    case none = 0
    case one = 1
  }

  /// A day: with a longer period a password would hardly be one of one time.
  package static let maximumPeriodSeconds: Int64 = 86_400

  package var algorithm: Algorithm
  package var digits: Digits
  package var skew: Skew
  /// How long a password is good for; whole seconds, at least one.
  package private(set) var period: TimeSpan

  /// Less than a second of `period` is taken for one.
  package init(
    algorithm: Algorithm = .sha1, digits: Digits = .six, period: TimeSpan = .seconds(30), skew: Skew = .one
  ) {
    self.algorithm = algorithm
    self.digits = digits
    self.period = .seconds(max(1, period.seconds))
    self.skew = skew
  }

  /// The number of the period that the time is in, counted from the epoch (RFC 6238, section 4.2).
  package func counter(at time: Timestamp) -> UInt64 { UInt64(max(0, time.seconds) / period.seconds) }

  /// The counters whose passwords are good at that time, lowest first.
  package func counters(around time: Timestamp) -> ClosedRange<UInt64> {
    let counter = counter(at: time)
    let skew = UInt64(skew.rawValue)
    return (counter - min(skew, counter))...(counter + skew)
  }
}
