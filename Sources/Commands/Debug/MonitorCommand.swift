internal import Client

struct MonitorCommand: Command {
  let words = ["monitor"]
  let synopsis = "Follow the server's log"
  let details = """
    Prints what the server logs until it is interrupted.

        $ coffer monitor -log-level=debug
    """
  private let level = Flag<String>("log-level", default: "info", "Lowest level to print.")
  private let form = Flag<String>("log-format", default: "standard", "\"standard\" or \"json\".")
  var flags: [any AnyFlag] { [level, form] }

  func run(_ call: Invocation) throws(CommandFailure) {
    if !["standard", "json"].contains(call[form]) {
      throw .local("\(call[form]) is an unknown log format (expected \"standard\" or \"json\")")
    }
    let client = try call.client()
    let request = APIRequest(
      "GET", "sys/monitor", query: [("log_format", call[form]), ("log_level", call[level].lowercased())])
    _ = try call.attempt("Error starting monitor") { () throws(APIError) in
      try client.raw(request) { piece in
        call.environment.writeOutput(Array(piece))
        return true
      }
    }
  }
}
