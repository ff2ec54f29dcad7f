internal import Client
internal import JSONText

struct WriteCommand: Command {
  let words = ["write"]
  let synopsis = "Write data to a path"
  let usage = "PATH [K=V ...]"
  let details = """
    Writes data to a path. What that does depends on what is mounted there: store a secret, configure a role, log in.
    Values are texts; K=@FILE takes a file's content, K=- standard input, and K=\\@TEXT a text that begins with @.
    @FILE or - alone stand for a JSON object.

        $ coffer write cubbyhole/notes first=done
        $ coffer write sys/policies/acl/team policy=@team.hcl
        $ coffer write -f transit/keys/orders
    """
  let arity = Arity.atLeast(1)
  let takesData = true
  let shares: SharedFlags = [.client, .format, .field]
  private let force = Flag<Bool>("force", aliases: ["f"], "Write without any data.")
  var flags: [any AnyFlag] { [force] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    if call.arguments.count == 1 && !call[force] { throw .local("Must supply data or use -force") }
    let path = call.path()
    let data = try DataArguments.parse(call.arguments.dropFirst(), call.environment)
    let client = try call.client()
    let secret = try call.attempt("Error writing data to \(path)") { () throws(APIError) in
      try client.put(path, data.isEmpty && call[force] ? nil : data)
    }
    // A login may be written too.
    if let secret, secret.auth?.multiFactor != nil {
      if let finished = try MultiFactorLogin.finish(call, secret) { return try output.secret(finished) }
      try output.secret(secret)
      return MultiFactorLogin.explain(call, output)
    }
    try output.written(secret, path)
  }
}

struct PatchCommand: Command {
  let words = ["patch"]
  let synopsis = "Change some of the data at a path"
  let usage = "PATH K=V [K=V ...]"
  let details = """
    Changes the members that are given and leaves the others, where what is mounted at the path supports it.
    Data is given as with "write"; a member of a JSON object that is null is removed.

        $ coffer patch pki/roles/web allow_localhost=false
    """
  let arity = Arity.atLeast(1)
  let takesData = true
  let shares: SharedFlags = [.client, .format, .field]
  private let force = Flag<Bool>("force", aliases: ["f"], "Patch without any data.")
  var flags: [any AnyFlag] { [force] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    if call.arguments.count == 1 && !call[force] { throw .local("Must supply data or use -force") }
    let path = call.path()
    let data = try DataArguments.parse(call.arguments.dropFirst(), call.environment)
    let client = try call.client()
    let secret = try call.attempt("Error writing data to \(path)") { () throws(APIError) in
      try client.patch(path, data)
    }
    try output.written(secret, path)
  }
}

extension Output {
  /// What a write brought back, or that it was done.
  func written(_ secret: Secret?, _ path: String) throws(CommandFailure) {
    if let secret { return try self.secret(secret) }
    if format == .table && field.isEmpty { line("Success! Data written to: \(path)") }
  }
}
