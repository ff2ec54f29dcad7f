internal import Client
internal import JSONText

struct KVPatchCommand: Command {
  let words = ["kv", "patch"]
  let synopsis = "Change some of a secret's data"
  let usage = "KEY [K=V ...]"
  let details = """
    Makes a new version of a secret out of the newest one and what is given. Only on versioned engines.
    With -method=patch the server merges, which takes the "patch" capability; with -method=rw this command reads,
    merges and writes. Without the flag, the second follows where the server does not allow the first.

        $ coffer kv patch secret/app password=@new.txt
        $ coffer kv patch -remove-data=old secret/app
    """
  let arity = Arity.worded(
    1...Int.max, few: "Not enough arguments (expected >1, got %)", many: "")
  let takesData = true
  let shares: SharedFlags = [.client, .format, .field]
  private let mount = KVFlags.mount
  private let cas = Flag<Int64>("cas", default: -1, "Write only if this is the newest version.")
  private let method = Flag<String>("method", "\"patch\" or \"rw\".")
  private let remove = Flag<[String]>("remove-data", "A member to remove. Repeatable.")
  var flags: [any AnyFlag] { [mount, cas, method, remove] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    if call.arguments.count == 1 && call[remove].isEmpty { throw .local("Must supply data") }
    let method = call[method]
    guard ["", "patch", "rw"].contains(method) else {
      throw .local("Unsupported method provided to -method flag: \(method)")
    }
    if method == "rw" && call.isSet(cas) { throw .local("-cas cannot be used with -method=rw") }
    var data = try DataArguments.parse(call.arguments.dropFirst(), call.environment)
    for name in call[remove] { data[name] = .null }
    let client = try call.client()
    let place = try KVPath(call, client, mount: call[mount], argument: call.argument(0))
    guard place.isVersioned else { throw .remote("KV engine mount must be version 2 for patch support") }
    let path = place.api("data")
    let secret: Secret?
    if method == "rw" {
      secret = try rewrite(call, client, path, data)
    } else {
      secret = try patch(call, client, path, data, mayRewrite: method.isEmpty)
    }
    try output.versionWritten(secret, path: path)
  }

  private func patch(
    _ call: Invocation, _ client: APIClient, _ path: String, _ data: JSONObject, mayRewrite: Bool
  ) throws(CommandFailure) -> Secret? {
    let options: JSONObject = call[cas] >= 0 ? ["cas": .int(call[cas])] : [:]
    var refused = false
    var wasDenied = false
    let secret = try call.attempt("Error writing data to \(path)") { () throws(APIError) -> Secret? in
      do throws(APIError) {
        return try client.patch(path, ["data": .object(data.sorted), "options": .object(options)])
      } catch {
        // Older servers do not know the method, and older policies do not allow it.
        guard error.status == 405 || (error.status == 403 && mayRewrite) else { throw error }
        refused = true
        wasDenied = error.status == 403
        return nil
      }
    }
    if wasDenied {
      call.warn(
        "Data was written to \(path) but we recommend that you add the \"patch\" capability to your ACL policy in order "
          + "to use HTTP PATCH in the future.")
    }
    return refused ? try rewrite(call, client, path, data) : secret
  }

  /// Reads, merges, and writes on condition that nobody else wrote in between.
  private func rewrite(
    _ call: Invocation, _ client: APIClient, _ path: String, _ changes: JSONObject
  ) throws(CommandFailure) -> Secret? {
    let found = try call.attempt("Error doing pre-read at \(path)") { () throws(APIError) in try client.read(path) }
    guard let found else { throw .remote("No value found at \(path)") }
    guard let version = found.data?["metadata"]?["version"] else {
      throw .remote("Patch data cannot be applied: the version of \(path) is not known")
    }
    guard var data = found.data?["data"]?.objectValue else { throw .remote("No data found at \(path)") }
    for change in changes.members { data[change.name] = change.value.isNull ? nil : change.value }
    let body: JSONObject = ["data": .object(data.sorted), "options": ["cas": version]]
    return try call.attempt("Error writing data to \(path)") { () throws(APIError) in try client.put(path, body) }
  }
}
