internal import Client
internal import JSONText

struct AuditListCommand: Command {
  let words = ["audit", "list"]
  let synopsis = "Show the audit devices"
  let shares: SharedFlags = [.client, .format, .detailed]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try call.attempt("Error listing audits") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/audit"))
    }
    let devices = MountTable.mounts(secret)
    if devices.isEmpty {
      if output.isTable { output.line("No audit devices are enabled.") } else { output.structured([:]) }
      throw CommandFailure(status: 2)
    }
    if !output.isTable { return output.structured(.object(JSONObject(members: devices))) }
    func text(_ value: JSONValue?) -> String { value?.plainText ?? "" }
    let detailed = output.isDetailed
    output.line(
      Table.text(
        header: ["Path", "Type", "Description"] + (detailed ? ["Replication", "Options"] : []),
        rows: devices.map { device in
          let row = [device.name, text(device.value["type"]), text(device.value["description"])]
          if !detailed { return row }
          let options = device.value["options"]?.objectValue?.sorted.members ?? []
          return row + [
            device.value["local"]?.boolValue == true ? "local" : "replicated",
            options.map { "\($0.name)=\($0.value.plainText)" }.joined(separator: " "),
          ]
        }))
  }
}

struct AuditEnableCommand: Command {
  let words = ["audit", "enable"]
  let synopsis = "Start an audit device"
  let usage = "TYPE [K=V ...]"
  let details = """
    From then on every request is written to the device before it is answered.

        $ coffer audit enable file file_path=/var/log/coffer/audit.log
    """
  let arity = Arity.atLeast(1)
  let takesData = true
  private let path = Flag<String>("path", "Name of the device; its type where not given.")
  private let note = Flag<String>("description", "A note for people.")
  private let local = Flag<Bool>("local", "Keep the device on this cluster.")
  var flags: [any AnyFlag] { [path, note, local] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let type = Invocation.trimmed(call.argument(0))
    let path = call.given(path).map(Invocation.trimmed) ?? type
    let options = try DataArguments.parse(call.arguments.dropFirst(), call.environment)
    let client = try call.client()
    let body: JSONObject = [
      "type": .string(type), "description": .string(call[note]), "options": .object(options),
      "local": .bool(call[local]),
    ]
    _ = try call.attempt("Error enabling audit device") { () throws(APIError) in
      try client.put("sys/audit/\(path)", body)
    }
    call.print("Success! Enabled the \(type) audit device at: \(path)/")
  }
}

struct AuditDisableCommand: Command {
  let words = ["audit", "disable"]
  let synopsis = "Stop an audit device"
  let usage = "PATH"
  let details = """
    What was written stays where it is, but can no longer be compared with values: the device's key is gone.

        $ coffer audit disable file/
    """
  let arity = Arity.exactly(1)

  func run(_ call: Invocation) throws(CommandFailure) {
    let path = call.path()
    let client = try call.client()
    _ = try call.attempt("Error disabling audit device") { () throws(APIError) in
      try client.delete("sys/audit/\(path)")
    }
    call.print("Success! Disabled audit device (if it was enabled) at: \(path)/")
  }
}
