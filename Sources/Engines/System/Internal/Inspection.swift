internal import EngineAPI
internal import JSONText
internal import Kernel

private enum Fields {
  static let tag = Field.string("tag", "`root`, `uuid`, `accessor` or `storage`: what the mounts are listed by.")
}

/// How paths lead to engines, for who looks for a fault there. Shown only where the configuration says so.
extension SystemEngine {
  static let inspectionRoutes: [Route<SystemEngine>] = [
    Route(
      "internal/inspect/router/{tag}", traits: [.sudo], fields: [Fields.tag.description],
      summary: "The mounts as requests are led to them", [.read: { try router($1) }])
  ]

  private static func router(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    guard session.node.settings.introspectionEndpoint else { throw EngineError.invalid("introspection is not enabled") }
    let tag = call.capture("tag")
    let key: (Mount) -> String
    switch tag {
    case "root": key = { $0.entry.requestPath }
    case "uuid": key = { $0.entry.uuid }
    case "accessor": key = { $0.entry.accessor }
    case "storage": key = { $0.entry.storagePrefix }
    default: throw EngineError.invalid("subtree doesn't exist")
    }
    let mounts = state.mounts.all(.secret) + state.mounts.all(.auth)
    let entries = mounts.map { mount -> (String, JSONValue) in
      let entry = mount.entry
      return (
        key(mount),
        [
          "accessor": .string(entry.accessor), "mount_namespace": "", "mount_path": .string(entry.requestPath),
          "mount_type": .string(entry.type), "storage_prefix": .string(entry.storagePrefix),
          "uuid": .string(entry.uuid),
        ]
      )
    }
    return .data(JSONObject(entries.sorted { $0.0 < $1.0 }))
  }
}
