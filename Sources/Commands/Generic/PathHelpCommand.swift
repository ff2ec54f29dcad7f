internal import Client
internal import JSONText

struct PathHelpCommand: Command {
  let words = ["path-help"]
  let synopsis = "Tell what a path of the API does"
  let usage = "PATH"
  let details = """
    Tells what a path of the API does, as what is mounted there describes itself.

        $ coffer path-help sys/mounts
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    try PathHelp.show(call, path: call.path())
  }
}

enum PathHelp {
  static func show(_ call: Invocation, path: String) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let object = try call.attempt("Error retrieving help") { () throws(APIError) in
      try client.object(APIRequest("GET", path, query: [("help", "1")]))
    }
    if !output.isTable { return output.structured(.object(object)) }
    output.line(object["help"]?.stringValue ?? "")
  }
}
