internal import Client
internal import JSONText

struct KVDeleteCommand: Command {
  let words = ["kv", "delete"]
  let synopsis = "Delete versions of a secret"
  let usage = "KEY"
  let details = """
    Deletes the newest version of a secret, or those that -versions names. On a versioned engine "kv undelete" brings
    them back.

        $ coffer kv delete secret/app
        $ coffer kv delete -versions=3,4 secret/app
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]
  private let mount = KVFlags.mount
  private let versions = KVFlags.versions
  var flags: [any AnyFlag] { [mount, versions] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let numbers = try KVFlags.numbers(call[versions]) as JSONValue
    let place = try KVPath(call, client, mount: call[mount], argument: call.argument(0))
    let path = place.api("data")
    let some = place.isVersioned && numbers != []
    let secret = try call.attempt("Error deleting \(path)") { () throws(APIError) in
      some ? try client.put(place.api("delete"), ["versions": numbers]) : try client.delete(path)
    }
    try output.deleted(secret, path)
  }
}

struct KVUndeleteCommand: Command {
  let words = ["kv", "undelete"]
  let synopsis = "Bring deleted versions of a secret back"
  let usage = "KEY"
  let details = """
    Brings deleted versions back, unless they were destroyed.

        $ coffer kv undelete -versions=3 secret/app
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]
  private let mount = KVFlags.mount
  private let versions = KVFlags.versions
  var flags: [any AnyFlag] { [mount, versions] }

  func run(_ call: Invocation) throws(CommandFailure) {
    try KVVersions.change(call, area: "undelete", mount: call[mount], versions: call[versions])
  }
}

struct KVDestroyCommand: Command {
  let words = ["kv", "destroy"]
  let synopsis = "Remove versions of a secret for good"
  let usage = "KEY"
  let details = """
    Removes the data of versions for good.

        $ coffer kv destroy -versions=3 secret/app
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]
  private let mount = KVFlags.mount
  private let versions = KVFlags.versions
  var flags: [any AnyFlag] { [mount, versions] }

  func run(_ call: Invocation) throws(CommandFailure) {
    try KVVersions.change(call, area: "destroy", mount: call[mount], versions: call[versions])
  }
}

private enum KVVersions {
  static func change(
    _ call: Invocation, area: String, mount: String, versions: [String]
  ) throws(CommandFailure) {
    let output = try call.output()
    let numbers = try KVFlags.numbers(versions) as JSONValue
    if numbers == [] {
      throw .local("No versions provided, use the \"-versions\" flag to specify the version to \(area).")
    }
    let client = try call.client()
    let place = try KVPath(call, client, mount: mount, argument: call.argument(0))
    guard place.isVersioned else {
      throw .local("\(area.prefix(1).uppercased())\(area.dropFirst()) not supported on KV Version 1")
    }
    let path = place.api(area)
    let secret = try call.attempt("Error writing data to \(path)") { () throws(APIError) in
      try client.put(path, ["versions": numbers])
    }
    try output.written(secret, path)
  }
}
