package import Primitives

/// Times written by a layout that shows how the reference time, `Mon Jan 2 15:04:05 MST 2006`, would be written (pkg.go.dev/time#Layout). UTC.
package enum TimeLayout {
  package static func format(_ time: Timestamp, _ layout: String) -> String {
    let moment = Moment(time)
    var rest = Array(layout.utf8)[...]
    var out: [UInt8] = []
    while let first = rest.first {
      if let (length, text) = moment.element(at: rest) {
        out.append(contentsOf: text.utf8)
        rest = rest.dropFirst(length)
      } else {
        out.append(first)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}

private struct Moment {
  let date: CalendarDate
  let hour: Int64
  let minute: Int64
  let second: Int64
  let fraction: Int64

  init(_ time: Timestamp) {
    date = time.date
    hour = time.secondOfDay / 3600
    minute = time.secondOfDay / 60 % 60
    second = time.secondOfDay % 60
    fraction = time.nanoseconds &- time.seconds &* 1_000_000_000
  }

  /// What the layout begins with and how it is written; nil where it begins with a character that stands for itself.
  func element(at layout: ArraySlice<UInt8>) -> (length: Int, text: String)? {
    for (name, value) in names where layout.starts(with: name.utf8) {
      // "Jan" and "Mon" do not stand for anything inside a word.
      let next = layout.dropFirst(name.utf8.count).first
      if name.utf8.count == 3, let next, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(next) { continue }
      return (name.utf8.count, value)
    }
    // A year after "_", which otherwise asks for a blank before days below ten.
    if layout.starts(with: "_2006".utf8) { return (5, "_" + digits(date.year, 4)) }
    for (name, value) in numbers where layout.starts(with: name.utf8) { return (name.utf8.count, value) }
    for (name, value) in Self.zones where layout.starts(with: name.utf8) { return (name.utf8.count, value) }
    return fraction(at: layout)
  }

  private var names: [(String, String)] {
    let month = Self.months[Int((date.month + 11) % 12)]
    let weekday = Self.weekdays[Int(date.weekday % 7)]
    return [
      ("January", month), ("Jan", String(month.prefix(3))), ("Monday", weekday), ("Mon", String(weekday.prefix(3))),
    ]
  }

  /// Longer ones before those that they begin with.
  private var numbers: [(String, String)] {
    let half = hour % 12 == 0 ? 12 : hour % 12
    return [
      ("2006", digits(date.year, 4)), ("__2", padded(date.dayOfYear, 3)), ("002", digits(date.dayOfYear, 3)),
      ("01", digits(date.month, 2)), ("02", digits(date.day, 2)), ("03", digits(half, 2)), ("04", digits(minute, 2)),
      ("05", digits(second, 2)), ("06", digits(date.year % 100, 2)), ("15", digits(hour, 2)),
      ("_2", padded(date.day, 2)), ("1", String(date.month)), ("2", String(date.day)), ("3", String(half)),
      ("4", String(minute)), ("5", String(second)), ("PM", hour < 12 ? "AM" : "PM"), ("pm", hour < 12 ? "am" : "pm"),
    ]
  }

  private static let zones = [
    ("MST", "UTC"), ("Z07:00:00", "Z"), ("Z070000", "Z"), ("Z07:00", "Z"), ("Z0700", "Z"), ("Z07", "Z"),
    ("-07:00:00", "+00:00:00"), ("-070000", "+000000"), ("-07:00", "+00:00"), ("-0700", "+0000"), ("-07", "+00"),
  ]

  /// Parts of a second: `.000` with as many digits, `.999` without zeros at the end.
  private func fraction(at layout: ArraySlice<UInt8>) -> (Int, String)? {
    guard let mark = layout.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ","),
      let digit = layout.dropFirst().first, digit == UInt8(ascii: "0") || digit == UInt8(ascii: "9")
    else { return nil }
    let run = layout.dropFirst().prefix { $0 == digit }.count
    if let next = layout.dropFirst(1 + run).first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { return nil }
    var text = Array(digits(fraction, 9).utf8.prefix(run))
    while text.count < run { text.append(UInt8(ascii: "0")) }
    if digit == UInt8(ascii: "9") {
      while text.last == UInt8(ascii: "0") { text.removeLast() }
      if text.isEmpty { return (1 + run, "") }
    }
    return (1 + run, String(UnicodeScalar(mark)) + String(decoding: text, as: UTF8.self))
  }

  private func digits(_ value: Int64, _ count: Int) -> String { Self.fill("0", value, count) }
  private func padded(_ value: Int64, _ count: Int) -> String { Self.fill(" ", value, count) }

  private static func fill(_ filling: String, _ value: Int64, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: filling, count: max(0, count - text.utf8.count)) + text
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
}
