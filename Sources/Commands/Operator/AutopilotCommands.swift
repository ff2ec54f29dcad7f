internal import Client
internal import JSONText
internal import Primitives

struct AutopilotStateCommand: Command {
  let words = ["operator", "raft", "autopilot", "state"]
  let synopsis = "Show how healthy the cluster is"
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let state = try call.attempt("Error checking autopilot state") { () throws(APIError) in
      try client.state(APIRequest("GET", "sys/storage/raft/autopilot/state"))
    }
    if !output.isTable { return output.structured(.object(state)) }
    func row(_ indent: Int, _ title: String, _ value: JSONValue?) {
      let head = String(repeating: " ", count: indent) + title + ":"
      output.line(head + String(repeating: " ", count: max(1, 33 - head.count)) + value.cell)
    }
    row(0, "Healthy", state["healthy"])
    row(0, "Failure Tolerance", state["failure_tolerance"])
    row(0, "Leader", state["leader"])
    output.line("Voters:")
    for voter in state["voters"]?.arrayValue ?? [] { output.line("   " + voter.cell) }
    output.line("Servers:")
    for server in state["servers"]?.objectValue?.sorted.members ?? [] {
      output.line("   " + server.name)
      for (title, name) in [
        ("Name", "name"), ("Address", "address"), ("Status", "status"), ("Node Status", "node_status"),
        ("Healthy", "healthy"), ("Last Contact", "last_contact"), ("Last Term", "last_term"),
        ("Last Index", "last_index"), ("Version", "version"), ("Node Type", "node_type"),
      ] where server.value[name] != nil {
        row(6, title, server.value[name])
      }
    }
  }
}

struct AutopilotGetConfigCommand: Command {
  let words = ["operator", "raft", "autopilot", "get-config"]
  let synopsis = "Show the settings of autopilot"
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let config = try call.attempt("Error reading autopilot configuration") { () throws(APIError) in
      try client.state(APIRequest("GET", "sys/storage/raft/autopilot/configuration"))
    }
    if !output.isTable { return output.structured(.object(config)) }
    func text(_ name: String) -> String { config[name]?.plainText ?? "" }
    output.line(
      Table.keyValue([
        ("Cleanup Dead Servers", text("cleanup_dead_servers")),
        ("Last Contact Threshold", text("last_contact_threshold")),
        ("Dead Server Last Contact Threshold", text("dead_server_last_contact_threshold")),
        ("Server Stabilization Time", text("server_stabilization_time")), ("Min Quorum", text("min_quorum")),
        ("Max Trailing Logs", text("max_trailing_logs")),
        ("Disable Upgrade Migration", text("disable_upgrade_migration")),
      ]))
  }
}

struct AutopilotSetConfigCommand: Command {
  let words = ["operator", "raft", "autopilot", "set-config"]
  let synopsis = "Change the settings of autopilot"
  private let cleanup = Flag<Bool>("cleanup-dead-servers", "Take nodes out that have been gone too long.")
  private let lastContact = Flag<TimeSpan>("last-contact-threshold", "When a silent node is unhealthy.")
  private let deadContact = Flag<TimeSpan>("dead-server-last-contact-threshold", "When a silent node is dead.")
  private let trailing = Flag<Int64>("max-trailing-logs", default: 0, "How far behind a healthy node may be.")
  private let quorum = Flag<Int64>("min-quorum", default: 0, "How many nodes are never taken out.")
  private let stabilization = Flag<TimeSpan>("server-stabilization-time", "How long a node must be healthy to vote.")
  private let upgrades = Flag<Bool>("disable-upgrade-migration", "Do not move to newer versions automatically.")
  private let drToken = Flag<String>("dr-token", "Disaster recovery operation token.")
  var flags: [any AnyFlag] {
    [cleanup, lastContact, deadContact, trailing, quorum, stabilization, upgrades, drToken]
  }

  func run(_ call: Invocation) throws(CommandFailure) {
    var body = JSONObject()
    if let value = call.given(cleanup) { body["cleanup_dead_servers"] = .bool(value) }
    if let value = call.given(lastContact) { body["last_contact_threshold"] = .string(value.goDescription) }
    if let value = call.given(deadContact) { body["dead_server_last_contact_threshold"] = .string(value.goDescription) }
    if let value = call.given(trailing) { body["max_trailing_logs"] = .int(value) }
    if let value = call.given(quorum) { body["min_quorum"] = .int(value) }
    if let value = call.given(stabilization) { body["server_stabilization_time"] = .string(value.goDescription) }
    if let value = call.given(upgrades) { body["disable_upgrade_migration"] = .bool(value) }
    if let value = call.given(drToken) { body["dr_operation_token"] = .string(value) }
    let client = try call.client()
    let settings = body
    _ = try call.attempt("Error updating autopilot configuration") { () throws(APIError) in
      try client.post("sys/storage/raft/autopilot/configuration", settings)
    }
    call.print("Success! Updated the autopilot configuration.")
  }
}
