package import JSONText
package import Logging
package import Primitives
package import UserLockout

/// What the configuration says about the node as a whole.
package struct NodeSettings: Sendable {
  /// Semantic version, as `sys/seal-status` and `sys/health` show it.
  package var version: String
  /// RFC 3339.
  package var buildDate: String
  /// `raft` or `inmem`.
  package var storageType: String
  /// The address that clients reach this node at, such as `https://vault.example:8200`; empty where none is known.
  package var apiAddress = ""
  package var clusterAddress = ""
  /// Empty for a name made up at initialisation.
  package var clusterName = ""
  package var defaultLeaseTTL = TimeSpan.hours(768)
  package var maxLeaseTTL = TimeSpan.hours(768)
  /// `sys/raw` is there.
  package var rawStorageEndpoint = false
  package var introspectionEndpoint = false
  package var hostname = ""
  package var raftNodeID = ""
  /// What `sys/config/state/sanitized` shows.
  package var sanitizedConfiguration: JSONObject = [:]
  /// Warnings of the start that `sys/seal-status` repeats.
  package var warnings: [String] = []
  package var prometheusIsEnabled = true
  /// How long a request waits for one audit device.
  package var auditTimeout = TimeSpan.seconds(5)
  package var allowsAuditPrefix = false
  /// The level at which the server's log gets a line for each request; nil for none.
  package var requestsLevel: LogLevel?
  /// The stanzas of the configuration at the start.
  package var auditDevices: [AuditTableEntry] = []
  /// New key shares can be made without a token, by those who hold the present ones.
  package var allowsUnauthenticatedRekey = false
  /// When failing logins lock users out, by the type of auth method or `all`.
  package var userLockout: [String: LockoutRule] = [:]

  package init(version: String, buildDate: String, storageType: String) {
    self.version = version
    self.buildDate = buildDate
    self.storageType = storageType
  }
}

/// What the storage says of itself, for `sys/leader`, `sys/ha-status` and the Raft endpoints.
package struct StorageStatus: Sendable {
  package var committedIndex: UInt64
  package var appliedIndex: UInt64
  package var term: UInt64
  package var nodeID: String

  package init(committedIndex: UInt64, appliedIndex: UInt64, term: UInt64, nodeID: String) {
    self.committedIndex = committedIndex
    self.appliedIndex = appliedIndex
    self.term = term
    self.nodeID = nodeID
  }
}
