internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let serverID = Field.string("server_id", "The node's id.")
  static let cleanup = Field.bool("cleanup_dead_servers", "Whether nodes that are gone are taken out.")
  static let lastContact = Field.duration(
    "last_contact_threshold", "After so long without a word from the leader a node is unhealthy.")
  static let deadContact = Field.duration(
    "dead_server_last_contact_threshold", "After so long without a word a node is gone.")
  static let trailingLogs = Field.int("max_trailing_logs", "So many entries a node may lag before it is unhealthy.")
  static let minQuorum = Field.int("min_quorum", "So many nodes are kept even if they are gone.")
  static let stabilization = Field.duration(
    "server_stabilization_time", "So long a new node must be healthy before it votes.")
  static let noMigration = Field.bool("disable_upgrade_migration", "Kept for old clients.")
  static let leader = Field.string("leader_api_addr", "The address of a node of the cluster.")
}

extension SystemEngine {
  static let raftRoutes: [Route<SystemEngine>] = [
    Route(
      "storage/raft/configuration", summary: "The voters of the Raft cluster", [.read: { try raftConfiguration($1) }]),
    Route(
      "storage/raft/autopilot/state", summary: "Whether the nodes of the Raft cluster are well",
      [.read: { try autopilotState($1) }]),
    Route(
      "storage/raft/autopilot/configuration",
      fields: [
        Fields.cleanup.description, Fields.lastContact.description, Fields.deadContact.description,
        Fields.trailingLogs.description, Fields.minQuorum.description, Fields.stabilization.description,
        Fields.noMigration.description,
      ], summary: "When a node counts as unwell or gone",
      [.read: { try autopilot($1) }, .update: { try setAutopilot($1) }]),
    Route(
      "storage/raft/remove-peer", fields: [Fields.serverID.description], summary: "Takes a node out of the cluster",
      [.update: { try removePeer($1) }]),
    Route(
      "storage/raft/bootstrap", summary: "Begins a cluster with this node", [.update: { try bootstrap($1) }]),
    Route(
      "storage/raft/join", traits: [.unauthenticated, .beforeUnseal, .unaudited],
      fields: [Fields.leader.description], summary: "Makes this node part of a cluster", [.update: { try join($1) }]),
    Route(
      "storage/raft/snapshot", traits: [.rawBody], summary: "Everything that is stored, as a file; restores it",
      [.read: { try snapshot($1) }, .update: { try restore($1, force: false) }]),
    Route(
      "storage/raft/snapshot-force", traits: [.rawBody],
      summary: "Restores a file even if it was made under other keys", [.update: { try restore($1, force: true) }]),
  ]

  private static func raftConfiguration(_ call: Call) throws -> Reply {
    let node = try call.session.node
    guard let storage = node.composition.storageStatus?() else {
      throw EngineError.invalid("raft storage is not in use")
    }
    let address = node.settings.clusterAddress.split(separator: "/").last.map(String.init) ?? ""
    return .data([
      "config": [
        "servers": .array([
          [
            "node_id": .string(storage.nodeID), "address": .string(address), "leader": true, "protocol_version": "3",
            "voter": true,
          ]
        ]), "index": 0,
      ]
    ])
  }

  private static func storage(_ call: Call) throws -> (node: Node, status: StorageStatus) {
    let node = try call.session.node
    guard let status = node.composition.storageStatus?() else {
      throw EngineError.invalid("raft storage is not in use")
    }
    return (node, status)
  }

  // MARK: Autopilot

  private static func autopilotState(_ call: Call) throws -> Reply {
    let (node, status) = try storage(call)
    let address = node.settings.clusterAddress.split(separator: "/").last.map(String.init) ?? ""
    let server: JSONObject = [
      "id": .string(status.nodeID), "name": .string(status.nodeID), "address": .string(address),
      "node_status": "alive", "last_contact": "0s", "last_term": .int(status.term),
      "last_index": .int(status.committedIndex), "healthy": true,
      "stable_since": .string(try call.active.state.since.rfc3339), "status": "leader", "meta": .null,
      "node_type": "voter", "version": .string(node.settings.version),
    ]
    return .data([
      "healthy": true, "failure_tolerance": 0, "leader": .string(status.nodeID),
      "voters": .strings([status.nodeID]), "non_voters": .null,
      "servers": .object(JSONObject([(status.nodeID, .object(server))])),
    ])
  }

  private static let autopilotDefaults: JSONObject = [
    "cleanup_dead_servers": false, "dead_server_last_contact_threshold": "24h0m0s",
    "disable_upgrade_migration": false, "last_contact_threshold": "10s", "max_trailing_logs": 1000, "min_quorum": 0,
    "server_stabilization_time": "10s",
  ]

  private static func autopilot(_ call: Call) throws -> Reply {
    _ = try storage(call)
    var shown = autopilotDefaults
    for member in try call.active.state.autopilot.value.members { shown[member.name] = member.value }
    return .data(shown)
  }

  private static func setAutopilot(_ call: Call) throws -> Reply {
    _ = try storage(call)
    var changes: JSONObject = [:]
    for field in [Fields.cleanup, Fields.noMigration] {
      if let value = try call[field] { changes[field.name] = .bool(value) }
    }
    for field in [Fields.lastContact, Fields.deadContact, Fields.stabilization] {
      if let value = try call[field] { changes[field.name] = .string(value.goDescription) }
    }
    if let contact = try call[Fields.deadContact], contact < .minutes(1) {
      throw EngineError.invalid("dead_server_last_contact_threshold should not be less than 1m0s")
    }
    for field in [Fields.trailingLogs, Fields.minQuorum] {
      if let value = try call[field] {
        guard value >= 0 else { throw EngineError.invalid("\(field.name) cannot be negative") }
        // Nought leaves what is set.
        if value > 0 { changes[field.name] = .int(value) }
      }
    }
    try call.active.state.autopilot.change { stored throws(EngineError) in
      var changed = stored
      for member in changes.members { changed[member.name] = member.value }
      let quorum = changed[Fields.minQuorum.name]?.int64Value ?? 0
      if changed[Fields.cleanup.name] == true && quorum < 3 {
        throw .invalid(
          "min_quorum must be set when cleanup_dead_servers is set and it should at least be 3; cleanup_dead_servers: "
            + "true, min_quorum: \(quorum)")
      }
      stored = changed
    }
    return .none
  }

  // MARK: Members

  private static func removePeer(_ call: Call) throws -> Reply {
    let (_, status) = try storage(call)
    guard let id = try call[Fields.serverID], !id.isEmpty else { throw EngineError.invalid("no server id provided") }
    if id == status.nodeID {
      throw EngineError.invalid("the only voter of a cluster cannot be taken out of it")
    }
    return .none
  }

  private static func bootstrap(_ call: Call) throws -> Reply {
    _ = try storage(call)
    return Reply(.raw(contentType: "application/json", []), status: 200)
  }

  private static func join(_ call: Call) throws -> Reply {
    let node = try call.session.node
    guard node.composition.storageStatus != nil else { throw EngineError.invalid("raft storage is not in use") }
    guard try node.isInitialized else {
      throw EngineError.invalid("clusters of more than one node are not supported: initialize this node instead")
    }
    return Reply(.plain(JSONText(["joined": true] as JSONObject)))
  }

  // MARK: Snapshots

  private static func snapshot(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    return Reply(.stream(contentType: "application/gzip", try session.node.snapshot(state)))
  }

  private static func restore(_ call: Call, force: Bool) throws -> Reply {
    try call.session.node.restore(call.rawBody, force: force, leaving: 1)
    return .none
  }
}
