/// One entry of the replicated log.
struct LogEntry: Sendable, Equatable {
  /// What an entry carries; the numbers are part of the file format.
  enum Kind: UInt8, Sendable {
    case batch = 1
    /// Nothing; a new leader writes one to commit what came before it.
    case barrier = 2
    /// The voters of the cluster.
    case configuration = 3
  }

  var index: UInt64
  var term: UInt64
  var kind: Kind
  var payload: [UInt8]
}

/// Where a log or a state ends.
struct LogPosition: Sendable, Equatable {
  var index: UInt64
  var term: UInt64

  static let start = LogPosition(index: 0, term: 0)
}
