internal import Client
internal import JSONText
internal import Primitives

private enum KVMetadata {
  /// The key's place, on an engine that has metadata at all.
  static func place(_ call: Invocation, _ client: APIClient, _ mount: String) throws(CommandFailure) -> String {
    let place = try KVPath(call, client, mount: mount, argument: call.argument(0))
    guard place.isVersioned else { throw .local("Metadata not supported on KV Version 1") }
    return place.api("metadata")
  }
}

struct KVMetadataGetCommand: Command {
  let words = ["kv", "metadata", "get"]
  let synopsis = "Show a key's settings and versions"
  let usage = "KEY"
  let details = """
    Shows a key's settings and its versions, without their data.

        $ coffer kv metadata get secret/app
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]
  private let mount = KVFlags.mount
  var flags: [any AnyFlag] { [mount] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let path = try KVMetadata.place(call, client, call[mount])
    let secret = try call.attempt("Error reading \(path)") { () throws(APIError) in try client.read(path) }
    guard let secret else { throw .remote("No value found at \(path)") }
    guard output.field.isEmpty, output.isTable, secret.wrapInfo == nil, var data = secret.data else {
      return try output.secret(secret)
    }
    let versions = data["versions"]?.objectValue ?? [:]
    data["versions"] = nil
    output.warnings(of: secret)
    output.secretPath(path, title: "Metadata Path")
    output.section("Metadata", data)
    for version in versions.members.sorted(by: { (Int64($0.name) ?? 0) < (Int64($1.name) ?? 0) }) {
      output.line("")
      output.section("Version \(version.name)", version.value.objectValue ?? [:])
    }
  }
}

/// The settings that put and patch have in common.
private struct KVMetadataFlags {
  let mount = KVFlags.mount
  let casRequired = Flag<Bool>("cas-required", "Refuse writes that do not name the newest version.")
  let maxVersions = Flag<Int64>("max-versions", default: -1, "How many versions to keep.")
  let deleteAfter = Flag<TimeSpan>("delete-version-after", "Delete versions when they are this old.")
  let custom = Flag<KeyedTexts>("custom-metadata", "A note about the key, as KEY=VALUE. Repeatable.")
  var all: [any AnyFlag] { [mount, casRequired, maxVersions, deleteAfter, custom] }

  func body(_ call: Invocation) -> JSONObject {
    var body = JSONObject()
    if let count = call.given(maxVersions), count >= 0 { body["max_versions"] = .int(count) }
    if let required = call.given(casRequired) { body["cas_required"] = .bool(required) }
    if let age = call.given(deleteAfter) { body["delete_version_after"] = .string(age.goDescription) }
    if let entries = call.given(custom)?.entries {
      body["custom_metadata"] = .object(JSONObject(entries.map { ($0.key, JSONValue.string($0.value)) }))
    }
    return body
  }
}

struct KVMetadataPutCommand: Command {
  let words = ["kv", "metadata", "put"]
  let synopsis = "Set a key's settings"
  let usage = "KEY"
  let details = """
    Sets a key's settings; the key need not exist. Custom metadata is replaced as a whole.

        $ coffer kv metadata put -max-versions=5 -custom-metadata=owner=ops secret/app
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format]
  private let settings = KVMetadataFlags()
  var flags: [any AnyFlag] { settings.all }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let path = try KVMetadata.place(call, client, call[settings.mount])
    let secret = try call.attempt("Error writing data to \(path)") { () throws(APIError) in
      try client.put(path, settings.body(call))
    }
    try output.written(secret, path)
  }
}

struct KVMetadataPatchCommand: Command {
  let words = ["kv", "metadata", "patch"]
  let synopsis = "Change some of a key's settings"
  let usage = "KEY"
  let details = """
    Changes the settings that are given and leaves the others.

        $ coffer kv metadata patch -custom-metadata=tier=1 -remove-custom-metadata=owner secret/app
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format]
  private let settings = KVMetadataFlags()
  private let remove = Flag<[String]>("remove-custom-metadata", "A note to remove. Repeatable.")
  var flags: [any AnyFlag] { settings.all + [remove] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let path = try KVMetadata.place(call, client, call[settings.mount])
    var body = settings.body(call)
    if call.isSet(remove) {
      var custom = body["custom_metadata"]?.objectValue ?? [:]
      for name in call[remove] { custom[name] = .null }
      body["custom_metadata"] = .object(custom)
    }
    let secret = try call.attempt("Error writing data to \(path)") { () throws(APIError) in
      try client.patch(path, body)
    }
    try output.written(secret, path)
  }
}

struct KVMetadataDeleteCommand: Command {
  let words = ["kv", "metadata", "delete"]
  let synopsis = "Remove a key with all its versions"
  let usage = "KEY"
  let details = """
    Removes a key with all its versions for good.

        $ coffer kv metadata delete secret/app
    """
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format]
  private let mount = KVFlags.mount
  var flags: [any AnyFlag] { [mount] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let path = try KVMetadata.place(call, client, call[mount])
    let secret = try call.attempt("Error deleting \(path)") { () throws(APIError) in try client.delete(path) }
    try output.deleted(secret, path)
  }
}
