internal import Client
internal import JSONText

struct KVPutCommand: Command {
  let words = ["kv", "put"]
  let synopsis = "Write a secret"
  let usage = "KEY [K=V ...]"
  let details = """
    Writes a secret as a whole; a versioned engine keeps the versions before it. Data is given as with "write".

        $ coffer kv put secret/app user=app password=@password.txt
        $ coffer kv put -cas=1 -mount=secret app user=app2
    """
  let arity = Arity.worded(
    1...Int.max, few: "Not enough arguments (expected >1, got %)", many: "")
  let takesData = true
  let shares: SharedFlags = [.client, .format, .field]
  private let mount = KVFlags.mount
  private let cas = Flag<Int64>(
    "cas", default: -1, "Write only if this is the newest version; 0 means that there is none.")
  var flags: [any AnyFlag] { [mount, cas] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    if call.arguments.count == 1 { throw .local("Must supply data") }
    let data = try DataArguments.parse(call.arguments.dropFirst(), call.environment)
    let client = try call.client()
    let place = try KVPath(call, client, mount: call[mount], argument: call.argument(0))
    let path = place.api("data")
    var body = data
    if place.isVersioned {
      let options: JSONObject = call[cas] >= 0 ? ["cas": .int(call[cas])] : [:]
      body = ["data": .object(data), "options": .object(options)]
    }
    let secret = try call.attempt("Error writing data to \(path)") { () throws(APIError) in
      try client.put(path, body)
    }
    if place.isVersioned {
      try output.versionWritten(secret, path: path)
    } else {
      try output.written(secret, path)
    }
  }
}
