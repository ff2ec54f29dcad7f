internal import Client
internal import JSONText

/// What commands about namespaces have in common. A server without any answers that it has no such path, which is said
/// in clear words.
private enum Namespaces {
  static func attempt<R>(
    _ call: Invocation, _ what: String, _ body: () throws(APIError) -> R
  ) throws(CommandFailure) -> R {
    try call.attempt(what) { () throws(APIError) in
      do throws(APIError) { return try body() } catch {
        if case .refused(let response) = error, response.status == 404,
          response.errors.contains(where: { $0.contains("unsupported path") })
        {
          throw .malformed("this server has no namespaces")
        }
        throw error
      }
    }
  }

  static func metadata(_ texts: KeyedTexts) -> JSONValue {
    .object(JSONObject(texts.entries.map { ($0.key, JSONValue.string($0.value)) }))
  }

  static func show(_ secret: Secret?, _ output: Output, otherwise words: String) throws(CommandFailure) {
    guard let secret, secret.data != nil else { return output.line(words) }
    if output.field.isEmpty, output.isTable, let data = secret.data { return output.data(data) }
    try output.secret(secret)
  }
}

struct NamespaceListCommand: Command {
  let words = ["namespace", "list"]
  let synopsis = "List the namespaces below this one"
  let shares: SharedFlags = [.client, .format, .detailed]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try Namespaces.attempt(call, "Error listing namespaces") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/namespaces", query: [("list", "true")]))
    }
    guard secret?.data?["keys"] != nil else { throw .remote("No namespaces found") }
    try output.list(secret, "sys/namespaces")
  }
}

struct NamespaceLookupCommand: Command {
  let words = ["namespace", "lookup"]
  let synopsis = "Show a namespace"
  let usage = "PATH"
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try Namespaces.attempt(call, "Error looking up namespace") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/namespaces/\(call.path())"))
    }
    guard secret != nil else { throw .remote("Namespace not found") }
    try Namespaces.show(secret, output, otherwise: "")
  }
}

struct NamespaceCreateCommand: Command {
  let words = ["namespace", "create"]
  let synopsis = "Make a namespace"
  let usage = "PATH"
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]
  private let custom = Flag<KeyedTexts>("custom-metadata", "A note, as KEY=VALUE. Repeatable.")
  var flags: [any AnyFlag] { [custom] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try Namespaces.attempt(call, "Error creating namespace") { () throws(APIError) in
      try client.put("sys/namespaces/\(call.path())", ["custom_metadata": Namespaces.metadata(call[custom])])
    }
    try Namespaces.show(secret, output, otherwise: "Success! Namespace created at: \(call.path())/")
  }
}

struct NamespacePatchCommand: Command {
  let words = ["namespace", "patch"]
  let synopsis = "Change a namespace's notes"
  let usage = "PATH"
  let arity = Arity.exactly(1)
  let shares: SharedFlags = [.client, .format, .field]
  private let custom = Flag<KeyedTexts>("custom-metadata", "A note, as KEY=VALUE. Repeatable.")
  private let remove = Flag<[String]>("remove-custom-metadata", "A note to remove. Repeatable.")
  var flags: [any AnyFlag] { [custom, remove] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    var notes = Namespaces.metadata(call[custom]).objectValue ?? [:]
    for name in call[remove] { notes[name] = .null }
    let client = try call.client()
    let body: JSONObject = ["custom_metadata": .object(notes)]
    let secret = try Namespaces.attempt(call, "Error patching namespace") { () throws(APIError) in
      try client.patch("sys/namespaces/\(call.path())", body)
    }
    try Namespaces.show(secret, output, otherwise: "Success! Namespace patched at: \(call.path())/")
  }
}

struct NamespaceDeleteCommand: Command {
  let words = ["namespace", "delete"]
  let synopsis = "Delete a namespace with all that is in it"
  let usage = "PATH"
  let arity = Arity.exactly(1)

  func run(_ call: Invocation) throws(CommandFailure) {
    let client = try call.client()
    let secret = try Namespaces.attempt(call, "Error deleting namespace") { () throws(APIError) in
      try client.delete("sys/namespaces/\(call.path())")
    }
    if let secret { try call.output().warnings(of: secret) }
    call.print("Success! Namespace deleted at: \(call.path())/")
  }
}

struct NamespaceLockCommand: Command {
  let words = ["namespace", "lock"]
  let synopsis = "Refuse all requests of a namespace"
  let usage = "[PATH]"
  let details = """
    Prints a key that unlocks the namespace again.
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format, .field]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try Namespaces.attempt(call, "Error locking namespace") { () throws(APIError) in
      try client.put("sys/namespaces/api-lock/lock/\(call.path())", nil)
    }
    try Namespaces.show(secret, output, otherwise: "Success! Namespace locked: \(call.path())/")
  }
}

struct NamespaceUnlockCommand: Command {
  let words = ["namespace", "unlock"]
  let synopsis = "Let requests of a namespace in again"
  let usage = "[PATH]"
  let details = """
    Takes the key that locking printed, as -unlock-key.
    """
  let arity = Arity.between(0, 1)

  func run(_ call: Invocation) throws(CommandFailure) {
    let client = try call.client()
    let body: JSONObject = ["unlock_key": .string(call[ClientFlags.unlockKey])]
    _ = try Namespaces.attempt(call, "Error unlocking namespace") { () throws(APIError) in
      try client.put("sys/namespaces/api-lock/unlock/\(call.path())", body)
    }
    call.print("Success! Namespace unlocked: \(call.path())/")
  }
}
