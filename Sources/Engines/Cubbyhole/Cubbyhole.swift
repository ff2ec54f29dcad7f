package import EngineAPI
internal import JSONText
internal import StorageAPI

/// Storage of each token's own, which no other token reaches.
package enum Cubbyhole {
  /// Mounted once, as `cubbyhole/`. A token's values lie below the folder `<cubbyholeID>/` of the mount; the kernel
  /// removes it with the token.
  package static let type = EngineType(
    name: "cubbyhole", mountClass: .secret, version: "v1.0.0+builtin.coffer", isSingleton: true
  ) { context in MountedEngine(CubbyholeEngine(storage: context.storage)) }
}

struct CubbyholeEngine: Engine {
  let storage: StorageView

  static let routes: [Route<CubbyholeEngine>] = [
    Route(
      "{path...?}", traits: [.freeFields, .prompt],
      fields: [Field.string("path", "The key of the secret.").description],
      summary: "Secrets of the calling token alone",
      help: """
        Any path below the mount is the key of a secret, a JSON object that each write replaces as a whole. No other \
        token, not even root, reaches it, and it is removed with the token.
        """,
      exists: { engine, call in
        let key = try engine.key(call)
        if key.isEmpty { throw EngineError.list(status: 400, ["missing path"]) }
        return try engine.values(call).get(key) != nil
      },
      [
        .read: { engine, call in try engine.read(call) },
        .list: { engine, call in try engine.list(call) },
        .update: { engine, call in try engine.write(call) },
        .delete: { engine, call in try engine.delete(call) },
      ])
  ]

  private func read(_ call: Call) throws -> Reply {
    let values = try values(call)
    let key = try presentKey(call)
    guard let stored = try values.get(key) else { return .none }
    let isWrapped = key == "response" && call.principal?.policies == ["response-wrapping"]
    return .data(JSONText(trusted: stored.bytes), warnings: isWrapped ? [Self.wrappedWarning] : [])
  }

  private static let wrappedWarning =
    "Reading a wrapped answer from here is the old way; sys/wrapping/unwrap does it, too, and checks the token first"

  private func list(_ call: Call) throws -> Reply {
    let values = try values(call)
    let path = try key(call)
    return .keys(try values.list(path.isEmpty || path.utf8.last == UInt8(ascii: "/") ? path : path + "/"))
  }

  private func write(_ call: Call) throws -> Reply {
    let values = try values(call)
    let key = try presentKey(call)
    if key.utf8.last == UInt8(ascii: "/") { throw EngineError.invalid("cannot write to a path ending in '/'") }
    if call.fields.isEmpty { throw EngineError.invalid("missing data fields") }
    let fields = JSONValue.object(call.fields)
    if fields.holdsOversizedNumber {
      throw EngineError.invalid("a number is beyond the range of a 64-bit float")
    }
    try values.put(key, JSONText(sorting: fields).bytes)
    return .none
  }

  private func delete(_ call: Call) throws -> Reply {
    let values = try values(call)
    try values.delete(try presentKey(call))
    return .none
  }

  private func values(_ call: Call) throws -> StorageView {
    guard let folder = call.principal?.cubbyholeID, !folder.isEmpty else {
      throw EngineError.invalid("cubbyhole operations are only supported by \"service\" or enterprise type tokens")
    }
    return storage.view(folder + "/")
  }

  private func key(_ call: Call) throws -> String {
    let path = call.capture("path")
    if path.contains("..") { throw EngineError.invalid("relative paths not supported") }
    return path
  }

  private func presentKey(_ call: Call) throws -> String {
    let key = try key(call)
    if key.isEmpty { throw EngineError.invalid("missing path") }
    return key
  }
}
