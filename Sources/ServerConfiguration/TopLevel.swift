internal import Primitives

/// The top level of all files together, with the environment above it.
struct TopLevel {
  let documents: [Stanza]
  let environment: [String: String]

  func stanzas(_ name: String, labels: Int) throws(ConfigurationError) -> [Stanza] {
    var found: [Stanza] = []
    for document in documents { found += try document.stanzas(name, labels: labels) }
    return found
  }

  /// An error at the place that counts: the last one that sets the key.
  func error(_ message: String, at key: String) -> ConfigurationError {
    let place = documents.last { $0.body.contains(key) }
    return place?.error(message, at: key) ?? ConfigurationError(message: message)
  }

  func readScalars(into configuration: inout ServerConfiguration, warnings: inout [String]) throws(ConfigurationError) {
    configuration.apiAddress = try url(
      ["api_addr", "advertise_addr", "redirect_addr"],
      ["VAULT_API_ADDR", "VAULT_REDIRECT_ADDR", "VAULT_ADVERTISE_ADDR"])
    configuration.clusterAddress = try url(["cluster_addr"], ["VAULT_CLUSTER_ADDR"])
    configuration.disableClustering = try bool("disable_clustering") ?? false
    configuration.clusterName = try string("cluster_name")
    configuration.ui = try bool("ui", "VAULT_UI") ?? false
    configuration.pidFile = try string("pid_file")
    configuration.log = try log()

    configuration.defaultLeaseTTL = try duration("default_lease_ttl") ?? configuration.defaultLeaseTTL
    configuration.maxLeaseTTL = try duration("max_lease_ttl") ?? configuration.maxLeaseTTL
    if configuration.maxLeaseTTL < configuration.defaultLeaseTTL {
      let key = documents.contains { $0.body.contains("max_lease_ttl") } ? "max_lease_ttl" : "default_lease_ttl"
      throw error("\"max_lease_ttl\" is shorter than \"default_lease_ttl\"", at: key)
    }
    if let span = try duration("default_max_request_duration"), span > .zero {
      configuration.defaultMaxRequestDuration = span
    }

    configuration.disableMlock = try bool("disable_mlock", "VAULT_DISABLE_MLOCK")
    configuration.rawStorageEndpoint = try bool("raw_storage_endpoint") ?? false
    configuration.introspectionEndpoint = try bool("introspection_endpoint") ?? false
    configuration.disablePrintableCheck = try bool("disable_printable_check") ?? false
    configuration.allowAuditLogPrefixing = try bool("allow_audit_log_prefixing") ?? false
    configuration.enableResponseHeaderHostname = try bool("enable_response_header_hostname") ?? false
    configuration.enableResponseHeaderRaftNodeID = try bool("enable_response_header_raft_node_id") ?? false
    for document in documents {
      guard let names = try document.strings("enable_unauthenticated_access") else { continue }
      for name in names where name != "rekey" {
        throw document.error(
          "\"\(name)\" is no endpoint that can be opened: there is \"rekey\"", at: "enable_unauthenticated_access")
      }
      configuration.unauthenticatedAccess = names
    }
    configuration.telemetry = try telemetry(&warnings)
    configuration.userLockout = try userLockout(&warnings)
  }

  // MARK: Values of one key over all files

  private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

  private func string(_ key: String, _ variableName: String? = nil) throws(ConfigurationError) -> String? {
    if let variableName, let value = variable(variableName) { return value }
    for document in documents.reversed() { if let value = try document.string(key) { return value } }
    return nil
  }

  private func bool(_ key: String, _ variableName: String? = nil) throws(ConfigurationError) -> Bool? {
    if let variableName, let value = try variableBool(variableName) { return value }
    var found: Bool?
    for document in documents { found = try document.bool(key) ?? found }
    return found
  }

  private func variableBool(_ name: String) throws(ConfigurationError) -> Bool? {
    switch variable(name)?.lowercased() {
    case nil: return nil
    case "1", "t", "true": return true
    case "0", "f", "false": return false
    default: throw ConfigurationError(message: "\(name) must be true or false")
    }
  }

  private func duration(_ key: String) throws(ConfigurationError) -> TimeSpan? {
    var found: TimeSpan?
    for document in documents { found = try document.duration(key) ?? found }
    return found
  }

