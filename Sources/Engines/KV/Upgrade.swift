internal import EngineAPI
internal import Primitives
internal import StorageAPI

/// Turns each value of version 1 into the first version of a key of version 2.
///
/// A key moves in one batch, so at any moment it is in one of the two places; an upgrade that was interrupted goes on
/// where it stopped. The marker keeps writers of version 1 out from the first moment and for good.
struct Upgrade {
  static let marker = "upgrade"
  private static let begun: [UInt8] = [1]
  private static let done: [UInt8] = [2]
  private static let keysPerBatch = 64
  private static let bytesPerBatch = 1 << 20

  let context: MountContext
  private var storage: StorageView { context.storage }

  init(context: MountContext) { self.context = context }

  /// False where there is nothing of version 1, or no longer.
  func isNeeded() throws -> Bool {
    if let stored = try storage.get(Self.marker) { return stored.bytes != Self.done }
    return try !storage.list(PlainSecrets.folder, after: nil, limit: 1).isEmpty
  }

  func run() throws {
    if let stored = try storage.get(Self.marker) {
      if stored.bytes == Self.done { return }
    } else {
      try storage.put(Self.marker, Self.begun)
    }
    let now = context.clock.now()
    var folders = [""]
    while let folder = folders.popLast() {
      var after: String?
      while true {
        let names = try storage.list(PlainSecrets.folder + folder, after: after, limit: Self.keysPerBatch)
        guard let last = names.last else { break }
        let keys = names.filter { $0.utf8.last != UInt8(ascii: "/") }.map { folder + $0 }
        folders += names.filter { $0.utf8.last == UInt8(ascii: "/") }.map { folder + $0 }
        try move(keys, now: now)
        after = last
      }
    }
    try storage.put(Self.marker, Self.done)
    context.log("upgraded key-value mount to version 2", ["accessor": context.accessor])
  }

  private func move(_ keys: [String], now: Timestamp) throws {
    var rest = keys[...]
    while !rest.isEmpty {
      let moved = try storage.transaction { transaction in
        var count = 0
        var size = 0
        for key in rest {
          count += 1
          guard let bytes = try transaction.get(PlainSecrets.folder + key) else { continue }
          guard let record = try? PlainRecord(bytes) else { throw KVError.damaged }
          var metadata = KeyMetadata(created: now)
          _ = metadata.addVersion(at: now, deletion: nil, by: nil, keeping: KeyMetadata.defaultLimit)
          metadata.oldest = 1
          transaction.put(VersionedSecrets.metadataKey(key), metadata.encoded)
          transaction.put(
            VersionedSecrets.versionKey(key, 1), VersionRecord.encode(created: now, json: record.json))
          transaction.delete(PlainSecrets.folder + key)
          size += bytes.count
          if size > Self.bytesPerBatch { break }
        }
        return count
      }
      rest = rest.dropFirst(moved)
    }
  }
}
