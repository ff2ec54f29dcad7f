package import EngineAPI
internal import JSONText
internal import StorageAPI

/// One-time passwords by the time (RFC 6238): made for other services, or checked for programs that log people in.
package enum TOTP {
  package static let type = EngineType(name: "totp", mountClass: .secret, version: "v1.0.0+builtin.coffer") {
    MountedEngine(TOTPEngine(context: $0))
  }
}

/// One mount: its keys, and beside each which of its passwords were taken.
struct TOTPEngine: Engine {
  let context: MountContext
  var storage: StorageView { context.storage }

  static let keys = "key/"
  static let used = "used/"

  static let routes: [Route<TOTPEngine>] = [
    Route(
      "keys/", fields: [Fields.after.description, Fields.limit.description], summary: "List the keys",
      [.list: { engine, call in try engine.list(call) }]),
    Route(
      "keys/{name:any}", fields: [Fields.name.description] + Fields.key, summary: "Make, read and delete a key",
      help: """
        With `generate` a key is made here and shown this once, as a URL and as a QR code for authenticator programs. \
        Otherwise `url` or `key` holds one that another service made. A write replaces the key that was there.
        """,
      [
        .read: { engine, call in try engine.read(call) },
        .update: { engine, call in try engine.write(call) },
        .delete: { engine, call in try engine.delete(call) },
      ]),
    Route(
      "code/{name:any}", fields: [Fields.name.description, Fields.code.description],
      summary: "The password of the moment, or whether one is right",
      help: "A read makes the password. A write checks one, which is good once.",
      [
        .read: { engine, call in try engine.password(call) },
        .update: { engine, call in try engine.check(call) },
      ]),
  ]

  private func list(_ call: Call) throws -> Reply {
    let after = try call[Fields.after] ?? ""
    let limit = try call[Fields.limit] ?? 0
    return .keys(
      try storage.list(Self.keys, after: after.isEmpty ? nil : after, limit: limit > 0 ? Int(clamping: limit) : .max))
  }

  private func read(_ call: Call) throws -> Reply {
    guard let stored = try storage.get(Self.keys + call.capture("name")) else { return .none }
    return .data(try KeyRecord.decode(stored.bytes).shown)
  }

  private func write(_ call: Call) throws -> Reply {
    let (uri, reply) = try KeyRequest(call).outcome(random: context.random)
    let name = call.capture("name")
    try storage.transaction { transaction in
      transaction.put(Self.keys + name, uri.record)
      // What was taken of another key says nothing about this one.
      transaction.delete(Self.used + name)
    }
    return reply
  }

  private func delete(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    try storage.transaction { transaction in
      transaction.delete(Self.keys + name)
      transaction.delete(Self.used + name)
    }
    return .none
  }
}
