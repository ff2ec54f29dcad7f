internal import Client
internal import JSONText

struct KVRollbackCommand: Command {
  let words = ["kv", "rollback"]
  let synopsis = "Go back to an earlier version of a secret"
  let usage = "KEY"
  let details = """
    Writes the data of an earlier version as the newest one.

        $ coffer kv rollback -version=2 secret/app
    """
  let arity = Arity.worded(
    1...1, few: "Invalid number of arguments (expected 1, got %)",
    many: "Invalid number of arguments (expected 1, got %)")
  let shares: SharedFlags = [.client, .format, .field]
  private let mount = KVFlags.mount
  private let version = Flag<Int64>("version", default: 0, "The version to go back to.")
  var flags: [any AnyFlag] { [mount, version] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    guard let wanted = call.given(version) else { throw .local("Version flag must be specified") }
    if wanted <= 0 { throw .local("Invalid value \(wanted) for the version flag") }
    let client = try call.client()
    let place = try KVPath(call, client, mount: call[mount], argument: call.argument(0))
    guard place.isVersioned else { throw .remote("KV engine mount must be version 2 for rollback support") }
    let path = place.api("data")
    let newest = try call.attempt("Error doing pre-read at \(path)") { () throws(APIError) in try client.read(path) }
    guard let newest else { throw .remote("No value found at \(path)") }
    guard let cas = newest.data?["metadata"]?["version"] else { throw .remote("No version found at \(path)") }
    let old = try call.attempt("Error doing pre-read at \(path)") { () throws(APIError) in
      try client.read(path, query: [("version", String(wanted))])
    }
    guard let old else { throw .remote("No value found at \(path)") }
    if let metadata = old.data?["metadata"] {
      if metadata["destroyed"]?.boolValue == true {
        throw .remote("Cannot roll back to a version that has been destroyed")
      }
      if let time = metadata["deletion_time"]?.stringValue, !time.isEmpty {
        throw .remote("Cannot roll back to a version that has been deleted")
      }
    }
    guard let data = old.data?["data"]?.objectValue else { throw .remote("No data found at \(path)") }
    let body: JSONObject = ["data": .object(data), "options": ["cas": cas]]
    let secret = try call.attempt("Error writing data to \(path)") { () throws(APIError) in
      try client.put(path, body)
    }
    try output.written(secret, path)
  }
}
