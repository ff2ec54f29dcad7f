import AuditTrail
import EngineAPI
import JSONText
internal import Primitives
internal import SecretMemory
import StorageAPI

/// One enabled audit device as `sys/audit` shows it.
package struct AuditTableEntry: Sendable, Equatable {
  /// Ends in "/".
  package let path: String
  package let type: String
  package let description: String
  package let local: Bool
  package let options: [String: String]

  package init(path: String, type: String, description: String, local: Bool, options: [String: String]) {
    self.path = path
    self.type = type
    self.description = description
    self.local = local
    self.options = options
  }

  fileprivate var storageKey: String { StoragePaths.auditDevices + Hex.encode(path.utf8) }
}

/// Which audit devices are enabled, in storage and at work.
package final class AuditTable: Sendable {
  private let store: any LogicalStore
  private let random: RandomSource
  private let entries = Locked<[AuditTableEntry]>([])
  private let changing = Locked(())
  private let headers: StoredObject
  let broker: AuditBroker
  private let node: Node

  init(store: any LogicalStore, node: Node) throws {
    self.store = store
    self.node = node
    random = node.composition.random
    headers = try StoredObject(StoragePaths.auditedHeaders, in: store)
    broker = AuditBroker(
      types: node.composition.auditDeviceTypes, clock: node.composition.clock, random: random,
      log: node.composition.log.logger("audit"), metrics: node.composition.metrics,
      bound: node.settings.auditTimeout, allowsPrefix: node.settings.allowsAuditPrefix)
  }

  package var isEnabled: Bool { broker.isEnabled }
  package var all: [AuditTableEntry] { entries.withLock { $0 } }

  func load() throws {
    applyHeaders()
    var loaded: [AuditTableEntry] = []
    for name in try store.list(StoragePaths.auditDevices, after: nil, limit: .max) {
      guard let stored = try store.get(StoragePaths.auditDevices + name) else { continue }
      guard let record = try? JSONParser.parse(stored.bytes).objectValue, let path = record["path"]?.stringValue,
        let type = record["type"]?.stringValue, let salt = record["salt"]?.stringValue.flatMap(Hex.decode)
      else { throw StoreError.damaged("the audit table cannot be read; restore a snapshot") }
      let options = Dictionary(
        (record["options"]?.objectValue ?? [:]).members.map { ($0.name, $0.value.stringValue ?? "") },
        uniquingKeysWith: { _, last in last })
      let entry = AuditTableEntry(
        path: path, type: type, description: record["description"]?.stringValue ?? "",
        local: record["local"]?.boolValue ?? false, options: options)
      do {
        try broker.restore(path: path, type: type, options: options, salt: SecretBytes(copying: salt))
      } catch {
        // A server that cannot record must not serve what has to be recorded.
        throw EngineError(status: 500, messages: ["the audit device \(path) cannot be enabled: \(error.message)"])
      }
      loaded.append(entry)
    }
    entries.withLock { $0 = loaded.sorted { $0.path < $1.path } }
  }

  /// Opens a device and makes it durable; it takes entries from then on.
  package func enable(_ entry: AuditTableEntry) throws {
    try changing.withLock { (_) throws in
      let salt = SecretBytes(count: 32, fill: random.fill)
      do {
        let device = try broker.prepare(path: entry.path, type: entry.type, options: entry.options, salt: salt)
        let record: JSONObject = [
          "path": .string(entry.path), "type": .string(entry.type), "description": .string(entry.description),
          "local": .bool(entry.local), "options": .object(MountEntry.texts(entry.options)),
          "salt": .string(salt.withBytes { Hex.encode($0) }),
        ]
        var batch = WriteBatch()
        batch.put(entry.storageKey, JSONText(record).bytes)
        do {
          _ = try store.commit(batch)
        } catch {
          broker.abandon(device)
          throw error
        }
        try broker.add(device)
      } catch let error as AuditConfigurationError {
        throw EngineError.invalid(error.message)
      }
      entries.withLock { $0 = ($0 + [entry]).sorted { $0.path < $1.path } }
    }
  }

  /// Does nothing where there is no device at that path.
  package func disable(_ path: String) throws {
    try changing.withLock { (_) throws in
      guard let entry = all.first(where: { $0.path == path }) else { return }
      var batch = WriteBatch()
      batch.delete(entry.storageKey)
      _ = try store.commit(batch)
      broker.remove(path)
      entries.withLock { $0.removeAll { $0.path == path } }
    }
  }

  /// What `input` looks like in the device's entries; nil where there is no such device.
  package func hash(_ path: String, input: String) -> String? { broker.hash(path: path, input: input) }

  package func reopen() { broker.reopen() }
  func close() { broker.removeAll() }

  // MARK: Request headers

  /// Whether each recorded header is hashed, by name in lower case.
  package var auditedHeaders: [String: Bool] { broker.headers }

  package func auditHeader(_ name: String, isHashed: Bool) throws {
    try headers.change { $0[name.lowercased()] = .bool(isHashed) }
    applyHeaders()
  }

  package func stopAuditingHeader(_ name: String) throws {
    try headers.change { stored in
      let name = name.lowercased()
      // The standard ones are there by default, so that their removal is what has to be remembered.
      stored[name] = AuditBroker.standardHeaders[name] == nil ? nil : .null
    }
    applyHeaders()
  }

  private func applyHeaders() {
    var merged = AuditBroker.standardHeaders
    for member in headers.value.members { merged[member.name] = member.value.boolValue }
    broker.setHeaders(merged)
  }
}
