import Primitives
import Testing

@testable import NameTemplates

@Suite struct TimeLayoutTests {
  /// The layouts that Go's package names, for 2009-02-05 21:00:57.012345678 UTC.
  @Test(arguments: [
    ("Mon Jan _2 15:04:05 2006", "Thu Feb  5 21:00:57 2009"),
    ("Mon Jan _2 15:04:05 MST 2006", "Thu Feb  5 21:00:57 UTC 2009"),
    ("Mon Jan 02 15:04:05 -0700 2006", "Thu Feb 05 21:00:57 +0000 2009"),
    ("02 Jan 06 15:04 MST", "05 Feb 09 21:00 UTC"),
    ("Monday, 02-Jan-06 15:04:05 MST", "Thursday, 05-Feb-09 21:00:57 UTC"),
    ("Mon, 02 Jan 2006 15:04:05 -0700", "Thu, 05 Feb 2009 21:00:57 +0000"),
    ("2006-01-02T15:04:05Z07:00", "2009-02-05T21:00:57Z"),
    ("2006-01-02T15:04:05.999999999Z07:00", "2009-02-05T21:00:57.012345678Z"),
    ("3:04PM", "9:00PM"),
    ("03:04pm", "09:00pm"),
    ("Jan _2 15:04:05.000", "Feb  5 21:00:57.012"),
    ("Jan _2 15:04:05.000000", "Feb  5 21:00:57.012345"),
    ("05,99", "57,01"),
    ("2006-002 __2", "2009-036  36"),
    ("1/2/2006", "2/5/2009"),
    ("January Janet Monkey _2006_01_02", "February Janet Monkey _2009_02_05"),
    ("15_04_05Z", "21_00_57Z"),
    ("20060102150405", "20090205210057"),
    ("-07 -07:00 Z0700", "+00 +00:00 Z"),
    ("é 06", "é 09"),
  ])
  func writes(_ layout: String, _ expected: String) {
    let time = Timestamp(nanoseconds: 1_233_867_657_012_345_678)
    #expect(TimeLayout.format(time, layout) == expected)
  }

  @Test func midnightAndNoonAreTwelve() {
    #expect(TimeLayout.format(Timestamp(seconds: 0), "3PM 15") == "12AM 00")
    #expect(TimeLayout.format(Timestamp(seconds: 43_200), "3PM 15") == "12PM 12")
    #expect(TimeLayout.format(Timestamp(nanoseconds: .min), "2006-01-02") == "1677-09-21")
  }
}
