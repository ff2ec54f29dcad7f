internal import Client

struct ReadCommand: Command, ReadsRaw {
  let words = ["read"]
  let synopsis = "Read what is at a path"
  let usage = "PATH [K=V ...]"
  let details = """
    Reads the data at a path: a secret, generated credentials, a configuration. What is given as K=V goes along as
    parameters of the request.

        $ coffer read cubbyhole/notes
        $ coffer read -field=ttl sys/auth/token/tune
    """
  let arity = Arity.atLeast(1)
  let takesData = true
  let shares: SharedFlags = [.client, .format, .field]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let path = call.path()
    let query = try DataArguments.query(call.arguments.dropFirst(), call.environment)
    let client = try call.client()
    if output.format == .raw && output.field.isEmpty {
      let response = try call.attempt("Error reading \(path)") { () throws(APIError) in
        try client.raw(APIRequest("GET", path, query: query))
      }
      return call.environment.writeOutput(response.body)
    }
    let secret = try call.attempt("Error reading \(path)") { () throws(APIError) in
      try client.read(path, query: query)
    }
    guard let secret else { throw .remote("No value found at \(path)") }
    try output.secret(secret)
  }
}
