import Primitives
import Testing

struct TimeTests {
  @Test(
    arguments: [
      ("1h30m", 5_400_000_000_000), ("-1.5s", -1_500_000_000), ("300ms", 300_000_000), ("0", 0),
      ("1h0m0s", 3_600_000_000_000),
      ("2us", 2000),
    ] as [(String, Int64)])
  func goNotation(text: String, nanoseconds: Int64) {
    #expect(TimeSpan(go: text)?.nanoseconds == nanoseconds)
  }

  @Test(arguments: ["", "1", "1d", "h", "1h30", "1.s2", "9999999999999h", "--1s", "1 s"])
  func noGoNotation(text: String) {
    #expect(TimeSpan(go: text) == nil)
  }

  @Test func theNotationComesBack() {
    let random = RandomSource.seeded(3)
    for _ in 0..<2000 {
      let span = TimeSpan(nanoseconds: Int64(bitPattern: random.below(1 << 61)) - (1 << 60))
      #expect(TimeSpan(go: span.goDescription) == span, "\(span.goDescription)")
    }
  }

  @Test func daysAndSecondsAreTakenByTheAPI() {
    #expect(TimeSpan(api: "90") == .seconds(90))
    #expect(TimeSpan(api: "7d") == .hours(168))
    #expect(TimeSpan(api: "1w") == nil)
  }

  @Test func timesSaturate() {
    #expect(Timestamp(seconds: .max) + .hours(1) == Timestamp(nanoseconds: .max))
    #expect(Timestamp(nanoseconds: .min) - .hours(1) == Timestamp(nanoseconds: .min))
  }

  @Test func theEpochAsText() {
    #expect(Timestamp(seconds: 0).rfc3339 == "1970-01-01T00:00:00Z")
    #expect(Timestamp(seconds: 951_782_400).rfc3339 == "2000-02-29T00:00:00Z")
    #expect(Timestamp(nanoseconds: 1_500_000_000).rfc3339 == "1970-01-01T00:00:01.5Z")
  }
}
