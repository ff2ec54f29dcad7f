package import Primitives

/// When something is to happen, as cron has it (crontab(5)): minute, hour, day of month, month and day of week, with
/// `*`, `?`, lists, ranges, steps and the English names of months and days. All in UTC.
///
/// Where both kinds of day are named, a day of either kind counts; `@daily` and its likes stand for five fields.
package struct CronSchedule: Sendable, Hashable {
  /// As it was written.
  package let text: String
  private let minutes: CronField
  private let hours: CronField
  private let daysOfMonth: CronField
  private let months: CronField
  private let weekdays: CronField

  /// Why a text is no schedule.
  package struct Mistake: Error, Equatable {
    package let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// - Throws: `Mistake` also for a schedule that never comes, such as one on the 30th of February.
  package init(_ text: String) throws(Mistake) {
    guard text.utf8.count <= 256 else { throw Mistake("the schedule is too long") }
    self.text = text
    var fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
    for prefix in ["CRON_TZ=", "TZ="] {
      guard let zone = fields.first, zone.hasPrefix(prefix) else { continue }
      guard ["UTC", "Etc/UTC"].contains(zone.dropFirst(prefix.count)) else {
        throw Mistake("schedules are in UTC, no other time zone can be set: \(zone)")
      }
      fields.removeFirst()
      break
    }
    if let name = fields.first, name.hasPrefix("@") {
      guard fields.count == 1, let meaning = Self.descriptors[name] else {
        throw Mistake(
          name == "@every" ? "@every is not supported, use a period" : "unrecognized descriptor: \(name)")
      }
      fields = meaning.split(separator: " ").map(String.init)
    }
    guard fields.count == 5 else {
      throw Mistake("expected exactly 5 fields, found \(fields.count): [\(fields.joined(separator: " "))]")
    }
    minutes = try CronField(fields[0], in: 0...59)
    hours = try CronField(fields[1], in: 0...23)
    daysOfMonth = try CronField(fields[2], in: 1...31)
    months = try CronField(fields[3], in: 1...12, names: Self.monthNames)
    weekdays = try CronField(fields[4], in: 0...6, names: Self.weekdayNames)
    if next(after: Timestamp(seconds: 0)) == nil { throw Mistake("the schedule never comes: \(text)") }
  }

  /// The first time that is later than `time`; nil only where the range of times ends before it.
  package func next(after time: Timestamp) -> Timestamp? {
    let today = time.date.daysSinceEpoch
    var earliest = time.secondOfDay / 60 + 1
    // The 29th of February can be eight years away.
    for day in today...(today + 9 * 366) {
      if includes(CalendarDate(daysSinceEpoch: day)), let minute = firstMinute(from: earliest) {
        let next = Timestamp(seconds: day * 86_400 + minute * 60)
        return next > time ? next : nil
      }
      earliest = 0
    }
    return nil
  }

  private func includes(_ date: CalendarDate) -> Bool {
    guard months.contains(date.month) else { return false }
    let byMonth = daysOfMonth.contains(date.day)
    let byWeek = weekdays.contains(date.weekday)
    return daysOfMonth.isAny || weekdays.isAny ? byMonth && byWeek : byMonth || byWeek
  }

  /// The first minute of a day that is not before `earliest`.
  private func firstMinute(from earliest: Int64) -> Int64? {
    guard earliest < 24 * 60 else { return nil }
    for hour in (earliest / 60)...23 where hours.contains(hour) {
      let first = hour == earliest / 60 ? earliest % 60 : 0
      if let minute = minutes.first(from: first) { return hour * 60 + minute }
    }
    return nil
  }

  private static let descriptors = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]
  private static let monthNames = [
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
  ]
  private static let weekdayNames = ["sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6]
}
