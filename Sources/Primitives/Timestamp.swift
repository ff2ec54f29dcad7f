internal import Glibc

/// A point in time: nanoseconds since the Unix epoch, UTC. Valid from 1677 to 2262.
package struct Timestamp: Sendable, Hashable, Comparable {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Seconds outside the representable range are brought to its ends.
  package init(seconds: Int64) {
    let (value, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    nanoseconds = overflow ? (seconds < 0 ? .min : .max) : value
  }

  /// Whole seconds since the epoch, rounded down.
  package var seconds: Int64 {
    nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : -((-(nanoseconds + 1)) / 1_000_000_000) - 1
  }

  /// Whole milliseconds since the epoch, rounded down.
  package var milliseconds: Int64 { CalendarDate.floorDivide(nanoseconds, 1_000_000) }

  package static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Saturates at the ends of the range instead of trapping.
  package static func + (a: Timestamp, b: TimeSpan) -> Timestamp {
    let (value, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
    return Timestamp(nanoseconds: overflow ? (b.nanoseconds < 0 ? .min : .max) : value)
  }

  package static func - (a: Timestamp, b: TimeSpan) -> Timestamp {
    let (value, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
    return Timestamp(nanoseconds: overflow ? (b.nanoseconds > 0 ? .min : .max) : value)
  }

  package static func - (a: Timestamp, b: Timestamp) -> TimeSpan {
    let (value, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
    return TimeSpan(nanoseconds: overflow ? (a < b ? .min : .max) : value)
  }

  /// RFC 3339 in UTC with as many fractional digits as needed, trailing zeros cut: `2026-01-02T03:04:05.678Z`.
  package var rfc3339: String {
    var out = ByteBuffer(reserving: 32)
    append(to: &out)
    return out.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The same, written to the end of a buffer.
  package func append(to out: inout ByteBuffer) {
    let seconds = self.seconds
    var fraction = nanoseconds &- seconds &* 1_000_000_000
    let date = self.date
    let time = secondOfDay
    Self.append(date.year, digits: 4, to: &out)
    out.append(UInt8(ascii: "-"))
    Self.append(date.month, digits: 2, to: &out)
    out.append(UInt8(ascii: "-"))
    Self.append(date.day, digits: 2, to: &out)
    out.append(UInt8(ascii: "T"))
    Self.append(time / 3600, digits: 2, to: &out)
    out.append(UInt8(ascii: ":"))
    Self.append(time / 60 % 60, digits: 2, to: &out)
    out.append(UInt8(ascii: ":"))
    Self.append(time % 60, digits: 2, to: &out)
    if fraction != 0 {
      var digits = 9
      while fraction % 10 == 0 {
        fraction /= 10
        digits -= 1
      }
      out.append(UInt8(ascii: "."))
      Self.append(fraction, digits: digits, to: &out)
    }
    out.append(UInt8(ascii: "Z"))
  }

  /// Reads RFC 3339 with any fraction and offset; nil for anything else.
  package init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    var at = 0
    func number(_ digits: Int) -> Int64? {
      guard at + digits <= bytes.count else { return nil }
      var value: Int64 = 0
      for _ in 0..<digits {
        guard case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[at] else { return nil }
        value = value * 10 + Int64(bytes[at] - UInt8(ascii: "0"))
        at += 1
      }
      return value
    }
    func skip(_ characters: String) -> UInt8? {
      guard at < bytes.count, characters.utf8.contains(bytes[at]) else { return nil }
      at += 1
      return bytes[at - 1]
    }
    guard let year = number(4), skip("-") != nil, let month = number(2), skip("-") != nil, let day = number(2),
      skip("Tt ") != nil, let hour = number(2), skip(":") != nil, let minute = number(2), skip(":") != nil,
      let second = number(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    var fraction: Int64 = 0
    if skip(".") != nil {
      var scale: Int64 = 100_000_000
      var digits = 0
      while at < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[at] {
        fraction += Int64(bytes[at] - UInt8(ascii: "0")) * scale
        scale /= 10
        digits += 1
        at += 1
      }
      if digits == 0 { return nil }
    }
    var offset: Int64 = 0
    if skip("Zz") == nil {
      guard let sign = skip("+-"), let h = number(2), skip(":") != nil, let m = number(2) else { return nil }
      offset = (h * 3600 + m * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }
    guard at == bytes.count else { return nil }
    let days = CalendarDate(year: year, month: month, day: day).daysSinceEpoch
    self = Timestamp(seconds: days * 86_400 + hour * 3600 + minute * 60 + second - offset)
    nanoseconds = nanoseconds.addingReportingOverflow(fraction).partialValue
  }

  /// The last digits of a number that is not negative.
  private static func append(_ value: Int64, digits: Int, to out: inout ByteBuffer) {
    out.append(upTo: digits) { room in
      var rest = UInt64(bitPattern: value)
      for at in stride(from: digits &- 1, through: 0, by: -1) {
        room[at] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      return digits
    }
  }
}

/// Where time comes from. A value, so that tests step it by hand.
package struct WallClock: Sendable {
  package let now: @Sendable () -> Timestamp

  package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

  /// The machine's clock.
  package static let system = WallClock {
    var t = timespec()
    clock_gettime(CLOCK_REALTIME, &t)
    return Timestamp(nanoseconds: Int64(t.tv_sec) * 1_000_000_000 + Int64(t.tv_nsec))
  }

  /// Nanoseconds of a clock that never goes back, for measuring.
  package static func monotonicNanoseconds() -> UInt64 {
    var t = timespec()
    clock_gettime(CLOCK_MONOTONIC, &t)
    return UInt64(t.tv_sec) * 1_000_000_000 + UInt64(t.tv_nsec)
  }
}
