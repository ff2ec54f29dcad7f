package import Primitives

/// When a password is changed: so long after the last change, or by a schedule, then within a window after each time of it.
package enum RotationTiming: Sendable, Hashable {
  case period(TimeSpan)
  /// A window of zero is none: late is better than never.
  case schedule(CronSchedule, window: TimeSpan)

  /// When the change after one at `last` is due.
  package func next(after last: Timestamp) -> Timestamp {
    switch self {
    case .period(let period): last + period
    case .schedule(let schedule, _): schedule.next(after: last) ?? Timestamp(nanoseconds: .max)
    }
  }

  package enum Decision: Sendable, Equatable {
    case wait(until: Timestamp)
    case rotate
  }

  /// What to do at `now` about a change that was due at `due`. One that missed its window waits for the next.
  package func decide(due: Timestamp, now: Timestamp) -> Decision {
    if now < due { return .wait(until: due) }
    guard case .schedule(_, let window) = self, window > .zero, now > due + window else { return .rotate }
    // Between the missed one and now there may have been another whose window is still open.
    let next = next(after: now - window)
    return next <= now ? .rotate : .wait(until: next)
  }
}
