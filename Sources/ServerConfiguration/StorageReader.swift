internal import Primitives

/// Reads the `storage` stanza.
struct StorageReader {
  let environment: [String: String]
  var warnings: [String] = []

  init(environment: [String: String]) { self.environment = environment }

  /// `ownAddress` is the node's `api_addr`: to join itself a node has nothing to do.
  mutating func storage(_ stanza: Stanza, ownAddress: String?) throws(ConfigurationError) -> StorageConfiguration {
    let type = stanza.labels.first ?? ""
    switch type {
    case "inmem", "inmem_ha", "inmem_transactional", "inmem_transactional_ha":
      warnings += try stanza.review([:])
      return .memory
    case "raft": return .raft(try raft(stanza, ownAddress: ownAddress))
    case "file", "filesystem", "postgresql", "consul", "mysql", "s3", "gcs", "azure", "dynamodb", "etcd", "zookeeper",
      "cassandra", "cockroachdb", "couchdb", "foundationdb", "manta", "mssql", "oci", "spanner", "swift", "aerospike",
      "alicloudoss":
      throw stanza.error("this storage is not supported yet: there are \"raft\" and \"inmem\"")
    default: throw stanza.error("unknown storage: there are \"raft\" and \"inmem\"")
    }
  }

  private mutating func raft(_ stanza: Stanza, ownAddress: String?) throws(ConfigurationError) -> RaftConfiguration {
    warnings += try stanza.review(Self.raftKeys)
    let written = try stanza.string("path")
    guard let path = variable("VAULT_RAFT_PATH") ?? written else {
      throw stanza.error("\"path\" is required: the folder for the data")
    }
    var raft = RaftConfiguration(path: path)
    let nodeID = try stanza.string("node_id")
    raft.nodeID = variable("VAULT_RAFT_NODE_ID") ?? nodeID
    raft.trailingLogs = try stanza.int("trailing_logs", in: 0 ... .max) ?? raft.trailingLogs
    raft.snapshotThreshold = try stanza.int("snapshot_threshold", in: 1 ... .max) ?? raft.snapshotThreshold
    raft.maxEntrySize = try stanza.int("max_entry_size", in: 4096...(1 << 30)) ?? raft.maxEntrySize
    // Without effect, but a value that makes no sense is a mistake all the same.
    _ = try stanza.int("performance_multiplier", in: 0...10)
    _ = try stanza.duration("snapshot_interval")
    for join in try stanza.stanzas("retry_join", labels: 0) {
      warnings += try join.review(Self.joinKeys)
      let address = try join.string("leader_api_addr")
      if try join.string("auto_join") == nil && address == nil {
        throw join.error("\"leader_api_addr\" or \"auto_join\" is required")
      }
      guard let address, let ownAddress, Self.trimmed(address) == Self.trimmed(ownAddress) else {
        throw join.error(
          "joining other nodes is not supported yet: a node that does not join would begin a store of its own")
      }
      let place = ConfigurationError.place(join.file, join.line)
      warnings.append("\(place)storage \"raft\": retry_join names this node itself and has no effect")
    }
    return raft
  }

  private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

  private static func trimmed(_ address: String) -> Substring {
    address.hasSuffix("/") ? address.dropLast() : address[...]
  }

  private static let raftKeys = treatments(
    used: [
      "path", "node_id", "trailing_logs", "snapshot_threshold", "max_entry_size", "retry_join",
    ],
    withoutEffect: [
      (
        "there are no other nodes to steer yet",
        [
          "performance_multiplier",
          "autopilot_reconcile_interval", "autopilot_update_interval", "autopilot_redundancy_zone",
          "autopilot_upgrade_version", "retry_join_as_non_voter",
        ]
      ),
      ("the log is always checked", ["raft_wal", "raft_log_verifier_enabled", "raft_log_verification_interval"]),
      ("the state follows the log within a second", ["snapshot_interval", "snapshot_delay"]),
      (
        "\"max_entry_size\" is the only bound",
        ["max_transaction_size", "max_mount_and_namespace_table_entry_size", "max_batch_entries", "max_batch_size"]
      ),
    ])

  private static let joinKeys = treatments(
    used: [
      "leader_api_addr", "leader_tls_servername", "leader_ca_cert_file", "leader_ca_cert", "leader_client_cert_file",
      "leader_client_cert", "leader_client_key_file", "leader_client_key", "auto_join", "auto_join_scheme",
      "auto_join_port",
    ])
}
