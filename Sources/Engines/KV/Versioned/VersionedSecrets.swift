internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

/// Version 2: each key has metadata and a history of values.
struct VersionedSecrets: Engine {
  let context: MountContext
  var storage: StorageView { context.storage }
  /// Nil until it is known whether values of version 1 wait to be moved.
  private let phase: Locked<Phase?>

  private enum Phase { case upgrading, ready }

  init(context: MountContext) {
    self.context = context
    phase = Locked(nil)
  }

  static let configurationKey = "config"
  static func metadataKey(_ key: String) -> String { "m/" + key }
  static func versionKey(_ key: String, _ number: Int64) -> String { "v/\(key)/\(number)" }

  func tuned() throws { try finishUpgrade() }

  /// Moves what an upgrade from version 1 left behind, once; until then only one request gets through.
  func finishUpgrade() throws {
    if phase.withLock({ $0 == .ready }) { return }
    let upgrade = Upgrade(context: context)
    if try upgrade.isNeeded() {
      let found = phase.withLock { phase in
        let found = phase
        if phase == nil { phase = .upgrading }
        return found
      }
      if found == .ready { return }
      if found == .upgrading { throw KVError.upgrading }
      do { try upgrade.run() } catch {
        phase.withLock { $0 = nil }
        throw error
      }
    }
    phase.withLock { $0 = .ready }
  }

  // MARK: What handlers share

  func configuration(_ transaction: inout Transaction) throws -> MountConfiguration {
    try Self.configuration(transaction.get(Self.configurationKey))
  }

  static func configuration(_ stored: [UInt8]?) throws -> MountConfiguration {
    guard let stored else { return MountConfiguration() }
    do { return try MountConfiguration(decoding: stored) } catch { throw KVError.damaged }
  }

  func metadata(_ key: String, _ transaction: inout Transaction) throws -> KeyMetadata? {
    try transaction.get(Self.metadataKey(key)).map(Self.metadata)
  }

  static func metadata(_ stored: [UInt8]) throws -> KeyMetadata {
    do { return try KeyMetadata(decoding: stored) } catch { throw KVError.damaged }
  }

  func exists(_ key: String) throws -> Bool {
    try finishUpgrade()
    return try storage.get(Self.metadataKey(key)) != nil
  }

  /// A field of a write to a route with an existence check, whose errors have no prefix.
  static func field<Value>(_ call: Call, _ field: Field<Value>) throws -> Value? {
    if !call.operation.isWrite { return try call[field] }
    do throws(EngineError) { return try call[field] } catch {
      let prefix = "Field validation failed: "
      throw EngineError(
        status: error.status,
        messages: error.messages.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 })
    }
  }

  static func author(_ call: Call, operation: String? = nil) -> Attribution? {
    guard let principal = call.principal else { return nil }
    return Attribution(
      actor: principal.displayName, clientID: principal.clientID, entityID: principal.entityID,
      operation: operation ?? (call.operation.isWrite && call.operation != .create ? "update" : call.operation.rawValue)
    )
  }

  /// The key that the path names, where a slash at its end is part of it (and therefore wrong).
  static func key(_ call: Call) throws -> String {
    let path = call.capture("path")
    let dot = UInt8(ascii: ".")
    if path.utf8.contains(dot), path.split(separator: "/").contains("..") { throw KVError.relativePath }
    if path.utf8.last == UInt8(ascii: "/"), call.operation.isWrite || call.operation == .patch {
      throw KVError.trailingSlash
    }
    return path
  }

  /// The key that the path names, whatever slashes follow it.
  static func trimmedKey(_ call: Call) throws -> String {
    var key = try key(call)
    while key.utf8.last == UInt8(ascii: "/") { key.removeLast() }
    return key
  }

  // MARK: Answers for paths that are none

  static func wrongPath(_ call: Call) -> Reply {
    let verb =
      switch call.operation {
      case .list: "list"
      case .create, .update: "put"
      case .patch: "patch"
      case .delete: "delete"
      default: "get"
      }
    return .warning(
      "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. "
        + "If using the command line, use 'coffer kv \(verb)' for this operation.", status: 404)
  }

  static func noEndpoint(_ call: Call) throws -> Reply {
    _ = try key(call)
    return wrongPath(call)
  }

  static let rootReply = Reply.warning(
    "Non-listing operations on the root of a K/V v2 mount are not supported.", status: 404)

  static func handlers(_ handler: @escaping Route<VersionedSecrets>.Handler) -> [Operation: Route<VersionedSecrets>
    .Handler]
  {
    [.read: handler, .list: handler, .update: handler, .patch: handler, .delete: handler]
  }
}
