internal import EngineAPI
import Primitives

/// When each mount has something to do in the background. A plain state machine without clock or thread.
struct MountSchedule: Sendable {
  enum Step: Equatable {
    case work(String)
    case sleep(until: Timestamp?)
    case stop
  }

  private var due: [String: Timestamp] = [:]
  /// The mount that is at work.
  private(set) var running: String?
  var isStopping = false
  var hasThread = false
  /// Counts requests, so that a sleeping thread sees that there was one.
  private(set) var requests = 0

  mutating func request(_ mount: String, at time: Timestamp) {
    if let known = due[mount], known <= time { return }
    due[mount] = time
    requests &+= 1
  }

  mutating func forget(_ mount: String) { due[mount] = nil }

  /// What to do now; whoever gets `work` says `finished` afterwards.
  mutating func next(_ now: Timestamp) -> Step {
    if isStopping { return .stop }
    guard let first = due.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return .sleep(until: nil) }
    if first.value > now { return .sleep(until: first.value) }
    due[first.key] = nil
    running = first.key
    return .work(first.key)
  }

  mutating func finished(_ mount: String, next: Timestamp?) {
    running = nil
    if let next { request(mount, at: next) }
  }
}

/// The thread that does what mounts have to do in the background, one mount at a time.
final class MountWork: Sendable {
  typealias Body = @Sendable (_ mount: String, _ now: Timestamp) throws -> Timestamp?

  /// A mount that keeps asking to be called at once gets this long a rest, and so does one that failed.
  static let shortestPause = TimeSpan.milliseconds(50)
  static let pauseAfterFailure = TimeSpan.seconds(10)

  private let clock: WallClock
  private let log: @Sendable (StaticString, [(String, String)]) -> Void
  private let schedule = Monitored(MountSchedule())

  init(clock: WallClock, log: @escaping @Sendable (StaticString, [(String, String)]) -> Void) {
    self.clock = clock
    self.log = log
  }

  func request(_ mount: String, at time: Timestamp) { schedule.update { $0.request(mount, at: time) } }

  /// Returns when the mount is not at work, and will not be unless it is asked for again.
  func forget(_ mount: String) {
    _ = schedule.wait { schedule in
      schedule.forget(mount)
      return schedule.running == mount ? nil : true
    }
  }

  /// Begins to work in a thread of its own. To be called at most once.
  func start(_ body: @escaping Body) {
    schedule.update { $0.hasThread = true }
    let thread = BackgroundThread { [self] in
      run(body)
      schedule.update { $0.hasThread = false }
    }
    guard let thread else {
      schedule.update { $0.hasThread = false }
      log("nothing is done in the background for mounts: the system gives no more threads", [])
      return
    }
    thread.detach()
  }

  /// Returns when the thread has ended, but does not wait long for an engine that hangs.
  func stop() {
    schedule.update { $0.isStopping = true }
    _ = schedule.wait(atMost: .seconds(10)) { $0.hasThread ? nil : true }
  }

  private func run(_ body: Body) {
    while true {
      let now = clock.now()
      let (step, seen) = schedule.withLock { ($0.next(now), $0.requests) }
      switch step {
      case .stop: return
      case .work(let mount): perform(mount, now: now, body)
      case .sleep(let until):
        let pause = until.map { max(TimeSpan.zero, $0 - now) }
        _ = schedule.wait(atMost: pause) { $0.isStopping || $0.requests != seen ? true : nil }
      }
    }
  }

  /// Does everything that is due at `now`, in the calling thread; returns when there is something next.
  func perform(due now: Timestamp, _ body: Body) -> Timestamp? {
    while true {
      switch schedule.withLock({ $0.next(now) }) {
      case .stop: return nil
      case .sleep(let until): return until
      case .work(let mount): perform(mount, now: now, body)
      }
    }
  }

  private func perform(_ mount: String, now: Timestamp, _ body: Body) {
    var next: Timestamp?
    do { next = try body(mount, now).map { max($0, now + Self.shortestPause) } } catch {
      log(
        "background work of a mount failed; it will be tried again",
        [("mount", mount), ("error", (error as? EngineError)?.messages.joined(separator: "; ") ?? "internal error")])
      next = now + Self.pauseAfterFailure
    }
    schedule.update { $0.finished(mount, next: next) }
  }
}
