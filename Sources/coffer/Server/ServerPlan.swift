internal import Gateway
internal import HTTPServer
internal import Kernel
internal import Logging
internal import Metrics
internal import SealAPI
internal import StorageAPI

/// Where log lines go.
struct LogPlan {
  var level = LogLevel.info
  var format = LogFormat.standard
  var file: String?
  var rotation = LogRotation()
}

/// A server as it is to be started, wherever the wish came from.
struct ServerPlan {
  struct Listener {
    var http: ListenerSettings
    var behaviour: ListenerBehaviour
  }

  /// What happens once the node is there and before clients are served.
  typealias Preparation = (_ node: Node, _ say: (String) -> Void) throws -> Void

  var settings: NodeSettings
  var seal: SealKind
  /// Opened late, so that nothing is locked by a configuration that cannot be used.
  var openStore: (_ log: LogSink) throws -> (store: any PhysicalStore, status: (@Sendable () -> StorageStatus)?)
  var listeners: [Listener]
  var limits = ServerLimits()
  var log = LogPlan()
  var metrics = MetricsNaming()
  var locksMemory = MemoryLocking.no
  var pidFile: String?
  /// Lines about the configuration for the operator.
  var summary: [(String, String)] = []
  var prepare: Preparation = { _, _ in }
  /// What SIGHUP may have changed in the configuration.
  var reread: (@Sendable () throws -> Reread)?

  struct Reread {
    let level: LogLevel
    let auditDevices: [AuditTableEntry]
  }
}
