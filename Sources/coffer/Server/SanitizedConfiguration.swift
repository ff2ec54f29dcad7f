internal import JSONText
internal import ServerConfiguration

extension ServerConfiguration {
  /// What `sys/config/state/sanitized` shows: everything but secrets.
  var sanitized: JSONObject {
    [
      "api_addr": .string(apiAddress ?? ""), "cluster_addr": .string(clusterAddress ?? ""),
      "cluster_name": .string(clusterName ?? ""),
      "default_lease_ttl": .int(defaultLeaseTTL.seconds),
      "max_lease_ttl": .int(maxLeaseTTL.seconds),
      "default_max_request_duration": .int(defaultMaxRequestDuration.seconds),
      "disable_cache": false, "disable_clustering": .bool(disableClustering),
      "disable_mlock": .bool(disableMlock ?? false),
      "enable_ui": .bool(ui), "log_level": .string(log.level),
      "log_format": .string(log.format.rawValue), "pid_file": .string(pidFile ?? ""),
      "raw_storage_endpoint": .bool(rawStorageEndpoint),
      "introspection_endpoint": .bool(introspectionEndpoint),
      "listeners": .array(
        listeners.map { listener in
          switch listener.address {
          case .tcp(let host, let port):
            [
              "type": "tcp",
              "config": [
                "address": .string(ListenerConfiguration.text(host, port)), "tls_disable": .bool(listener.tls == nil),
              ],
            ]
          case .unix(let path, _, _, _): ["type": "unix", "config": ["address": .string(path)]]
          }
        }),
      "storage": [
        "type": .string(storage.name), "redirect_addr": .string(apiAddress ?? ""),
        "cluster_addr": .string(clusterAddress ?? ""),
        "disable_clustering": .bool(disableClustering),
      ],
      "seals": .array(seals.map { ["type": .string($0.kind.name), "disabled": .bool($0.isDisabled)] }),
    ]
  }
}

extension StorageConfiguration {
  /// The `storage_type` that seal-status shows.
  var name: String {
    switch self {
    case .memory: "inmem"
    case .raft: "raft"
    }
  }
}

extension ListenerConfiguration {
  /// An address that clients on this machine reach.
  static func text(_ host: String, _ port: Int) -> String {
    (host.contains(":") ? "[\(host)]" : host.isEmpty ? "127.0.0.1" : host) + ":\(port)"
  }
}
