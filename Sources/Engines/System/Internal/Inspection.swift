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
    let key: (MountEntry) -> String
    switch tag {
    case "root": key = { $0.requestPath }
    case "uuid": key = { $0.uuid }
    case "accessor": key = { $0.accessor }
    case "storage": key = { $0.storagePrefix }
    default: throw EngineError.unsupportedPath
    }
    let entries = (state.mounts.all(.secret) + state.mounts.all(.auth)).map(\.entry)
    let records = entries.sorted { key($0) < key($1) }.map { entry -> JSONValue in
      [
        "accessor": .string(entry.accessor), "mount_namespace": "", "mount_path": .string(entry.path),
        "mount_type": .string(entry.type), "storage_prefix": .string(entry.storagePrefix), "tainted": false,
        "uuid": .string(entry.uuid),
      ]
    }
    return .data(JSONObject([(tag, .array(records))]))
  }
}
