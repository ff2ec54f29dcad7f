internal import Client
internal import JSONText

struct OperatorUsageCommand: Command {
  let words = ["operator", "usage"]
  let synopsis = "Show how many clients there were, where the server counts them"
  let details = """
    Times are days (2026-01-31), months (2026-01) or RFC 3339. Coffer's own server counts no clients.

        $ coffer operator usage -start-time=2026-01 -end-time=2026-03
    """
  let shares: SharedFlags = [.client, .format]
  private let start = Flag<String>("start-time", "When the period begins.")
  private let end = Flag<String>("end-time", "When the period ends.")
  var flags: [any AnyFlag] { [start, end] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    var query: [(name: String, value: String)] = []
    for (name, flag) in [("start_time", start), ("end_time", end)] where call.isSet(flag) {
      query.append((name, Self.time(call[flag])))
    }
    let client = try call.client()
    let period = query
    let secret = try call.attempt("Error retrieving client counts") { () throws(APIError) in
      try client.read("sys/internal/counters/activity", query: period)
    }
    guard let secret, let data = secret.data else {
      let counts = try? client.read("sys/internal/counters/config")
      return call.warn(
        counts?.data?["queries_available"] == false
          ? "The server does not have any usage data available. A report will be available\n"
            + "after the first calendar month in which monitoring is enabled."
          : "No data is available for the given time range.")
    }
    if !output.isTable { return output.structured(secret.json) }
    output.line("Period start: \(data["start_time"].cell)\nPeriod end: \(data["end_time"].cell)\n")
    func row(_ name: String, _ counts: JSONValue?) -> [String] {
      [name]
        + ["entity_clients", "non_entity_clients", "secret_syncs", "acme_clients", "clients"].map {
          counts?[$0].map(\.cell) ?? "0"
        }
    }
    let rows = (data["by_namespace"]?.arrayValue ?? []).map { namespace in
      let path = namespace["namespace_path"]?.stringValue ?? ""
      return row(path.isEmpty ? "[root]" : path, namespace["counts"])
    }
    output.line(
      Table.text(
        header: [
          "Namespace path", "Entity Clients", "Non-Entity clients", "Secret syncs", "ACME clients", "Active clients",
        ], rows: rows + [[String](repeating: " ", count: 6), row("Total", data["total"])]))
    output.warnings(of: secret)
  }

  /// Days and months as the times at which they begin.
  private static func time(_ text: String) -> String {
    switch text.utf8.count {
    case 7: text + "-01T00:00:00Z"
    case 10 where text.contains("-"): text + "T00:00:00Z"
    default: text
    }
  }
}
