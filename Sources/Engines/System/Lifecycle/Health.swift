internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let standbyOK = Field.string("standbyok", "Answer a standby as if it were active.")
  static let perfStandbyOK = Field.string("perfstandbyok", "Answer a performance standby as if it were active.")
  static let codes = [
    ("activecode", 200), ("standbycode", 429), ("drsecondarycode", 472), ("performancestandbycode", 473),
    ("haunhealthycode", 474), ("removedcode", 530), ("sealedcode", 503), ("uninitcode", 501),
  ]
}

extension SystemEngine {
  static let healthRoutes: [Route<SystemEngine>] = [
    Route(
      "health", traits: [.unauthenticated, .beforeUnseal, .unaudited, .refusesWithoutText, .prompt],
      fields: [Fields.standbyOK.description, Fields.perfStandbyOK.description]
        + Fields.codes.map { Field.int($0.0, "The status to answer with in that state.").description },
      summary: "Whether the node is initialised, unsealed and active",
      [.read: { try health($1) }, .header: { try health($1) }]),
    Route(
      "leader", traits: [.unauthenticated, .beforeUnseal, .unaudited, .refusesWithoutText, .prompt],
      summary: "Which node leads the cluster",
      [.read: { try leader($1) }]),
    Route(
      "seal-backend-status", traits: [.unauthenticated, .beforeUnseal, .unaudited, .refusesWithoutText],
      summary: "Whether the seal answers", [.read: { try sealBackendStatus($1) }]),
  ]

  private static func health(_ call: Call) throws -> Reply {
    let session = try call.session
    let status = try session.node.sealStatus()
    let state = !status.isInitialized ? "uninitcode" : status.isSealed ? "sealedcode" : "activecode"
    var code = 0
    for (name, usual) in Fields.codes {
      let wanted = try Self.code(name, call) ?? usual
      if name == state { code = wanted }
    }
    let isSealed = status.isSealed
    let replication = isSealed ? "unknown" : "disabled"
    // Piece by piece, as this is asked more often than all else together.
    var body = JSONWriter(reserving: 512)
    body.beginObject()
    for (name, value) in [
      ("initialized", status.isInitialized), ("sealed", isSealed), ("standby", isSealed),
      ("performance_standby", false),
    ] as [(StaticString, Bool)] {
      body.name(name)
      body.bool(value)
    }
    for (name, value) in [
      ("replication_performance_mode", replication), ("replication_dr_mode", replication),
    ] as [(StaticString, String)] {
      body.name(name)
      body.string(value)
    }
    body.name("server_time_utc")
    body.int(call.now.seconds)
    body.name("version")
    body.string(session.node.settings.version)
    body.name("enterprise")
    body.bool(false)
    if let cluster = status.cluster {
      body.name("cluster_name")
      body.string(cluster.name)
      body.name("cluster_id")
      body.string(cluster.id)
    }
    for name in ["echo_duration_ms", "clock_skew_ms", "replication_primary_canary_age_ms"] as [StaticString] {
      body.name(name)
      body.int(0)
    }
    body.name("removed_from_cluster")
    body.bool(false)
    body.endObject()
    return Reply(.plain(JSONText(trusted: body.bytes)), status: code)
  }

  /// The status that the client wants in that state; nil where it does not say.
  private static func code(_ name: String, _ call: Call) throws(EngineError) -> Int? {
    guard let given = call.fields[name] else { return nil }
    guard let code = given.stringValue.flatMap({ Int($0) }), (100...999).contains(code) else {
      throw EngineError(status: 400, messages: [])
    }
    return code
  }

  private static func leader(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    let settings = session.node.settings
    let storage = session.node.composition.storageStatus?()
    var body: JSONObject = [
      "ha_enabled": .bool(storage != nil), "is_self": .bool(storage != nil),
      "active_time": .string(storage == nil ? "0001-01-01T00:00:00Z" : state.since.rfc3339),
      "leader_address": .string(storage == nil ? "" : settings.apiAddress),
      "leader_cluster_address": .string(storage == nil ? "" : settings.clusterAddress),
      "performance_standby": false, "performance_standby_last_remote_wal": 0,
    ]
    if let storage {
      body["raft_committed_index"] = .int(storage.committedIndex)
      body["raft_applied_index"] = .int(storage.appliedIndex)
    }
    return Reply(.plain(JSONText(body)))
  }

  private static func sealBackendStatus(_ call: Call) throws -> Reply {
    let session = try call.session
    let seal: JSONObject = [
      "name": .string(session.node.composition.seal.type), "configured": true, "disabled": false, "healthy": true,
    ]
    return Reply(
      .plain(JSONText(["healthy": true, "backends": .array([.object(seal)]), "fully_wrapped": true] as JSONObject)))
  }
}
