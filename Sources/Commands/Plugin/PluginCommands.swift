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
    guard ["", "auth", "database", "secret"].contains(type) else {
      throw .remote("Error parsing type: \"\(call.path())\" is not a supported plugin type")
    }
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
    let columns = output.isDetailed ? ["name", "type", "version", "deprecation_status"] : ["name", "type", "version"]
    let titles = ["Name", "Type", "Version", "Deprecation Status"].prefix(columns.count)
    output.line(Table.text(header: Array(titles), rows: wanted.map { plugin in columns.map { plugin[$0].cell } }))
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
  let details = """
    Of one plugin, or of the mounts that are named.

        $ coffer plugin reload -type=auth -plugin=userpass
        $ coffer plugin reload -mounts=secret/
    """
  private let plugin = Flag<String>("plugin", "The plugin whose mounts to restart.")
  private let type = Flag<String>("type", "\"auth\", \"database\" or \"secret\", with -plugin; any where not given.")
  private let mounts = Flag<[String]>("mounts", "A mount to restart. Repeatable.")
  private let scope = Flag<String>("scope", "\"global\" for all nodes.")
  var flags: [any AnyFlag] { [plugin, type, mounts, scope] }

  func run(_ call: Invocation) throws(CommandFailure) {
    if call[plugin].isEmpty && call[mounts].isEmpty {
      throw .local("No plugins specified, must specify exactly one of -plugin or -mounts")
    }
    if !call[plugin].isEmpty && !call[mounts].isEmpty {
      throw .local("Must specify exactly one of -plugin or -mounts")
    }
    if !["", "global"].contains(call[scope]) { throw .local("Invalid reload scope: \(call[scope])") }
    if !call[mounts].isEmpty && !call[type].isEmpty { throw .local("Cannot specify -type with -mounts") }
    let given = Invocation.trimmed(call[type]).lowercased()
    guard ["", "auth", "database", "secret", "unknown"].contains(given) else {
      throw .local(
        "Error parsing -type as a plugin type, must be unset or one of auth, secret, or database: "
          + "\"\(call[type])\" is not a supported plugin type")
    }
    var body = JSONObject()
    if !call[mounts].isEmpty { body["mounts"] = .strings(call[mounts]) }
    if !call[scope].isEmpty { body["scope"] = .string(call[scope]) }
    let name = call[plugin].isEmpty ? "backend" : "\(given.isEmpty ? "unknown" : given)/\(call[plugin])"
    let client = try call.client()
    let settings = body
    let secret = try call.attempt("Error reloading plugin/mounts") { () throws(APIError) in
      try client.put("sys/plugins/reload/\(name)", settings)
    }
    let what = call[plugin].isEmpty ? "mounts: \(JSONValue.strings(call[mounts]).plainText)" : "plugin: \(call[plugin])"
    // Only what goes on at other nodes can be asked about.
    if call[scope] == "global", let id = secret?.data?["reload_id"]?.stringValue {
      call.print("Success! Reloading \(what), reload_id: \(id)")
    } else {
      call.print("Success! Reloaded \(what)")
    }
  }
}

struct PluginRuntimeListCommand: Command {
  let words = ["plugin", "runtime", "list"]
  let synopsis = "Show the runtimes that plugins can run in"
  let shares: SharedFlags = [.client, .format]
  private let type = Flag<String>("type", "\"container\", which is the only type.")
  var flags: [any AnyFlag] { [type] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let wanted = Invocation.trimmed(call[type])
    guard ["", "container"].contains(wanted) else {
      throw .remote("\"\(wanted)\" is not a supported plugin runtime type")
    }
    let client = try call.client()
    let secret = try call.attempt("Error listing available plugin runtimes") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/plugins/runtimes/catalog"))
    }
    let runtimes = secret?.data?["runtimes"]?.arrayValue ?? []
    if !output.isTable { return output.structured(.array(runtimes)) }
    let columns = ["name", "type", "oci_runtime", "cgroup_parent", "cpu_nanos", "memory_bytes"]
    output.line(
      Table.text(
        header: ["Name", "Type", "OCI Runtime", "Parent Cgroup", "CPU Nanos", "Memory Bytes"],
        rows: runtimes.map { runtime in columns.map { runtime[$0].cell } }))
  }
}
