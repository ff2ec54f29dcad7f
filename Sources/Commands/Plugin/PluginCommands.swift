internal import Client
internal import JSONText

struct PluginListCommand: Command {
  let words = ["plugin", "list"]
  let synopsis = "Show what can be mounted"
  let usage = "[TYPE]"
  let details = """
    The type is "auth", "database" or "secret".
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format, .detailed]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let type = call.path().lowercased()
    let client = try call.client()
    let secret = try call.attempt("Error listing available plugins") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/plugins/catalog"))
    }
    let all = secret?.data?["detailed"]?.arrayValue ?? []
    let wanted = all.filter { type.isEmpty || $0["type"]?.stringValue == type }
    if !output.isTable {
      if output.isDetailed { return output.structured(.array(wanted)) }
      var byType = JSONObject()
      for name in ["auth", "database", "secret"] where type.isEmpty || type == name {
        if let names = secret?.data?[name] { byType[name] = names }
      }
      return output.structured(.object(byType))
    }
    func text(_ value: JSONValue?) -> String { value.map { $0.isNull ? "" : $0.plainText } ?? "" }
    let columns = output.isDetailed ? ["name", "type", "version", "deprecation_status"] : ["name", "type", "version"]
    let titles = ["Name", "Type", "Version", "Deprecation Status"].prefix(columns.count)
    output.line(Table.text(header: Array(titles), rows: wanted.map { plugin in columns.map { text(plugin[$0]) } }))
  }
}

struct PluginInfoCommand: Command {
  let words = ["plugin", "info"]
  let synopsis = "Show a plugin of the catalog"
  let usage = "TYPE NAME"
  let arity = Arity.exactly(2)
  let shares: SharedFlags = [.client, .format, .field]
  private let version = Flag<String>("version", "The plugin's version.")
  var flags: [any AnyFlag] { [version] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let (type, name) = (call.path(0), call.path(1))
    let client = try call.client()
    let query = call.isSet(version) ? [(name: "version", value: call[version])] : []
    let secret = try call.attempt("Error reading plugin named \(name)") { () throws(APIError) in
      try client.read("sys/plugins/catalog/\(type)/\(name)", query: query)
    }
    guard let data = secret?.data else { throw .remote("No value found for plugin \"\(name)\"") }
    if !output.field.isEmpty { return try output.value(of: output.field, in: data) }
    output.data(data)
  }
}

struct PluginRegisterCommand: Command {
  let words = ["plugin", "register"]
  let synopsis = "Add a plugin to the catalog"
  let usage = "TYPE NAME"
  let arity = Arity.exactly(2)
  private let command = Flag<String>("command", "Program in the plugin folder; the plugin's name where not given.")
  private let arguments = Flag<[String]>("args", "Argument of the program. Repeatable.")
  private let variables = Flag<[String]>("env", "Variable of the program, as NAME=VALUE. Repeatable.")
  private let sha256 = Flag<String>("sha256", "SHA-256 of the program.")
  private let version = Flag<String>("version", "The plugin's version.")
  var flags: [any AnyFlag] { [command, arguments, variables, sha256, version] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let (type, name) = (call.path(0), call.path(1))
    if call[sha256].isEmpty { throw .local("-sha256 is required") }
    var body: JSONObject = [
      "command": .string(call.isSet(command) ? call[command] : name), "sha256": .string(call[sha256]),
      "args": .strings(call[arguments]), "env": .strings(call[variables]),
    ]
    if call.isSet(version) { body["version"] = .string(call[version]) }
    let client = try call.client()
    let settings = body
    _ = try call.attempt("Error registering plugin \(name)") { () throws(APIError) in
      try client.put("sys/plugins/catalog/\(type)/\(name)", settings)
    }
    call.print("Success! Registered plugin: \(name)")
  }
}

struct PluginDeregisterCommand: Command {
  let words = ["plugin", "deregister"]
  let synopsis = "Take a plugin out of the catalog"
  let usage = "TYPE NAME"
  let arity = Arity.exactly(2)
  private let version = Flag<String>("version", "The plugin's version.")
  var flags: [any AnyFlag] { [version] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let (type, name) = (call.path(0), call.path(1))
    let client = try call.client()
    let query = call.isSet(version) ? [(name: "version", value: call[version])] : []
    _ = try call.attempt("Error deregistering plugin named \(name)") { () throws(APIError) in
      try client.delete("sys/plugins/catalog/\(type)/\(name)", query: query)
    }
    call.print("Success! Deregistered plugin (if it was registered): \(name)")
  }
}

struct PluginReloadCommand: Command {
  let words = ["plugin", "reload"]
  let synopsis = "Restart the mounts of a plugin"
  private let plugin = Flag<String>("plugin", "The plugin whose mounts to restart.")
  private let mounts = Flag<[String]>("mounts", "A mount to restart. Repeatable.")
  private let scope = Flag<String>("scope", "\"global\" for all nodes.")
  var flags: [any AnyFlag] { [plugin, mounts, scope] }

  func run(_ call: Invocation) throws(CommandFailure) {
    if call[plugin].isEmpty == call[mounts].isEmpty {
      throw .local("Either -plugin or -mounts must be given, not both")
    }
    var body = JSONObject()
    if !call[plugin].isEmpty { body["plugin"] = .string(call[plugin]) }
    if !call[mounts].isEmpty { body["mounts"] = .strings(call[mounts]) }
    if !call[scope].isEmpty { body["scope"] = .string(call[scope]) }
    let client = try call.client()
    let settings = body
    let secret = try call.attempt("Error reloading plugin/mounts") { () throws(APIError) in
      try client.put("sys/plugins/reload/backend", settings)
    }
    let what = call[plugin].isEmpty ? "mounts: \(JSONValue.strings(call[mounts]).plainText)" : "plugin: \(call[plugin])"
    let id = secret?.data?["reload_id"]?.stringValue.map { ", reload_id: \($0)" } ?? ""
    call.print("Success! Reloaded \(what)\(id)")
  }
}
