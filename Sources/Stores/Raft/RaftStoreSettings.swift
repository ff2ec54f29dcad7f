package import StorageAPI

/// What `storage "raft"` sets.
package struct RaftStoreSettings: Sendable {
  /// Holds the log, the state and the lock; made where only its last part is missing.
  package var folder: String
  package var nodeID: String
  /// So many entries are at most in the log only before they are brought into the state: the bound of what a start has to replay.
  package var snapshotThreshold = 1024
  /// So many entries stay in the log after they are in the state, for followers that lag.
  package var trailingLogs = 10_000
  /// The largest value in bytes.
  package var maxEntrySize = 1 << 20

  package init(folder: String, nodeID: String) {
    self.folder = folder
    self.nodeID = nodeID
  }
}

package struct RaftStoreStatus: Sendable, Equatable {
  /// The last entry that is durable on a majority of the voters.
  package var committedIndex: CommitIndex
  /// The last entry that reads show.
  package var appliedIndex: CommitIndex
  /// The last entry that is in the state on disk, and need not be in the log.
  package var stateIndex: CommitIndex
  package var term: UInt64
  package var nodeID: String
  package var leaderID: String?
  package var voters: [String]
}

/// Sums since the store was opened. Times are nanoseconds.
package struct RaftStoreStatistics: Sendable, Equatable {
  package var gets: UInt64 = 0
  package var lists: UInt64 = 0
  /// Batches that are durable, and those that were refused.
  package var commits: UInt64 = 0
  package var conflicts: UInt64 = 0
  package var failures: UInt64 = 0
  /// From the call to its answer, of all batches together.
  package var commitNanoseconds: UInt64 = 0
  /// Groups of batches that went to the log with one write and one sync.
  package var groups: UInt64 = 0
  package var groupNanoseconds: UInt64 = 0
  package var loggedBytes: UInt64 = 0
  /// Steps of the state on disk.
  package var flushes: UInt64 = 0
  package var flushNanoseconds: UInt64 = 0
  package var flushFailures: UInt64 = 0
}
