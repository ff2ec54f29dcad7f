internal import EngineAPI
internal import JSONText
internal import StorageAPI

extension TransitMount {
  private enum Fields {
    static let size = Field.int("size", "How many keys to keep in memory; 0 is no limit, otherwise at least 10.")
    static let disableUpsert = Field.bool("disable_upsert", "Whether encryption makes no keys that are missing.")
  }

  private static let cacheSizeKey = "config/cache"
  private static let upsertKey = "config/keys"

  static let settingsRoutes: [Route<TransitMount>] = [
    Route(
      "cache-config", fields: [Fields.size.description], summary: "How many keys are kept in memory",
      help: "Keys are read from storage when they are used first. A change takes effect at once.",
      [
        .read: { mount, _ in .data(["size": .int(try cacheSize(mount.storage))]) },
        .update: { mount, call in try mount.writeCacheSize(call) },
      ]),
    Route(
      "config/keys", fields: [Fields.disableUpsert.description], summary: "Settings for all keys of this mount",
      [
        .read: { mount, _ in .data(["disable_upsert": .bool(try mount.upsertIsDisabled())]) },
        .update: { mount, call in try mount.writeKeySettings(call) },
      ]),
  ]

  static func cacheSize(_ storage: StorageView) throws -> Int64 {
    guard let stored = try storage.get(cacheSizeKey) else { return 0 }
    return Int64(String(decoding: stored.bytes, as: UTF8.self)) ?? 0
  }

  private func writeCacheSize(_ call: Call) throws -> Reply {
    let size = try call[Fields.size] ?? 0
    guard size == 0 || size >= 10 else {
      throw EngineError.invalid("size must be 0 or a value greater or equal to 10")
    }
    try storage.put(Self.cacheSizeKey, Array(String(size).utf8))
    cache.withLock { $0.setLimit(Int(clamping: size)) }
    return .data(["size": .int(size)])
  }

  func upsertIsDisabled() throws -> Bool { try storage.get(Self.upsertKey)?.bytes == [1] }

  private func writeKeySettings(_ call: Call) throws -> Reply {
    if let disabled = try call[Fields.disableUpsert] { try storage.put(Self.upsertKey, [disabled ? 1 : 0]) }
    return .data(["disable_upsert": .bool(try upsertIsDisabled())])
  }
}
