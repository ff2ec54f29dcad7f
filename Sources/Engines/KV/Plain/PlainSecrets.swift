internal import EngineAPI
internal import JSONText
internal import StorageAPI

/// Version 1: one value per key, replaced whole by each write.
struct PlainSecrets: Engine {
  /// Below this folder of the mount are the values, by their keys.
  static let folder = "s/"

  let context: MountContext
  private let values: StorageView

  init(context: MountContext) {
    self.context = context
    values = context.storage.view(Self.folder)
  }

  static let routes: [Route<PlainSecrets>] = [
    Route(
      "{path...?}", traits: [.freeFields, .pureReads],
      fields: [Field.string("path", "The key of the secret.").description],
      summary: "Read, write, list and delete secrets",
      help: """
        Any path below the mount is the key of a secret, a JSON object that each write replaces as a whole. A secret's \
        field "ttl" (or "lease") is what a read shows as lease_duration, so that clients know when to look again; it \
        is no lease, and nothing is deleted when the time has passed.
        """,
      exists: { engine, call in try engine.exists(call) },
      [
        .read: { engine, call in try engine.read(call) },
        .list: { engine, call in try engine.list(call) },
        .update: { engine, call in try engine.write(call) },
        .delete: { engine, call in try engine.delete(call) },
      ])
  ]

  func tuned() throws {
    if context.settings().options["version"] == "2" { try Upgrade(context: context).run() }
  }

  private func read(_ call: Call) throws -> Reply {
    let key = try Self.key(call)
    guard !key.isEmpty, let stored = try values.get(key) else {
      try refuseAfterUpgrade()
      return .none
    }
    guard let record = try? PlainRecord(stored.bytes) else { throw KVError.damaged }
    var reply = Reply.data(JSONText(trusted: Array(record.json)))
    reply.leaseDuration = record.leaseDuration ?? context.settings().defaultTTL.seconds
    return reply
  }

  private func list(_ call: Call) throws -> Reply {
    let folder = ListFields.folder(try Self.key(call))
    let page = try ListFields.page(call)
    let names = try values.list(folder, after: page.after, limit: page.limit)
    if names.isEmpty { try refuseAfterUpgrade() }
    return .keys(names)
  }

  private func exists(_ call: Call) throws -> Bool {
    let key = try Self.key(call)
    return try !key.isEmpty && values.get(key) != nil
  }

  private func write(_ call: Call) throws -> Reply {
    let key = try Self.key(call)
    if key.isEmpty { throw EngineError.invalid("missing path") }
    if key.utf8.last == UInt8(ascii: "/") { throw KVError.trailingSlash }
    if call.fields.isEmpty { throw EngineError.invalid("missing data fields") }
    if JSONValue.object(call.fields).holdsOversizedNumber { throw KVError.numberOutOfRange }
    var batch = WriteBatch()
    batch.put(Self.folder + key, PlainRecord.encode(call.fields))
    try commit(batch)
    return .none
  }

  private func delete(_ call: Call) throws -> Reply {
    var batch = WriteBatch()
    batch.delete(Self.folder + (try Self.key(call)))
    try commit(batch)
    return .none
  }

  /// Writes on condition that no upgrade has begun: what is written during one could be lost.
  private func commit(_ batch: WriteBatch) throws {
    var batch = batch
    batch.preconditions.append(.absent(key: Upgrade.marker))
    do { _ = try context.storage.commit(batch) } catch {
      throw error == .conflict ? KVError.upgrading : error
    }
  }

  private func refuseAfterUpgrade() throws {
    if try context.storage.get(Upgrade.marker) != nil { throw KVError.upgrading }
  }

  private static func key(_ call: Call) throws -> String {
    let path = call.capture("path")
    if path.utf8.contains(UInt8(ascii: ".")), path.contains("..") { throw KVError.relativePath }
    return path
  }
}
