internal import Commands
internal import Gateway
internal import Glibc
internal import HTTPServer
internal import Kernel
internal import Logging
internal import MemoryStore
internal import Primitives
internal import RaftStore
internal import SealAPI
internal import ServerConfiguration
internal import StaticSeal
internal import StorageAPI
internal import UserLockout

/// A server as configuration files describe it.
struct ConfiguredServer {
  let configuration: ServerConfiguration
  let environment: [String: String]
  let reread: @Sendable () throws -> ServerConfiguration

  func plan() throws -> ServerPlan {
    var plan = ServerPlan(
      settings: settings(), seal: try seal(), openStore: openStore,
      listeners: try configuration.listeners.map { try listener($0) })
    plan.metrics.prefix = configuration.telemetry.metricsPrefix
    plan.metrics.showsUnnamed = configuration.telemetry.filterDefault
    plan.metrics.rules = configuration.telemetry.prefixFilter.map { (String($0.dropFirst()), $0.hasPrefix("+")) }
    plan.locksMemory = configuration.disableMlock.map { $0 ? .no : .mustBe } ?? .whereAllowed
    plan.log.level = try level(configuration.log.level)
    plan.log.format = configuration.log.format == .json ? .json : .standard
    plan.log.file = configuration.log.file
    plan.log.rotation = LogRotation(
      after: configuration.log.rotateDuration, bytes: configuration.log.rotateBytes,
      keeping: Int(clamping: configuration.log.rotateMaxFiles))
    plan.pidFile = configuration.pidFile
    plan.summary = summary()
    let reread = reread
    plan.reread = {
      let configuration = try reread()
      let text = configuration.log.level
      guard let level = LogLevel(api: text) else { throw CommandFailure.local("Unknown log level: \(text)") }
      return ServerPlan.Reread(level: level, auditDevices: Self.auditDevices(configuration))
    }
    let warnings = configuration.warnings
    plan.prepare = { node, say in
      for warning in warnings { node.log.named("configuration").warn(warning) }
    }
    return plan
  }

  private func level(_ text: String) throws -> LogLevel {
    guard let level = LogLevel(api: text) else { throw CommandFailure.local("Unknown log level: \(text)") }
    return level
  }

  // MARK: The node

  private func settings() -> NodeSettings {
    var nodeID = ""
    if case .raft(let raft) = configuration.storage { nodeID = raft.nodeID ?? "" }
    var settings = NodeSettings(
      version: Version.number, buildDate: Version.buildDate, storageType: configuration.storage.name)
    settings.apiAddress = configuration.apiAddress ?? listenerAddress
    settings.clusterAddress = Self.secure(configuration.clusterAddress ?? clusterAddress)
    settings.clusterName = configuration.clusterName ?? ""
    settings.defaultLeaseTTL = configuration.defaultLeaseTTL
    settings.maxLeaseTTL = configuration.maxLeaseTTL
    settings.rawStorageEndpoint = configuration.rawStorageEndpoint
    settings.introspectionEndpoint = configuration.introspectionEndpoint
    settings.hostname = HostName.current
    settings.raftNodeID = nodeID
    settings.warnings = []
    settings.prometheusIsEnabled = configuration.telemetry.prometheusRetention > .zero
    settings.requestsLevel = configuration.log.requestsLevel.flatMap { LogLevel(api: $0) }
    settings.allowsAuditPrefix = configuration.allowAuditLogPrefixing
    settings.auditDevices = Self.auditDevices(configuration)
    settings.allowsUnauthenticatedRekey = configuration.unauthenticatedAccess.contains("rekey")
    settings.userLockout = configuration.userLockout.mapValues { given in
      var rule = LockoutRule()
      rule.threshold = given.threshold
      rule.duration = given.duration
      rule.counterReset = given.counterReset
      rule.isDisabled = given.isDisabled
      return rule
    }
    settings.sanitizedConfiguration = configuration.sanitized
    return settings
  }

  private static func auditDevices(_ configuration: ServerConfiguration) -> [AuditTableEntry] {
    configuration.auditDevices.map { device in
      AuditTableEntry(
        path: device.path + "/", type: device.type, description: device.description, local: device.isLocal,
        options: device.options, isDeclared: true)
    }
  }

  /// Nodes speak TLS among themselves whatever the address says.
  private static func secure(_ address: String) -> String {
    address.hasPrefix("http://") ? "https://" + address.dropFirst(7) : address
  }

  private var listenerAddress: String {
    for listener in configuration.listeners {
      if case .tcp(let host, let port) = listener.address {
        return (listener.tls == nil ? "http" : "https") + "://" + ListenerConfiguration.text(host, port)
      }
    }
    return ""
  }

  private var clusterAddress: String {
    configuration.listeners.compactMap(\.clusterAddress).first.map { "https://" + $0 } ?? ""
  }

  private func summary() -> [(String, String)] {
    var lines = [("Api Address", configuration.apiAddress ?? listenerAddress)]
    for (index, listener) in configuration.listeners.enumerated() {
      let text =
        switch listener.address {
        case .tcp(let host, let port):
          "tcp (addr: \"\(ListenerConfiguration.text(host, port))\", tls: \"\(listener.tls == nil ? "disabled" : "enabled")\")"
        case .unix(let path, _, _, _): "unix (addr: \"\(path)\")"
        }
      lines.append(("Listener \(index + 1)", text))
    }
    lines.append(("Log Level", configuration.log.level))
    switch configuration.storage {
    case .memory: lines.append(("Storage", "inmem"))
    case .raft(let raft): lines.append(("Storage", "raft (path: \"\(raft.path)\")"))
    }
    lines.append(("Seal", configuration.activeSeal.name))
    lines.append(("Version", "Coffer v\(Version.number)"))
    return lines
  }

