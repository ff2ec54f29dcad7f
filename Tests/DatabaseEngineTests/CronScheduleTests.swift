import Primitives
import Testing

@testable import DatabaseEngine

@Suite struct CronScheduleTests {
  /// After Monday, 9 July 2012, 14:45 UTC.
  @Test(arguments: [
    ("0/15 * * * *", "2012-07-09T15:00:00Z"),
    ("*/15 * * * *", "2012-07-09T15:00:00Z"),
    ("46 * * * *", "2012-07-09T14:46:00Z"),
    ("45 14 * * *", "2012-07-10T14:45:00Z"),
    ("20-35/15 * * * *", "2012-07-09T15:20:00Z"),
    ("30 3-6,20-23 * * *", "2012-07-09T20:30:00Z"),
    ("0 0 * * SAT", "2012-07-14T00:00:00Z"),
    ("0 0 * * mon-fri", "2012-07-10T00:00:00Z"),
    ("0 0 1 * ?", "2012-08-01T00:00:00Z"),
    ("0 0 31 * *", "2012-07-31T00:00:00Z"),
    ("0 0 29 Feb *", "2016-02-29T00:00:00Z"),
    ("0 0 9 Apr-Oct,dec *", "2012-08-09T00:00:00Z"),
    // A day by either: the 13th is a Friday, the 12th a Thursday.
    ("0 0 13 * THU", "2012-07-12T00:00:00Z"),
    ("0 0 12 * 5", "2012-07-12T00:00:00Z"),
    // By both, since a step of one or a question mark chooses nothing.
    ("0 0 */1 * 0", "2012-07-15T00:00:00Z"),
    ("0 0 ? * 0", "2012-07-15T00:00:00Z"),
    // Every second day or a Sunday.
    ("0 0 */2 * 0", "2012-07-11T00:00:00Z"),
    ("@hourly", "2012-07-09T15:00:00Z"),
    ("@daily", "2012-07-10T00:00:00Z"),
    ("@midnight", "2012-07-10T00:00:00Z"),
    ("@weekly", "2012-07-15T00:00:00Z"),
    ("@monthly", "2012-08-01T00:00:00Z"),
    ("@yearly", "2013-01-01T00:00:00Z"),
    ("@annually", "2013-01-01T00:00:00Z"),
    ("CRON_TZ=UTC 0 3 * * *", "2012-07-10T03:00:00Z"),
    ("  0   3\t* * * ", "2012-07-10T03:00:00Z"),
  ])
  func comesNext(_ text: String, _ expected: String) throws {
    let now = try #require(Timestamp(rfc3339: "2012-07-09T14:45:00Z"))
    #expect(try CronSchedule(text).next(after: now)?.rfc3339 == expected)
  }

  @Test func aPartOfAMinuteLaterIsLater() throws {
    let schedule = try CronSchedule("45 14 * * *")
    let before = try #require(Timestamp(rfc3339: "2012-07-09T14:44:59.999999999Z"))
    let after = try #require(Timestamp(rfc3339: "2012-07-09T14:45:00.000000001Z"))
    #expect(schedule.next(after: before)?.rfc3339 == "2012-07-09T14:45:00Z")
    #expect(schedule.next(after: after)?.rfc3339 == "2012-07-10T14:45:00Z")
  }

  @Test func aLeapDayAcrossACenturyIsFound() throws {
    let time = try #require(Timestamp(rfc3339: "2096-03-01T00:00:00Z"))
    #expect(try CronSchedule("0 0 29 2 *").next(after: time)?.rfc3339 == "2104-02-29T00:00:00Z")
  }

  @Test func theEndOfTimeIsNoTrap() throws {
    let schedule = try CronSchedule("0 0 1 1 *")
    #expect(schedule.next(after: Timestamp(nanoseconds: .max)) == nil)
    #expect(schedule.next(after: Timestamp(nanoseconds: .min))?.rfc3339 == "1678-01-01T00:00:00Z")
  }

