internal import Client
internal import JSONText

/// Mounts as tables show them.
enum MountTable {
  /// The mounts of an answer, by path.
  static func mounts(_ secret: Secret?) -> [JSONObject.Member] {
    (secret?.data?.sorted.members ?? []).filter { $0.value["type"] != nil }
  }

  static func show(_ mounts: [JSONObject.Member], isAuth: Bool, _ output: Output) {
    if !output.isTable { return output.structured(.object(JSONObject(members: mounts))) }
    if output.isDetailed { return detailed(mounts, isAuth: isAuth, output) }
    var header = ["Path", "Type", "Accessor", "Description"]
    if isAuth { header.append("Version") }
    output.line(
      Table.text(
        header: header,
        rows: mounts.map { mount in
          var row = [mount.name] + ["type", "accessor", "description"].map { mount.value[$0].cell }
          if isAuth { row.append(mount.value["plugin_version"].cell) }
          return row
        }))
  }

  private static func detailed(_ mounts: [JSONObject.Member], isAuth: Bool, _ output: Output) {
    var header = ["Path", "Plugin", "Accessor", "Default TTL", "Max TTL"]
    header.append(isAuth ? "Token Type" : "Force No Cache")
    header += [
      "Replication", "Seal Wrap", "External Entropy Access", "Options", "Description", "UUID", "Version",
      "Running Version", "Running SHA256", "Deprecation Status",
    ]
    output.line(
      Table.text(
        header: header,
        rows: mounts.map { mount in
          let value = mount.value
          let config = value["config"] ?? .null
          return [
            mount.name, value["type"].cell, value["accessor"].cell, ttl(config["default_lease_ttl"]),
            ttl(config["max_lease_ttl"]), config[isAuth ? "token_type" : "force_no_cache"].cell,
            value["local"]?.boolValue == true ? "local" : "replicated", value["seal_wrap"].cell,
            value["external_entropy_access"].cell,
            value["options"].map { $0.isNull ? "map[]" : $0.plainText } ?? "map[]",
            value["description"].cell, value["uuid"].cell, value["plugin_version"].cell,
            value["running_plugin_version"].cell, value["running_sha256"].cell, value["deprecation_status"].cell,
          ]
        }))
  }

  private static func ttl(_ value: JSONValue?) -> String {
    guard let seconds = value?.int64Value, seconds != 0 else { return "system" }
    return String(seconds)
  }

}

/// Moves a mount and waits until the server says that it is done.
enum MountMove {
  static func run(_ call: Invocation, what: String) throws(CommandFailure) {
    let (from, to) = (call.path(0), call.path(1))
    let client = try call.client()
    let failure = "Error moving \(what) \(from)/ to \(to)/"
    let started = try call.attempt(failure) { () throws(APIError) in
      try client.post("sys/remount", ["from": .string(from), "to": .string(to)])
    }
    guard let id = started?.data?["migration_id"]?.stringValue else {
      return call.print("Success! Moved \(what) \(from)/ to: \(to)/")
    }
    call.print("Started moving \(what) \(from)/ to \(to)/, with migration ID \(id)")
    while true {
      let status = try call.attempt("Error checking migration status of \(id)") { () throws(APIError) in
        try client.read("sys/remount/status/\(id)")
      }
      switch status?.data?["migration_info"]?["status"]?.stringValue {
      case "success":
        return call.print("Success! Finished moving \(what) \(from)/ to \(to)/, with migration ID \(id)")
      case "in-progress": call.environment.sleep(.milliseconds(200))
      case let other:
        throw .remote(
          "Failure! Moving \(what) \(from)/ to \(to)/ ended as \"\(other ?? "unknown")\", migration ID \(id)")
      }
    }
  }
}
