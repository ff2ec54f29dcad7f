internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives
internal import StorageAPI

private enum Fields {
  static let path = Field.string("path", "A key of the storage above the barrier.")
  static let value = Field.string("value", "What is stored.", secret: true)
  static let encoding = Field.string("encoding", "`base64` for values that are no text.")
  static let compressed = Field.bool("compressed", "Accepted for old clients.")
  static let compression = Field.string("compression_type", "Accepted where empty: nothing is compressed.")
}

/// The storage as it lies, for repairs, where the configuration switches it on. Elsewhere the path is not there.
extension SystemEngine {
  static let rawStorageRoutes: [Route<SystemEngine>] = [
    Route(
      "raw/", traits: [.sudo, .hidden], summary: "Keys of the storage",
      [.list: { try listRaw($1) }, .read: { try listRaw($1) }]),
    Route(
      "raw/{path...}", traits: [.sudo, .hidden],
      fields: [
        Fields.path.description, Fields.value.description, Fields.encoding.description, Fields.compressed.description,
        Fields.compression.description,
      ], summary: "One key of the storage",
      [
        .read: { try readRaw($1) }, .list: { try listRaw($1) }, .update: { try writeRaw($1) },
        .delete: { try deleteRaw($1) },
      ]),
  ]

  private static let protected = ["core/keyring", "core/seal/"]

  private static func raw(_ call: Call) throws -> (store: any LogicalStore, path: String) {
    let (session, state) = try call.active
    guard session.node.settings.rawStorageEndpoint else { throw EngineError.unsupportedPath }
    let path = call.capture("path")
    if path.contains("..") { throw EngineError.invalid("relative paths not supported") }
    if let prefix = protected.first(where: path.hasPrefix) {
      throw EngineError.invalid("cannot access '\(prefix)'")
    }
    return (state.barrier, path)
  }

  private static func readRaw(_ call: Call) throws -> Reply {
    let (store, path) = try raw(call)
    guard let stored = try store.get(path) else { return .none }
    if try call[Fields.encoding] == "base64" { return .data(["value": .string(Base64.encode(stored.bytes))]) }
    guard let text = String(validating: stored.bytes, as: UTF8.self) else {
      throw EngineError.invalid("the value is no text; ask for it with encoding=base64")
    }
    return .data(["value": .string(text)])
  }

  private static func listRaw(_ call: Call) throws -> Reply {
    let (store, path) = try raw(call)
    return .keys(try store.list(path.isEmpty || path.hasSuffix("/") ? path : path + "/", after: nil, limit: .max))
  }

  private static func writeRaw(_ call: Call) throws -> Reply {
    let (store, path) = try raw(call)
    let text = try call[Fields.value] ?? ""
    var batch = WriteBatch()
    switch try call[Fields.encoding] ?? "" {
    case "": batch.put(path, Array(text.utf8))
    case "base64":
      do { batch.put(path, try Base64.decode(text)) } catch { throw EngineError.invalid("'value' is not base64") }
    default: throw EngineError.invalid("invalid encoding specified")
    }
    _ = try store.commit(batch)
    return .none
  }

  private static func deleteRaw(_ call: Call) throws -> Reply {
    let (store, path) = try raw(call)
    var batch = WriteBatch()
    batch.delete(path)
    _ = try store.commit(batch)
    return .none
  }
}
