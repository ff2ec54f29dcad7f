package import Primitives

/// What the files of `server -config` and the environment say, checked. Values that are not set have their defaults.
package struct ServerConfiguration: Sendable, Equatable {
  package var listeners: [ListenerConfiguration]
  package var storage: StorageConfiguration
  /// At most one is enabled; empty where no stanza names a seal, which means Shamir.
  package var seals: [SealConfiguration] = []
  /// In the order in which they are written.
  package var auditDevices: [AuditDeviceConfiguration] = []
  package var telemetry = TelemetryConfiguration()
  /// By the kind of auth method: `all`, `userpass`, `ldap`, `approle`.
  package var userLockout: [String: UserLockoutConfiguration] = [:]

  /// URL that clients are told to use; nil leaves it to the first listener.
  package var apiAddress: String?
  /// URL for other nodes; nil leaves it to the first listener's `clusterAddress`.
  package var clusterAddress: String?
  package var disableClustering = false
  /// Nil lets the server make one up.
  package var clusterName: String?

  package var log = LogConfiguration()
  package var ui = false
  package var pidFile: String?

  package var defaultLeaseTTL = TimeSpan.hours(768)
  package var maxLeaseTTL = TimeSpan.hours(768)
  package var defaultMaxRequestDuration = TimeSpan.seconds(90)
  /// Nil where neither file nor environment says anything.
  package var disableMlock: Bool?

  package var rawStorageEndpoint = false
  package var introspectionEndpoint = false
  package var disablePrintableCheck = false
  package var allowAuditLogPrefixing = false
  package var enableResponseHeaderHostname = false
  package var enableResponseHeaderRaftNodeID = false
  /// Endpoints that work without a token although they would not by default, such as `rekey`.
  package var unauthenticatedAccess: [String] = []

  /// What the operator should know and the server can do without, each with its file and line.
  package var warnings: [String] = []

  package init(listeners: [ListenerConfiguration], storage: StorageConfiguration) {
    self.listeners = listeners
    self.storage = storage
  }

  /// The seal that protects the root key.
  package var activeSeal: SealConfiguration.Kind { seals.first { !$0.isDisabled }?.kind ?? .shamir }
}

package struct LogConfiguration: Sendable, Equatable {
  package enum Format: String, Sendable { case standard, json }

  /// `trace`, `debug`, `info`, `warn` or `error`.
  package var level = "info"
  package var format = Format.standard
  package var file: String?
  /// Zero for no limit.
  package var rotateBytes: Int64 = 0
  package var rotateDuration = TimeSpan.hours(24)
  /// How many old files to keep: 0 for all, -1 for none.
  package var rotateMaxFiles: Int64 = 0
  /// The level at which finished requests are logged; nil for not at all.
  package var requestsLevel: String?

  package init() {}
}

package enum StorageConfiguration: Sendable, Equatable {
  /// In memory, gone with the process.
  case memory
  case raft(RaftConfiguration)
}

package struct RaftConfiguration: Sendable, Equatable {
  package var path: String
  /// Nil lets the store make one up and keep it.
  package var nodeID: String?
  /// Entries to keep in the log behind a snapshot.
  package var trailingLogs: Int64 = 10_000
  /// Entries after which a snapshot is due.
  package var snapshotThreshold: Int64 = 1024
  /// Bytes.
  package var maxEntrySize: Int64 = 1 << 20

  package init(path: String) { self.path = path }
}

package struct SealConfiguration: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case shamir
    /// Keys as they were written: 32 bytes raw, in hexadecimal or base64, `env://NAME` or `file://PATH`. Never to be
    /// logged.
    case staticKey(currentKeyID: String, currentKey: String, previousKeyID: String, previousKey: String)

    /// The `type` that seal-status shows.
    package var name: String {
      switch self {
      case .shamir: "shamir"
      case .staticKey: "static"
      }
    }
  }

  package var kind: Kind
  /// What the root key is wrapped with now, on its way to another seal.
  package var isDisabled = false
  package var name: String?

  package init(kind: Kind) { self.kind = kind }
}

package struct AuditDeviceConfiguration: Sendable, Equatable {
  /// Such as `file`.
  package var type: String
  /// Without slashes around it.
  package var path: String
  package var description = ""
  package var isLocal = false
  package var options: [String: String] = [:]

  package init(type: String, path: String) {
    self.type = type
    self.path = path
  }
}

package struct TelemetryConfiguration: Sendable, Equatable {
  /// Zero switches the Prometheus form off.
  package var prometheusRetention = TimeSpan.hours(24)
  package var metricsPrefix = "vault"
  package var filterDefault = true
  /// Beginnings of names to let through (`+vault.token`) or keep back (`-vault.expire`).
  package var prefixFilter: [String] = []

  package init() {}
}

package struct UserLockoutConfiguration: Sendable, Equatable {
  package var threshold: Int64 = 5
  package var duration = TimeSpan.minutes(15)
  package var counterReset = TimeSpan.minutes(15)
  package var isDisabled = false

  package init() {}
}