  private func url(_ keys: [String], _ variables: [String]) throws(ConfigurationError) -> String? {
    for name in variables {
      if let value = variable(name) {
        if let reason = Self.urlFault(value) { throw ConfigurationError(message: "\(name) \(reason)") }
        return value
      }
    }
    for key in keys {
      if let value = try string(key) {
        if let reason = Self.urlFault(value) { throw error("\"\(key)\" \(reason)", at: key) }
        return value
      }
    }
    return nil
  }

  private static func urlFault(_ text: String) -> String? {
    if text.contains("{{") { return "holds a template, which is not supported yet: write the address" }
    let wrong = "must be a URL such as https://node1.example.com:8200"
    guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { return wrong }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" }
    let path = rest.dropFirst(authority.count)
    if !path.isEmpty && path != "/" { return "must not have a path" }
    if authority.isEmpty || authority.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "@") }) { return wrong }
    let port: Substring
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { return wrong }
      port = authority[authority.index(after: close)...]
      guard ListenerReader.isAddress(String(authority[..<close].dropFirst())) else { return wrong }
    } else {
      port = authority.firstIndex(of: ":").map { authority[$0...] } ?? ""
      if port.utf8.count == authority.utf8.count { return wrong }
    }
    if port.isEmpty { return nil }
    let digits = port.dropFirst()
    let isNumber = port.hasPrefix(":") && !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
    guard isNumber, let number = Int(digits), (1...65_535).contains(number) else { return "has no valid port" }
    return nil
  }

  // MARK: Log

  private func log() throws(ConfigurationError) -> LogConfiguration {
    var log = LogConfiguration()
    log.level = try level("log_level", "VAULT_LOG_LEVEL") ?? log.level
    log.requestsLevel = try level("log_requests_level")
    if let text = try string("log_format", "VAULT_LOG_FORMAT") {
      guard let format = LogConfiguration.Format(rawValue: text.lowercased()) else {
        throw fault("must be standard or json", "log_format", "VAULT_LOG_FORMAT")
      }
      log.format = format
    }
    log.file = try string("log_file")
    log.rotateDuration = try duration("log_rotate_duration") ?? log.rotateDuration
    for document in documents {
      log.rotateBytes = try document.int("log_rotate_bytes", in: 0 ... .max) ?? log.rotateBytes
      log.rotateMaxFiles = try document.int("log_rotate_max_files", in: -1 ... .max) ?? log.rotateMaxFiles
    }
    return log
  }

  private func level(_ key: String, _ variableName: String? = nil) throws(ConfigurationError) -> String? {
    guard let text = try string(key, variableName) else { return nil }
    switch text.lowercased() {
    case "trace": return "trace"
    case "debug": return "debug"
    case "info", "notice": return "info"
    case "warn", "warning": return "warn"
    case "error", "err": return "error"
    case "off" where variableName == nil: return nil
    default: throw fault("must be trace, debug, info, warn or error", key, variableName)
    }
  }

  private func fault(_ message: String, _ key: String, _ variableName: String?) -> ConfigurationError {
    if let variableName, variable(variableName) != nil {
      return ConfigurationError(message: "\(variableName) \(message)")
    }
    return error("\"\(key)\" \(message)", at: key)
  }

  // MARK: Stanzas

  private func telemetry(_ warnings: inout [String]) throws(ConfigurationError) -> TelemetryConfiguration {
    var telemetry = TelemetryConfiguration()
    for stanza in try stanzas("telemetry", labels: 0) {
      warnings += try stanza.review(Self.telemetryKeys)
      telemetry.prometheusRetention = try stanza.duration("prometheus_retention_time") ?? telemetry.prometheusRetention
      telemetry.metricsPrefix = try stanza.string("metrics_prefix") ?? telemetry.metricsPrefix
      telemetry.filterDefault = try stanza.bool("filter_default") ?? telemetry.filterDefault
      telemetry.prefixFilter = try stanza.strings("prefix_filter") ?? telemetry.prefixFilter
      for filter in telemetry.prefixFilter where !filter.hasPrefix("+") && !filter.hasPrefix("-") {
        throw stanza.error("each of \"prefix_filter\" must begin with + or -", at: "prefix_filter")
      }
    }
    return telemetry
  }

  private func userLockout(_ warnings: inout [String]) throws(ConfigurationError) -> [String: UserLockoutConfiguration]
  {
    var lockouts: [String: UserLockoutConfiguration] = [:]
    let keys = treatments(
      used: ["lockout_threshold", "lockout_duration", "lockout_counter_reset", "disable_lockout"])
    for stanza in try stanzas("user_lockout", labels: 1) {
      warnings += try stanza.review(keys)
      let kind = stanza.labels.first ?? ""
      guard ["all", "userpass", "ldap", "approle"].contains(kind) else {
        throw stanza.error("there are \"all\", \"userpass\", \"ldap\" and \"approle\"")
      }
      var lockout = lockouts[kind] ?? UserLockoutConfiguration()
      lockout.threshold = try stanza.int("lockout_threshold", in: 1 ... .max) ?? lockout.threshold
      lockout.duration = try stanza.duration("lockout_duration") ?? lockout.duration
      lockout.counterReset = try stanza.duration("lockout_counter_reset") ?? lockout.counterReset
      lockout.isDisabled = try stanza.bool("disable_lockout") ?? lockout.isDisabled
      lockouts[kind] = lockout
    }
    if try variableBool("VAULT_DISABLE_USER_LOCKOUT") == true {
      lockouts["all", default: UserLockoutConfiguration()].isDisabled = true
    }
    return lockouts
  }

  // MARK: Keys

  static let keys = treatments(
    used: [
      "storage", "backend", "listener", "seal", "audit", "telemetry", "user_lockout", "api_addr", "advertise_addr",
      "redirect_addr", "cluster_addr", "disable_clustering", "cluster_name", "ui", "pid_file", "log_level",
      "log_format",
      "log_file", "log_rotate_bytes", "log_rotate_duration", "log_rotate_max_files", "log_requests_level",
      "default_lease_ttl", "max_lease_ttl", "default_max_request_duration", "disable_mlock", "raw_storage_endpoint",
      "introspection_endpoint", "disable_printable_check",
      "allow_audit_log_prefixing", "enable_response_header_hostname", "enable_response_header_raft_node_id",
      "enable_unauthenticated_access",
    ],
    withoutEffect: [
      ("what is cached is small and always right", ["disable_cache", "cache_size"]),
      ("seals wrap the root key only", ["disable_sealwrap"]),
      (
        "all engines are built in",
        [
          "plugin_directory", "plugin_tmpdir", "plugin_file_uid", "plugin_file_permissions", "plugin_auto_download",
          "plugin_auto_register", "plugin_download_behavior",
        ]
      ),
      (
        "there is nothing of this kind here",
        [
          "disable_indexing", "disable_performance_standby", "disable_standby_reads", "imprecise_lease_role_tracking",
          "detect_deadlocks", "experiments", "sentinel", "license", "license_path", "entropy", "replication",
          "hcp_link", "reporting", "request_limiter", "kms_library", "cloud", "administrative_namespace_path",
        ]
      ),
      ("leases are tried again until they are revoked", ["remove_irrevocable_lease_after"]),
      ("pods are not labelled yet", ["service_registration"]),
      (
        "this is allowed to nobody, or to everybody by their policies",
        [
          "unsafe_allow_api_audit_creation", "unsafe_cross_namespace_identity", "allow_unauthenticated_workflows",
          "unsafe_relative_paths",
        ]
      ),
    ],
    notBuilt: [
      ("there is one storage", ["ha_storage", "ha_backend"]),
      ("initialise the server through the API", ["initialize"]),
      ("all engines are built in", ["plugin"]),
    ])

  private static let telemetryKeys = treatments(
    used: [
      "prometheus_retention_time", "disable_hostname", "metrics_prefix", "filter_default", "prefix_filter",
    ],
    withoutEffect: [
      (
        "metrics are to be had at sys/metrics only",
        [
          "statsite_address", "statsd_address", "dogstatsd_addr", "dogstatsd_tags", "circonus_api_token",
          "circonus_api_app", "circonus_api_url", "circonus_submission_interval", "circonus_submission_url",
          "circonus_check_id", "circonus_check_force_metric_activation", "circonus_check_instance_id",
          "circonus_check_search_tag", "circonus_check_display_name", "circonus_check_tags", "circonus_broker_id",
          "circonus_broker_select_tag", "stackdriver_project_id", "stackdriver_location", "stackdriver_namespace",
          "stackdriver_debug_logs",
        ]
      ),
      ("metrics do not hold the host's name", ["enable_hostname_label"]),
      (
        "gauges are read when they are asked for, and their number is bounded",
        [
          "usage_gauge_period", "maximum_gauge_cardinality", "lease_metrics_epsilon", "num_lease_metrics_buckets",
          "add_lease_metrics_namespace_labels",
        ]
      ),
      (
        "nothing is rolled back per mount",
        ["add_mount_point_rollback_metrics", "rollback_metrics_include_mount_point"]
      ),
    ])
}
