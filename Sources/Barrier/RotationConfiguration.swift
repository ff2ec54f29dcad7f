package import Primitives

/// When a new encryption key is made without anybody asking.
package struct RotationConfiguration: Sendable, Equatable {
  package var enabled: Bool
  /// After this many encryptions; at most the default, which leaves a tenth below 2^32.
  package var maxOperations: Int64
  /// After this long; zero for no limit in time.
  package var interval: TimeSpan

  package init(
    enabled: Bool = true, maxOperations: Int64 = RotationConfiguration.mostOperations, interval: TimeSpan = .zero
  ) {
    self.enabled = enabled
    self.maxOperations = maxOperations
    self.interval = interval
  }

  package static let fewestOperations: Int64 = 1_000_000
  package static let mostOperations: Int64 = 3_865_470_566
  package static let shortestInterval = TimeSpan.hours(24)
}

/// The key that encrypts now.
package struct KeyStatus: Sendable, Equatable {
  /// Counts keys, from 1.
  package var term: Int
  package var installTime: Timestamp
  /// Records encrypted with it, as far as counted: after a crash up to 2^20 may be missing here (not where it is
  /// decided).
  package var encryptions: Int64

  package init(term: Int, installTime: Timestamp, encryptions: Int64) {
    self.term = term
    self.installTime = installTime
    self.encryptions = encryptions
  }
}
