internal import EngineAPI
internal import JSONText
internal import Kernel

private enum Fields {
  static let generic = Field.bool("generic_mount_paths", "Writes mounts' paths as parameters.")
  static let context = Field.string("context", "Accepted for old clients.")
}

extension SystemEngine {
  static let specificationRoutes: [Route<SystemEngine>] = [
    Route(
      "internal/specs/openapi", traits: [.unauthenticated],
      fields: [Fields.generic.description, Fields.context.description], summary: "The API as an OpenAPI document",
      [.read: { try specification($1) }, .update: { try specification($1) }])
  ]

  private static func specification(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    let token = try caller(call)
    let usesParameters = try call[Fields.generic] ?? false
    var document = OpenAPIDocument(version: session.node.settings.version)
    for mountClass in [MountClass.secret, .auth] {
      for mount in state.mounts.all(mountClass) {
        if try sight(of: mount, token, state) == .nothing { continue }
        let entry = mount.entry
        let isFixed = mount.type.isSingleton || !usesParameters
        let parameter = entry.type + "_mount_path"
        let prefix =
          isFixed ? entry.requestPath : (mountClass == .auth ? "auth/" : "") + "{\(parameter)}/"
        document.add(
          mount.engine.routes, below: prefix,
          tag: mountClass == .auth ? "auth" : entry.type == "system" ? "system" : "secrets",
          mountParameter: isFixed ? nil : parameter)
      }
    }
    return Reply(.plain(JSONText(document.json)))
  }
}
