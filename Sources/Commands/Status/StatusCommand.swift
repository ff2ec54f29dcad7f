internal import Client
internal import JSONText

struct StatusCommand: Command {
  let words = ["status"]
  let synopsis = "Show whether a server is initialized, sealed and active"
  let details = """
    Exits 0 where the server is unsealed, 2 where it is sealed, and 1 where it cannot be asked.
    """
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client: APIClient
    let status: JSONObject
    do throws(CommandFailure) {
      client = try call.client()
      status = try call.attempt("Error checking seal status") { () throws(APIError) in
        try client.object(APIRequest("GET", "sys/seal-status"))
      }
    } catch {
      // Here 2 means sealed.
      throw CommandFailure(status: error.status == 0 ? 0 : 1, error.message)
    }
    SealStatusTable.show(status, leader: SealStatusTable.leader(client, status: status), output)
    if status["sealed"]?.boolValue != false { throw CommandFailure(status: 2) }
  }
}

struct VersionHistoryCommand: Command {
  let words = ["version-history"]
  let synopsis = "Show which versions the server has run"
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try call.attempt("Error reading version history") { () throws(APIError) in
      try client.list("sys/version-history")
    }
    guard let secret, let keys = secret.data?["keys"]?.arrayValue else {
      throw .remote("No version history was found")
    }
    if !output.isTable { return output.structured(secret.json) }
    let info = secret.data?["key_info"] ?? [:]
    output.line(
      Table.text(
        header: ["Version", "Installation Time", "Build Date"],
        rows: keys.compactMap(\.stringValue).map { version in
          [version, (info[version]?["timestamp_installed"]).cell, (info[version]?["build_date"]).cell]
        }))
  }
}
