/// A signed length of time in nanoseconds, written as Go writes durations, because that is the notation of the whole API.
package struct TimeSpan: Sendable, Hashable, Comparable {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package static let zero = TimeSpan(nanoseconds: 0)

  /// Saturates where nanoseconds cannot hold that many seconds.
  package static func seconds(_ seconds: Int64) -> TimeSpan {
    let (value, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return TimeSpan(nanoseconds: overflow ? (seconds < 0 ? .min : .max) : value)
  }
  package static func milliseconds(_ milliseconds: Int64) -> TimeSpan {
    let (value, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return TimeSpan(nanoseconds: overflow ? (milliseconds < 0 ? .min : .max) : value)
  }
  package static func minutes(_ minutes: Int64) -> TimeSpan { seconds(minutes &* 60) }
  package static func hours(_ hours: Int64) -> TimeSpan { seconds(hours &* 3600) }

  /// Whole seconds, rounded towards zero.
  package var seconds: Int64 { nanoseconds / 1_000_000_000 }

  package static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Reads Go's notation, such as `1h30m`, `-1.5s`, `300ms`; nil for anything else, `1` and `1d` included.
  package init?(go text: String) {
    var bytes = Array(text.utf8)[...]
    var negative = false
    if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      negative = sign == UInt8(ascii: "-")
      bytes = bytes.dropFirst()
    }
    if bytes.elementsEqual([UInt8(ascii: "0")]) {
      self = .zero
      return
    }
    guard !bytes.isEmpty else { return nil }
    var total: Int64 = 0
    while !bytes.isEmpty {
      var whole: Int64 = 0
      var digits = 0
      while let c = bytes.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(c) {
        let (m, o1) = whole.multipliedReportingOverflow(by: 10)
        let (s, o2) = m.addingReportingOverflow(Int64(c - UInt8(ascii: "0")))
        if o1 || o2 { return nil }
        whole = s
        digits += 1
        bytes = bytes.dropFirst()
      }
      var fraction = 0.0
      if bytes.first == UInt8(ascii: ".") {
        bytes = bytes.dropFirst()
        var scale = 0.1
        while let c = bytes.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(c) {
          fraction += Double(c - UInt8(ascii: "0")) * scale
          scale /= 10
          digits += 1
          bytes = bytes.dropFirst()
        }
      }
      guard digits > 0 else { return nil }
      let unitBytes = bytes.prefix { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) && $0 != UInt8(ascii: ".") }
      bytes = bytes.dropFirst(unitBytes.count)
      let unit: Int64
      switch String(decoding: unitBytes, as: UTF8.self) {
      case "ns": unit = 1
      case "us", "µs", "μs": unit = 1000
      case "ms": unit = 1_000_000
      case "s": unit = 1_000_000_000
      case "m": unit = 60_000_000_000
      case "h": unit = 3_600_000_000_000
      default: return nil
      }
      let (m, o1) = whole.multipliedReportingOverflow(by: unit)
      let (s, o2) = m.addingReportingOverflow(Int64((fraction * Double(unit)).rounded()))
      let (t, o3) = total.addingReportingOverflow(s)
      if o1 || o2 || o3 { return nil }
      total = t
    }
    nanoseconds = negative ? -total : total
  }

  /// Reads what the API accepts for a length of time: whole seconds (`90`, `-1`), Go's notation, or days (`7d`, `1.5d`).
  package init?(api text: String) {
    if let seconds = Int64(text) {
      let (value, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      if overflow { return nil }
      self.init(nanoseconds: value)
    } else if text.utf8.last == UInt8(ascii: "d"), let days = Double(text.dropLast()), days.isFinite,
      abs(days) < 100_000
    {
      self.init(nanoseconds: Int64(days * 86_400_000_000_000))
    } else {
      self.init(go: text)
    }
  }

  /// Go's notation: `1h30m0s`, `1.5s`, `300ms`, `0s`.
  package var goDescription: String {
    if nanoseconds == 0 { return "0s" }
    let magnitude = nanoseconds.magnitude
    let sign = nanoseconds < 0 ? "-" : ""
    func decimal(_ unit: UInt64, _ suffix: String, of value: UInt64) -> String {
      var text = String(value / unit)
      var rest = String(value % unit)
      if value % unit != 0 {
        rest = String(repeating: "0", count: String(unit).utf8.count - 1 - rest.utf8.count) + rest
        while rest.utf8.last == UInt8(ascii: "0") { rest.removeLast() }
        text += "." + rest
      }
      return text + suffix
    }
    if magnitude < 1000 { return sign + "\(magnitude)ns" }
    if magnitude < 1_000_000 { return sign + decimal(1000, "µs", of: magnitude) }
    if magnitude < 1_000_000_000 { return sign + decimal(1_000_000, "ms", of: magnitude) }
    let hours = magnitude / 3_600_000_000_000
    let minutes = magnitude / 60_000_000_000 % 60
    let rest = decimal(1_000_000_000, "s", of: magnitude % 60_000_000_000)
    return sign + (hours > 0 ? "\(hours)h\(minutes)m" : minutes > 0 ? "\(minutes)m" : "") + rest
  }
}
