internal import Client
internal import JSONText

struct ListCommand: Command {
  let words = ["list"]
  let synopsis = "List the keys below a path"
  let usage = "PATH"
  let details = """
    Lists the keys below a path. A key that ends with a slash has keys below it.

        $ coffer list secret/metadata
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .detailed]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let path = call.path()
    let client = try call.client()
    let secret = try call.attempt("Error listing \(path)") { () throws(APIError) in try client.list(path) }
    try output.list(secret, path)
  }
}

extension Output {
  func list(_ secret: Secret?, _ path: String) throws(CommandFailure) {
    if let secret, secret.wrapInfo != nil { return try self.secret(secret) }
    let keys = secret?.data?["keys"]?.arrayValue
    if !isTable && keys == nil {
      structured([:])
      throw CommandFailure(status: 2)
    }
    guard let secret else { throw .remote("No value found at \(path)") }
    // Nothing is there but what the server wants to be known.
    if secret.data == nil { return try self.secret(secret) }
    guard keys != nil else { throw .remote("No entries found at \(path)") }
    self.keys(secret)
  }
}
