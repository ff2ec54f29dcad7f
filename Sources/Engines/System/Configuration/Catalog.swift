internal import EngineAPI
internal import JSONText
internal import Kernel

private enum Fields {
  static let type = Field.string("type", "secret, auth or database.")
  static let name = Field.string("name", "The plugin's name.")
  static let plugin = Field.string("plugin", "The plugin whose mounts are meant.")
  static let mounts = Field.commaStrings("mounts", "The mounts that are meant.")
  static let scope = Field.string("scope", "`global` for all nodes, of which there is one.")
  static let version = Field.string("version", "The plugin's version; each has one.")
}

/// The engines that are built in, in the form of a catalogue of plugins. Others cannot be added.
extension SystemEngine {
  static let catalogRoutes: [Route<SystemEngine>] = [
    Route(
      "plugins/catalog/", summary: "All engines of this program",
      [.read: { try catalogue($1) }]),
    Route(
      "plugins/catalog/{type}/", fields: [Fields.type.description], summary: "The engines of one class",
      [.list: { try names($1) }]),
    Route(
      "plugins/catalog/{type}/{name}", traits: [.sudo],
      fields: [Fields.type.description, Fields.name.description, Fields.version.description], summary: "One engine",
      [.read: { try plugin($1) }, .update: { try refuse($1) }, .delete: { try deregister($1) }]),
    Route(
      "plugins/runtimes/catalog/", summary: "Runtimes of plugins, of which there are none",
      [.read: { _, _ in .data(["runtimes": []]) }, .list: { _, _ in .data(["runtimes": []]) }]),
    Route(
      "plugins/reload/backend",
      fields: [Fields.plugin.description, Fields.mounts.description, Fields.scope.description],
      summary: "Starts the engines of mounts anew", [.update: { try reload($1) }]),
    Route(
      "plugins/reload/{type}/{name}",
      fields: [Fields.type.description, Fields.name.description, Fields.scope.description],
      summary: "Starts the engines of a type's mounts anew", [.update: { try reloadNamed($1) }]),
    Route(
      "experiments", summary: "Experiments that are enabled",
      [.read: { _, _ in .data(["available": [], "enabled": []]) }]),
  ]

  /// What the catalogue shows of one engine or kind of database.
  private struct Entry {
    var type: String
    var name: String
    var version: String

    var detail: JSONObject {
      [
        "type": .string(type), "name": .string(name), "version": .string(version), "builtin": true,
        "deprecation_status": "supported",
      ]
    }
  }

  /// Those of one class (`auth`, `database` or `secret`), by name; none where there is no such class.
  private static func entries(_ call: Call, _ pluginClass: String) throws -> [Entry] {
    let types = try call.active.state.mounts.engineTypes
    let entries =
      pluginClass == "database"
      ? types.flatMap { type in
        type.databasePlugins.map { Entry(type: pluginClass, name: $0, version: type.version) }
      }
      : types.filter {
        $0.mountClass.rawValue == pluginClass && !["system", "token", "cubbyhole"].contains($0.name)
      }.map { Entry(type: pluginClass, name: $0.name, version: $0.version) }
    return entries.sorted { $0.name < $1.name }
  }

  private static func catalogue(_ call: Call) throws -> Reply {
    var data: JSONObject = [:]
    var details: [JSONValue] = []
    for pluginClass in ["auth", "database", "secret"] {
      let entries = try entries(call, pluginClass)
      data[pluginClass] = .strings(entries.map(\.name))
      details += entries.map { .object($0.detail) }
    }
    data["detailed"] = .array(details)
    return .data(data)
  }

  private static func names(_ call: Call) throws -> Reply {
    .keys(try entries(call, call.capture("type")).map(\.name))
  }

  private static func plugin(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let version = try call[Fields.version] ?? ""
    let wanted = try version.isEmpty ? "" : PluginVersion.canonical(version)
    guard let entry = try entries(call, call.capture("type")).first(where: { $0.name == name }),
      wanted.isEmpty || wanted == entry.version
    else { return .none }
    return .data([
      "name": .string(entry.name), "args": .null, "command": "", "sha256": "", "builtin": true,
      "version": .string(entry.version), "deprecation_status": "supported",
    ])
  }

  /// What is not there can be taken out; what is built in cannot.
  private static func deregister(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard try entries(call, call.capture("type")).contains(where: { $0.name == name }) else { return .none }
    return try refuse(call)
  }

  // MARK: Reloading

  private static func reload(_ call: Call) throws -> Reply {
    let plugin = try call[Fields.plugin] ?? ""
    let mounts = try call[Fields.mounts] ?? []
    if !plugin.isEmpty && !mounts.isEmpty {
      throw EngineError.invalid("plugin and mounts cannot be set at the same time")
    }
    if plugin.isEmpty && mounts.isEmpty { throw EngineError.invalid("plugin or mounts must be provided") }
    if !plugin.isEmpty { return try reloaded(call, isUsed: isMounted(call, plugin, "unknown")) }
    let table = try call.active.state.mounts
    let absent = mounts.map { path in
      MountPath.normalised(path.hasPrefix("sys/auth/") ? String(path.dropFirst(4)) : path)
    }.filter { table.resolve($0) == nil }
    guard absent.isEmpty else {
      throw EngineError.list(status: 400, absent.map { "cannot fetch mount entry on \"\($0)\"" })
    }
    return try reloaded(call, isUsed: true)
  }

  private static func reloadNamed(_ call: Call) throws -> Reply {
    let type = call.capture("type")
    guard ["auth", "database", "secret", "unknown"].contains(type) else { throw EngineError.unsupportedPath }
    return try reloaded(call, isUsed: isMounted(call, call.capture("name"), type))
  }

  /// Whether any mount uses the plugin. Which kinds of databases a database mount uses, only it knows.
  private static func isMounted(_ call: Call, _ plugin: String, _ type: String) throws -> Bool {
    let table = try call.active.state.mounts
    let classes = [MountClass.secret, .auth].filter { type == "unknown" || type == $0.rawValue }
    if classes.contains(where: { table.all($0).contains { $0.entry.type == plugin } }) { return true }
    guard type == "unknown" || type == "database" else { return false }
    return table.all(.secret).contains { $0.type.databasePlugins.contains(plugin) }
  }

  private static func reloaded(_ call: Call, isUsed: Bool) throws -> Reply {
    let scope = try call[Fields.scope] ?? ""
    guard scope.isEmpty || scope == "global" else {
      throw EngineError.invalid("reload scope must be omitted or 'global'")
    }
    var reply = Reply.data(
      ["reload_id": .string(call.id)],
      warnings: [
        isUsed ? "The engines of this server are built in: there was nothing to reload." : "no plugins were reloaded"
      ])
    if !scope.isEmpty { reply.status = 202 }
    return reply
  }

  private static func refuse(_ call: Call) throws -> Reply {
    throw EngineError.invalid("this server runs no plugins: its engines are built in")
  }
}
