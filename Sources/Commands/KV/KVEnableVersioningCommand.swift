internal import Client

struct KVEnableVersioningCommand: Command {
  let words = ["kv", "enable-versioning"]
  let synopsis = "Make an engine keep versions"
  let usage = "PATH"
  let details = """
    Makes a version 1 engine one of version 2. Its keys stay; there is no way back.

        $ coffer kv enable-versioning flat/
    """
  let arity = Arity.exactly(1)

  func run(_ call: Invocation) throws(CommandFailure) {
    let client = try call.client()
    let path = call.path()
    _ = try call.attempt("Error tuning secrets engine \(path)/") { () throws(APIError) in
      try client.post("sys/mounts/\(path)/tune", ["options": ["version": "2"]])
    }
    call.print("Success! Tuned the secrets engine at: \(path)/")
  }
}
