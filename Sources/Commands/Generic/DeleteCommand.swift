internal import Client

struct DeleteCommand: Command {
  let words = ["delete"]
  let synopsis = "Delete what is at a path"
  let usage = "PATH [K=V ...]"
  let details = """
    Deletes what is at a path. Deleting what is not there succeeds.

        $ coffer delete cubbyhole/notes
    """
  let arity = Arity.worded(
    1...Int.max, few: "Not enough arguments (expected at least 1, got %)", many: "")
  let takesData = true
  let shares: SharedFlags = [.client, .format, .field]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let path = call.path()
    let query = try DataArguments.query(call.arguments.dropFirst(), call.environment)
    let client = try call.client()
    let secret = try call.attempt("Error deleting \(path)") { () throws(APIError) in
      try client.delete(path, query: query)
    }
    try output.deleted(secret, path)
  }
}

extension Output {
  func deleted(_ secret: Secret?, _ path: String) throws(CommandFailure) {
    if let secret, secret.data != nil || secret.auth != nil || secret.wrapInfo != nil {
      return try self.secret(secret)
    }
    if let secret { warnings(of: secret) }
    if format == .table { line("Success! Data deleted (if it existed) at: \(path)") }
  }
}