  @Test(arguments: [
    "", "nonsense", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *",
    "* * * 13 *", "* * * * 7", "5-4 * * * *", "1-2-3 * * * *", "1/2/3 * * * *", "*/0 * * * *", "*/-1 * * * *",
    "-1 * * * *", "+1 * * * *", "*/x * * * *", "x * * * *", ", * * * *", "* * * FOO *", "0 0 30 2 *", "0 0 31 2,4,6 *",
    "@every 1h", "@never", "@daily 1", "TZ=Asia/Tokyo 0 0 * * *", "99999999999999999999 * * * *", "1- * * * *",
    "/5 * * * *",
  ])
  func isNoSchedule(_ text: String) { #expect(throws: CronSchedule.Mistake.self) { try CronSchedule(text) } }

  /// Schedules of which the meaning is made beside the text, against a search minute by minute.
  @Test func agreesWithASearchMinuteByMinute() throws {
    var generator = ScheduleGenerator(random: .seeded(11))
    for _ in 0..<300 {
      let made = generator.schedule()
      guard let schedule = try? CronSchedule(made.text) else { continue }
      var time = Timestamp(seconds: 1_600_000_000 + Int64(generator.random.below(200_000_000)))
      for _ in 0..<3 {
        guard let expected = made.search(after: time, days: 70) else { break }
        let found = schedule.next(after: time)
        #expect(found == expected, "\(made.text) after \(time.rfc3339)")
        time = expected
      }
    }
  }
}

/// A schedule's text, and its values as plain sets.
private struct MadeSchedule {
  var text = ""
  var sets: [Set<Int64>] = []
  var daysAreFree: [Bool] = []

  func search(after time: Timestamp, days: Int64) -> Timestamp? {
    var seconds = time.seconds - time.secondOfDay % 60 + 60
    let end = seconds + days * 86_400
    while seconds < end {
      let moment = Timestamp(seconds: seconds)
      let date = moment.date
      let byMonth = sets[2].contains(date.day)
      let byWeek = sets[4].contains(date.weekday)
      let day = daysAreFree[0] || daysAreFree[1] ? byMonth && byWeek : byMonth || byWeek
      if day, sets[3].contains(date.month), sets[1].contains(moment.secondOfDay / 3600),
        sets[0].contains(moment.secondOfDay / 60 % 60)
      {
        return moment
      }
      seconds += 60
    }
    return nil
  }
}

private struct ScheduleGenerator {
  let random: RandomSource

  mutating func schedule() -> MadeSchedule {
    var made = MadeSchedule()
    var texts: [String] = []
    let ranges = [0...59, 0...23, 1...31, 1...12, 0...6]
    for (index, range) in ranges.enumerated() {
      let (text, values, isFree) = field(range)
      texts.append(text)
      made.sets.append(values)
      if index == 2 || index == 4 { made.daysAreFree.append(isFree) }
    }
    made.text = texts.joined(separator: " ")
    return made
  }

  private mutating func field(_ range: ClosedRange<Int>) -> (String, Set<Int64>, Bool) {
    if random.below(2) == 0 { return ("*", Set(range.map(Int64.init)), true) }
    var items: [String] = []
    var values: Set<Int64> = []
    for _ in 0...random.below(3) {
      let low = range.lowerBound + Int(random.below(UInt64(range.count)))
      let high = low + Int(random.below(UInt64(range.upperBound - low + 1)))
      let step = 2 + Int(random.below(9))
      switch random.below(5) {
      case 0:
        items.append("\(low)")
        values.insert(Int64(low))
      case 1:
        items.append("\(low)-\(high)")
        values.formUnion((low...high).map(Int64.init))
      case 2:
        items.append("\(low)-\(high)/\(step)")
        values.formUnion((low...high).filter { ($0 - low) % step == 0 }.map(Int64.init))
      case 3:
        items.append("\(low)/\(step)")
        values.formUnion((low...range.upperBound).filter { ($0 - low) % step == 0 }.map(Int64.init))
      default:
        items.append("*/\(step)")
        values.formUnion(range.filter { ($0 - range.lowerBound) % step == 0 }.map(Int64.init))
      }
    }
    return (items.joined(separator: ","), values, false)
  }
}
