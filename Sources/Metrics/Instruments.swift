internal import Glibc
internal import Primitives
internal import Synchronization

/// Figures of one interval, as the telemetry document lists them.
struct Aggregate {
  var count: UInt64 = 0
  var sum = 0.0
  var squares = 0.0
  var least = 0.0
  var greatest = 0.0

  mutating func add(_ other: Aggregate) {
    if other.count == 0 { return }
    least = count == 0 ? other.least : min(least, other.least)
    greatest = count == 0 ? other.greatest : max(greatest, other.greatest)
    count &+= other.count
    sum += other.sum
    squares += other.squares
  }

  mutating func add(_ value: Double) {
    least = count == 0 ? value : min(least, value)
    greatest = count == 0 ? value : max(greatest, value)
    count &+= 1
    sum += value
    squares += value * value
  }

  var mean: Double { count == 0 ? 0 : sum / Double(count) }

  /// Of the sample.
  var deviation: Double {
    guard count > 1 else { return 0 }
    let n = Double(count)
    return max(0, (squares - sum * sum / n) / (n - 1)).squareRoot()
  }
}

/// The interval under way and the one before it, numbered from the epoch.
struct Intervals {
  static let length = TimeSpan.seconds(10)

  private var number: Int64 = 0
  private var current = Aggregate()
  private var finished = Aggregate()

  static func number(at time: Timestamp) -> Int64 { time.nanoseconds / length.nanoseconds }

  mutating func add(_ value: Double, at time: Timestamp) {
    roll(to: Self.number(at: time))
    current.add(value)
  }

  mutating func aggregate(at time: Timestamp, finished wantsFinished: Bool) -> Aggregate {
    roll(to: Self.number(at: time))
    return wantsFinished ? finished : current
  }

  private mutating func roll(to number: Int64) {
    guard number != self.number else { return }
    finished = number == self.number &+ 1 ? current : Aggregate()
    current = Aggregate()
    self.number = number
  }
}

/// A number that only grows. Keep it; looking it up again costs more than counting.
package final class Counter: Sendable {
  private let clock: WallClock
  private let state = Locked((total: 0.0, intervals: Intervals()))

  init(clock: WallClock) { self.clock = clock }

  package func increment(by amount: Double = 1) {
    let now = clock.now()
    state.withLock { state in
      state.total += amount
      state.intervals.add(amount, at: now)
    }
  }

  /// Since the start of the server.
  package var total: Double { state.withLock { $0.total } }

  func aggregate(at time: Timestamp, finished: Bool) -> Aggregate {
    state.withLock { $0.intervals.aggregate(at: time, finished: finished) }
  }
}

/// A number that goes up and down.
package final class Gauge: Sendable {
  private let bits = Atomic<UInt64>(0)

  package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  package func add(_ amount: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + amount).bitPattern
      let (exchanged, original) = bits.compareExchange(expected: old, desired: new, ordering: .relaxed)
      if exchanged { return }
      old = original
    }
  }

  package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// How long something takes, in milliseconds, with quantiles over the last observations.
package final class Summary: Sendable {
  /// On how many observations of each carrier quantiles stand.
  package static let window = 512

  private struct State {
    var samples: [Double] = []
    var next = 0
    var count: UInt64 = 0
    var sum = 0.0
    var intervals = Intervals()
  }

  private let clock: WallClock
  private let state = Striped { State() }

  init(clock: WallClock) { self.clock = clock }

  package func observe(milliseconds: Double) {
    let now = clock.now()
    state.withOwn { state in
      if state.samples.count < Self.window {
        state.samples.append(milliseconds)
      } else {
        state.samples[state.next] = milliseconds
        state.next = (state.next + 1) % Self.window
      }
      state.count &+= 1
      state.sum += milliseconds
      state.intervals.add(milliseconds, at: now)
    }
  }

  /// Time passed since a reading of `WallClock.monotonicNanoseconds()`.
  package func observe(since start: UInt64) {
    observe(milliseconds: Double(WallClock.monotonicNanoseconds() &- start) / 1_000_000)
  }

  struct Reading {
    let count: UInt64
    let sum: Double
    let quantiles: [(quantile: String, value: Double)]
  }

  func reading() -> Reading {
    var (samples, count, sum) = ([Double](), UInt64(0), 0.0)
    state.forEach { state in
      samples += state.samples
      count &+= state.count
      sum += state.sum
    }
    let sorted = samples.sorted()
    let quantiles = [("0.5", 0.5), ("0.9", 0.9), ("0.99", 0.99)].map { text, quantile in
      // The smallest value that at least that share of the observations does not exceed.
      let rank = Int((quantile * Double(sorted.count)).rounded(.up))
      return (quantile: text, value: sorted.isEmpty ? Double.nan : sorted[max(0, rank - 1)])
    }
    return Reading(count: count, sum: sum, quantiles: quantiles)
  }

  func aggregate(at time: Timestamp, finished: Bool) -> Aggregate {
    var whole = Aggregate()
    state.forEach { whole.add($0.intervals.aggregate(at: time, finished: finished)) }
    return whole
  }
}
