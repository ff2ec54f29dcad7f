internal import Cryptography
package import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

/// Cryptography as a service: keys that stay here, and what clients have done with them.
package enum Transit {
  package static let type = EngineType(
    name: "transit", mountClass: .secret, version: "v1.0.0+builtin.coffer"
  ) { context in MountedEngine(try TransitMount(context: context)) }
}

/// One mount: its keys and settings.
struct TransitMount: Engine {
  static let routes =
    keyRoutes + encryptionRoutes + signatureRoutes + cmacRoutes + transferRoutes + toolRoutes + settingsRoutes

  let context: MountContext
  let cache: Locked<KeyCache>
  /// Keys of which a version is being made because it is due.
  private let rotating = Locked<Set<String>>([])
  var storage: StorageView { context.storage }

  init(context: MountContext) throws {
    self.context = context
    cache = Locked(KeyCache(limit: Int(clamping: try Self.cacheSize(context.storage))))
  }

  // MARK: Keys

  static let folder = "keys/"

  func exists(_ name: String) throws -> Bool { try storage.get(Self.folder + name) != nil }

  /// The key as it is stored now, with a new version where one is due; nil where there is none.
  func load(_ name: String) throws -> LoadedKey? {
    guard let stored = try storage.get(Self.folder + name) else {
      cache.withLock { $0.remove(name) }
      return nil
    }
    if let key = cache.withLock({ $0.find(name) }), key.index == stored.index { return try rotatedIfDue(key) }
    let key = LoadedKey(name: name, record: try KeyRecordCodec.decode(stored.bytes), index: stored.index)
    cache.withLock { $0.insert(key) }
    return try rotatedIfDue(key)
  }

  /// Changes what is stored; returns the changed key with what `body` returned, or nil where there is no key.
  func change<R>(_ name: String, _ body: (inout KeyRecord) throws -> R) throws -> (key: LoadedKey, result: R)? {
    try storage.transaction { transaction in
      guard let bytes = try transaction.get(Self.folder + name) else { return nil }
      var record = try KeyRecordCodec.decode(bytes)
      let result = try body(&record)
      let encoded = KeyRecordCodec.encode(record)
      if encoded != bytes { transaction.put(Self.folder + name, encoded) }
      return (LoadedKey(name: name, record: record), result)
    }
  }

  /// Stores a new key; returns what is there, which is another one where somebody was faster.
  func create(_ name: String, _ record: KeyRecord) throws -> (key: LoadedKey, isNew: Bool) {
    try storage.transaction { transaction in
      if let bytes = try transaction.get(Self.folder + name) {
        return (LoadedKey(name: name, record: try KeyRecordCodec.decode(bytes)), false)
      }
      transaction.put(Self.folder + name, KeyRecordCodec.encode(record))
      return (LoadedKey(name: name, record: record), true)
    }
  }

  /// A version of the server's own making for a key of that kind.
  func freshVersion(of record: KeyRecord, at now: Timestamp) throws -> KeyVersion {
    let material = try KeyMaterial.generate(record.type, size: record.keySize, random: context.random)
    var version = KeyVersion(
      created: now, hmacKey: context.random.secret(KeyVersion.hmacKeyBytes), material: material)
    if record.isConvergent { version.convergence = 3 }
    return version
  }

  /// Rotation is looked at whenever a key is used, so that an unused key costs nothing and no timer has to be kept.
  private func rotatedIfDue(_ key: LoadedKey) throws -> LoadedKey {
    guard let due = key.record.rotationDue else { return key }
    let now = context.clock.now()
    if now < due { return key }
    // Making some kinds takes a while, in which the present version serves everybody else.
    guard rotating.withLock({ $0.insert(key.name).inserted }) else { return key }
    defer { rotating.withLock { _ = $0.remove(key.name) } }
    let fresh = try freshVersion(of: key.record, at: now)
    do {
      let changed = try change(key.name) { record in
        guard let due = record.rotationDue, due <= now else { return }
        record.rotate(fresh)
      }
      return changed?.key ?? key
    } catch let error as StoreError {
      // A key that cannot be rotated now still serves; the next use tries again.
      context.log("a key that is due could not be rotated", ["error": "\(error)"])
      return key
    }
  }
}