  func seal() throws -> SealKind {
    switch configuration.activeSeal {
    case .shamir: return SealParts.shamir
    case .staticKey(let currentID, let current, let previousID, let previous):
      let environment = environment
      return .automatic(
        try StaticSeal(
          StaticSeal.Configuration(
            currentKeyID: currentID, currentKey: current, previousKeyID: previousID, previousKey: previous),
          random: .system, environment: { environment[$0] }))
    }
  }

  // MARK: Storage

  private func openStore(
    _ log: LogSink
  ) throws -> (store: any PhysicalStore, status: (@Sendable () -> StorageStatus)?) {
    switch configuration.storage {
    case .memory: return (MemoryStore(), nil)
    case .raft(let raft):
      var settings = RaftStoreSettings(folder: raft.path, nodeID: raft.nodeID ?? HostName.current)
      settings.snapshotThreshold = Int(clamping: raft.snapshotThreshold)
      settings.trailingLogs = Int(clamping: raft.trailingLogs)
      settings.maxEntrySize = Int(clamping: raft.maxEntrySize)
      let logger = log.logger("storage.raft")
      let store: RaftStore
      do {
        store = try RaftStore.open(settings) { level, message in logger.log(LogLevel(api: level) ?? .info, message) }
      } catch {
        switch error {
        case .unavailable(let text), .damaged(let text):
          throw CommandFailure.local("Error opening the storage: \(text)")
        default: throw CommandFailure.local("Error opening the storage: \(error)")
        }
      }
      return (
        store,
        {
          let status = store.status
          return StorageStatus(
            committedIndex: status.committedIndex, appliedIndex: status.appliedIndex, term: status.term,
            nodeID: status.nodeID)
        }
      )
    }
  }

  // MARK: Listeners

  private func listener(_ configured: ListenerConfiguration) throws -> ServerPlan.Listener {
    let address: ListenerSettings.Address =
      switch configured.address {
      case .tcp(let host, let port): .tcp(host: host, port: port)
      case .unix(let path, let mode, let user, let group): .unix(path: path, mode: mode, user: user, group: group)
      }
    let http = ListenerSettings(
      address: address, tls: configured.tls.map(Self.tls),
      maxRequestBytes: configured.maxRequestSize.map { Int(clamping: $0) } ?? .max, timeouts: Self.timeouts(configured))
    var behaviour = ListenerBehaviour()
    let forwarded = configured.forwardedFor
    behaviour.forwarding = ForwardingSettings(
      authorised: forwarded.authorizedAddresses.compactMap { AddressBlock($0) },
      hopSkips: Int(clamping: forwarded.hopSkips), rejectsUnauthorised: forwarded.rejectsNotAuthorized,
      rejectsAbsent: forwarded.rejectsNotPresent)
    behaviour.jsonLimits = configured.jsonLimits
    behaviour.maxRequestDuration = configured.maxRequestDuration
    for rule in configured.customResponseHeaders {
      let key =
        switch rule.statuses {
        case .all: "default"
        case .hundreds(let digit): "\(digit)xx"
        case .one(let status): String(status)
        }
      behaviour.responseHeaders[key, default: []] += rule.headers.map { ($0.name, $0.values.joined(separator: "; ")) }
    }
    behaviour.maxTokenBytes = Int(clamping: configured.maxTokenHeaderSize)
    if configuration.enableResponseHeaderHostname {
      behaviour.nodeHeaders.append(("X-Vault-Hostname", HostName.current))
    }
    if configuration.enableResponseHeaderRaftNodeID, case .raft(let raft) = configuration.storage {
      behaviour.nodeHeaders.append(("X-Vault-Raft-Node-ID", raft.nodeID ?? HostName.current))
    }
    if configured.unauthenticatedInFlightRequestAccess { behaviour.opens.insert(.openWhereInFlightIsShown) }
    if configured.unauthenticatedProfileAccess { behaviour.opens.insert(.openWhereProfilesAreShown) }
    behaviour.hidesReplicationStatus = configured.disableReplicationStatusEndpoints
    behaviour.metricsWithoutToken = configured.unauthenticatedMetricsAccess
    behaviour.requiresRequestHeader = configured.requireRequestHeader
    behaviour.redactsAddresses = configured.redactAddresses
    behaviour.redactsClusterName = configured.redactClusterName
    behaviour.redactsVersion = configured.redactVersion
    behaviour.checksPrintable = !configuration.disablePrintableCheck
    return ServerPlan.Listener(http: http, behaviour: behaviour)
  }

  private static func timeouts(_ configured: ListenerConfiguration) -> ClientTimeouts {
    var timeouts = ClientTimeouts()
    timeouts.header = configured.readHeaderTimeout
    timeouts.request = configured.readTimeout
    timeouts.idle = configured.idleTimeout
    // Without a limit of the operator's a client that fetches nothing would hold its answer for ever.
    if configured.writeTimeout > .zero { timeouts.write = configured.writeTimeout }
    return timeouts
  }

  static func tls(_ configured: TLSConfiguration) -> TLSSettings {
    TLSSettings(
      certificateFile: configured.certificateFile, keyFile: configured.keyFile,
      minVersion: TLSVersion(rawValue: configured.minVersion.rawValue) ?? .tls12,
      maxVersion: TLSVersion(rawValue: configured.maxVersion.rawValue) ?? .tls13,
      cipherSuites: configured.cipherSuites, clientCAFile: configured.clientCAFile,
      requireClientCertificate: configured.requireClientCertificate,
      disableClientCertificates: configured.disableClientCertificates)
  }
}
