package import Primitives

/// Which passwords of one key were taken already, so that none is taken twice (RFC 6238, section 5.2).
///
/// Holds no more than those that would still be good, three at most.
package struct UsedCounters: Sendable, Equatable {
  /// Lowest first.
  package private(set) var counters: [UInt64]

  package init(_ counters: [UInt64] = []) { self.counters = counters.sorted() }

  /// Takes a password that has these counters (`OneTimePasswordKey.counters`).
  /// - Returns: false where it was taken before, or there is none; then nothing has changed.
  package mutating func use(
    _ matching: [UInt64], at time: Timestamp, under parameters: OneTimePasswordParameters
  ) -> Bool {
    guard !matching.isEmpty, !matching.contains(where: counters.contains) else { return false }
    let oldest = parameters.counters(around: time).lowerBound
    counters = (counters.filter { $0 >= oldest } + matching).sorted()
    return true
  }
}
