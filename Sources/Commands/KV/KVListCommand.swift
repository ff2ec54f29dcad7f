internal import Client

struct KVListCommand: Command {
  let words = ["kv", "list"]
  let synopsis = "List the keys below a path"
  let usage = "[PATH]"
  let details = """
    Lists the keys below a path. A key that ends with a slash has keys below it.

        $ coffer kv list secret/
        $ coffer kv list -mount=secret
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format, .detailed]
  private let mount = KVFlags.mount
  var flags: [any AnyFlag] { [mount] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    if call.arguments.isEmpty && call[mount].isEmpty { throw .local("Not enough arguments (expected 1, got 0)") }
    let client = try call.client()
    let place = try KVPath(call, client, mount: call[mount], argument: call.argument(0))
    let path = place.api("metadata")
    let secret = try call.attempt("Error listing \(path)") { () throws(APIError) in try client.list(path) }
    try output.list(secret, path)
  }
}
