internal import EngineAPI
internal import JSONText

/// The answer to `?help=1`: what a path is for, made from its route.
enum PathHelp {
  static func reply(for exchange: Exchange) throws -> Reply {
    guard let mount = exchange.mount else { throw exchange.unmounted }
    var document = OpenAPIDocument(version: exchange.node.settings.version)
    var text: String
    if exchange.rest.isEmpty {
      text = overview(of: mount.engine, type: mount.entry.type)
      document.add(mount.engine.routes, below: exchange.mountPoint, tag: mount.entry.type, mountParameter: nil)
    } else if let route = exchange.route {
      text = description(of: route, request: exchange.path)
      document.add([route], below: exchange.mountPoint, tag: mount.entry.type, mountParameter: nil)
    } else {
      throw EngineError.unsupportedPath
    }
    if !text.hasSuffix("\n") { text += "\n" }
    let answer: JSONObject = ["help": .string(text), "see_also": .null, "openapi": .object(document.json)]
    return Reply(.plain(JSONText(answer)))
  }

  private static func overview(of engine: MountedEngine, type: String) -> String {
    var text = "## DESCRIPTION\n\nThe \(type) engine.\n\n## PATHS\n\nThe following paths are supported:\n"
    for route in engine.routes where !route.traits.contains(.hidden) {
      text += "\n    \(route.pattern.description)\n        \(route.summary)\n"
    }
    return text
  }

  private static func description(of route: MountedEngine.BoundRoute, request: String) -> String {
    var text = "Request:        \(request)\nMatching Route: \(route.pattern.description)\n\n\(route.summary)\n"
    if !route.fields.isEmpty {
      text += "\n## PARAMETERS\n"
      for field in route.fields.sorted(by: { $0.name < $1.name }) {
        text += "\n    \(field.name) (\(field.kind.rawValue))\n\n        \(field.help)\n"
      }
    }
    if !route.help.isEmpty { text += "\n## DESCRIPTION\n\n\(route.help)\n" }
    return text
  }
}
