internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

extension SystemEngine {
  static let clusterRoutes: [Route<SystemEngine>] = [
    Route(
      "step-down", traits: [.sudo, .refusesWithoutText], summary: "Gives up leadership", [.update: { _, _ in .none }]),
    Route(
      "replication/status", traits: [.unauthenticated, .unaudited], summary: "Replication, which there is none of",
      [.read: { _, _ in .data(["mode": "disabled"]) }]),
    Route("ha-status", traits: [.dataAtTop], summary: "The nodes of the cluster", [.read: { try members($1) }]),
    Route(
      "version-history/", summary: "The versions that have served this storage", [.list: { try versionHistory($1) }]),
  ]

  private static func members(_ call: Call) throws -> Reply {
    let settings = try call.session.node.settings
    return .data([
      "nodes": .array([
        [
          "hostname": .string(settings.hostname), "api_address": .string(settings.apiAddress),
          "cluster_address": .string(settings.clusterAddress), "active_node": true, "last_echo": .null,
          "version": .string(settings.version), "upgrade_version": .string(settings.version), "echo_duration_ms": 0,
          "clock_skew_ms": 0, "replication_primary_canary_age_ms": 0,
        ]
      ])
    ])
  }

  private static func versionHistory(_ call: Call) throws -> Reply {
    let history = try call.active.state.versionHistory()
    return .keys(history.map(\.name), info: JSONObject(members: history))
  }
}
