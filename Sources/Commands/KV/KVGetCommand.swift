internal import Client
internal import JSONText

struct KVGetCommand: Command {
  let words = ["kv", "get"]
  let synopsis = "Read a secret"
  let usage = "KEY"
  let details = """
    Reads a secret, the newest version of it unless -version says otherwise.

        $ coffer kv get secret/app
        $ coffer kv get -mount=secret -field=password app
        $ coffer kv get -version=1 secret/app
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]
  private let mount = KVFlags.mount
  private let version = Flag<Int64>("version", default: 0, "The version to read, of a versioned engine.")
  var flags: [any AnyFlag] { [mount, version] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let place = try KVPath(call, client, mount: call[mount], argument: call.argument(0))
    let path = place.api("data")
    var query: [(name: String, value: String)] = []
    if place.isVersioned && call[version] > 0 { query.append(("version", String(call[version]))) }
    let secret = try call.attempt("Error reading \(path)") { () throws(APIError) in
      try client.read(path, query: query)
    }
    guard let secret else { throw .remote("No value found at \(path)") }
    if !place.isVersioned || secret.wrapInfo != nil {
      if !output.field.isEmpty || !output.isTable || secret.wrapInfo != nil { return try output.secret(secret) }
      output.warnings(of: secret)
      return output.section("Data", secret.data ?? [:])
    }
    try show(secret, path, output)
  }

  private func show(_ secret: Secret, _ path: String, _ output: Output) throws(CommandFailure) {
    let data = secret.data?["data"]?.objectValue
    if !output.field.isEmpty {
      guard let data else { throw .remote("No data found at \(path)") }
      // A member that is itself called "data" comes before the whole.
      if output.field == "data" && data["data"] == nil { return try output.value(of: "data", in: secret) }
      return try output.value(of: output.field, in: data)
    }
    if !output.isTable { return output.structured(secret.json) }
    output.warnings(of: secret)
    output.secretPath(path)
    if let metadata = secret.data?["metadata"]?.objectValue {
      output.section("Metadata", metadata)
      output.line("")
    }
    if let data { output.section("Data", data) }
  }
}
