/// A day of the proleptic Gregorian calendar.
package struct CalendarDate: Sendable, Hashable {
  package let year: Int64
  /// 1 to 12.
  package let month: Int64
  /// 1 to 31.
  package let day: Int64

  package init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The date of a day number since 1970-01-01, by eras of 400 years.
  package init(daysSinceEpoch days: Int64) {
    let z = days + 719_468
    let era = Self.floorDivide(z, 146_097)
    let doe = z - era * 146_097
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
    let mp = (5 * doy + 2) / 153
    month = mp < 10 ? mp + 3 : mp - 9
    year = yoe + era * 400 + (month <= 2 ? 1 : 0)
    day = doy - (153 * mp + 2) / 5 + 1
  }

  package var daysSinceEpoch: Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = Self.floorDivide(y, 400)
    let yoe = y - era * 400
    let doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
  }

  /// 0 for Sunday to 6 for Saturday.
  package var weekday: Int64 {
    let days = daysSinceEpoch + 4
    return days - Self.floorDivide(days, 7) * 7
  }

  /// 1 for January the first.
  package var dayOfYear: Int64 {
    daysSinceEpoch - CalendarDate(year: year, month: 1, day: 1).daysSinceEpoch + 1
  }

  static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : (a + 1) / b - 1 }
}

extension Timestamp {
  /// The day in UTC.
  package var date: CalendarDate { CalendarDate(daysSinceEpoch: CalendarDate.floorDivide(seconds, 86_400)) }

  /// Seconds since midnight, UTC.
  package var secondOfDay: Int64 { seconds - CalendarDate.floorDivide(seconds, 86_400) * 86_400 }
}
