internal import Client
internal import JSONText

struct OperatorKeyStatusCommand: Command {
  let words = ["operator", "key-status"]
  let synopsis = "Show the encryption key in use"
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    try BarrierKey.show(call, client, output, title: nil)
  }
}

struct OperatorRotateCommand: Command {
  let words = ["operator", "rotate"]
  let synopsis = "Encrypt with a new key from now on"
  let details = """
    What is stored stays readable: the keys before it are kept.
    """
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    _ = try call.attempt("Error rotating key") { () throws(APIError) in try client.raw(APIRequest("PUT", "sys/rotate"))
    }
    try BarrierKey.show(call, client, output, title: "Success! Rotated key\n")
  }
}

private enum BarrierKey {
  static func show(_ call: Invocation, _ client: APIClient, _ output: Output, title: String?) throws(CommandFailure) {
    let status = try call.attempt("Error reading key status") { () throws(APIError) in
      try client.state(APIRequest("GET", "sys/key-status"))
    }
    if !output.isTable { return output.structured(.object(status)) }
    func text(_ name: String) -> String { status[name]?.plainText ?? "" }
    if let title { output.line(title) }
    output.line(
      Table.aligned([
        ["Key Term", text("term")], ["Install Time", text("install_time")],
        ["Encryption Count", text("encryptions")],
      ]))
  }
}

struct OperatorMembersCommand: Command {
  let words = ["operator", "members"]
  let synopsis = "Show the nodes of the cluster"
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let status = try call.attempt("Error retrieving cluster members") { () throws(APIError) in
      try client.state(APIRequest("GET", "sys/ha-status"))
    }
    if !output.isTable { return output.structured(.object(status)) }
    let members = [
      "hostname", "api_address", "cluster_address", "active_node", "version", "upgrade_version", "redundancy_zone",
      "last_echo",
    ]
    output.line(
      Table.text(
        header: [
          "Host Name", "API Address", "Cluster Address", "Active Node", "Version", "Upgrade Version",
          "Redundancy Zone", "Last Echo",
        ], rows: (status["nodes"]?.arrayValue ?? []).map { node in members.map { node[$0].cell } }))
  }
}
