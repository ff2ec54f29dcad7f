import Primitives
import Testing

@testable import DatabaseEngine

@Suite struct RotationTimingTests {
  private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

  @Test func aPeriodCountsFromTheLastChange() throws {
    let timing = RotationTiming.period(.hours(1))
    let last = try time("2026-05-01T10:00:00Z")
    let due = timing.next(after: last)
    #expect(due.rfc3339 == "2026-05-01T11:00:00Z")
    #expect(timing.decide(due: due, now: due - .seconds(1)) == .wait(until: due))
    #expect(timing.decide(due: due, now: due) == .rotate)
    #expect(timing.decide(due: due, now: due + .hours(1000)) == .rotate)
  }

  @Test func withoutAWindowLateIsBetterThanNever() throws {
    let timing = RotationTiming.schedule(try CronSchedule("0 0 * * SAT"), window: .zero)
    let due = timing.next(after: try time("2026-05-01T10:00:00Z"))
    #expect(due.rfc3339 == "2026-05-02T00:00:00Z")
    #expect(timing.decide(due: due, now: due + .hours(50)) == .rotate)
  }

  @Test func aMissedWindowWaitsForTheNext() throws {
    let timing = RotationTiming.schedule(try CronSchedule("0 0 * * SAT"), window: .hours(1))
    let due = try time("2026-05-02T00:00:00Z")
    #expect(timing.decide(due: due, now: due + .hours(1)) == .rotate)
    let next = try time("2026-05-09T00:00:00Z")
    #expect(timing.decide(due: due, now: due + .hours(1) + .seconds(1)) == .wait(until: next))
    // A week later, inside the next window.
    #expect(timing.decide(due: due, now: next + .minutes(30)) == .rotate)
  }

  @Test func windowsThatOverlapAreAlwaysOpen() throws {
    let timing = RotationTiming.schedule(try CronSchedule("@hourly"), window: .hours(2))
    let due = try time("2026-05-02T00:00:00Z")
    #expect(timing.decide(due: due, now: due + .hours(40) + .minutes(13)) == .rotate)
  }

  @Test func theEndOfTimeIsNoTrap() {
    let timing = RotationTiming.period(TimeSpan(nanoseconds: .max))
    #expect(timing.next(after: Timestamp(nanoseconds: .max)) == Timestamp(nanoseconds: .max))
  }
}
