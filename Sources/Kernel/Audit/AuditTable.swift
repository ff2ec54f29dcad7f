package import AuditAPI
import AuditTrail
import EngineAPI
import JSONText
internal import Logging
internal import Primitives
internal import SecretMemory
import StorageAPI

/// Which audit devices are enabled, in storage and at work.
package final class AuditTable: Sendable {
  private let store: any LogicalStore
  private let random: RandomSource
  private let entries = Locked<[AuditTableEntry]>([])
  private let changing = Serial(())
  private let headers: StoredObject
  let broker: AuditBroker
  private let node: Node
  private let log: Logger

  init(store: any LogicalStore, node: Node) throws {
    self.store = store
    self.node = node
    random = node.composition.random
    log = node.composition.log.logger("audit")
    headers = try StoredObject(StoragePaths.auditedHeaders, in: store)
    broker = AuditBroker(
      types: node.composition.auditDeviceTypes, clock: node.composition.clock, random: random,
      log: log, metrics: node.composition.metrics,
      patience: Patience(bound: node.settings.auditTimeout), allowsPrefix: node.settings.allowsAuditPrefix)
  }

  package var isEnabled: Bool { broker.isEnabled }
  package var all: [AuditTableEntry] { entries.withLock { $0 } }

  func load() throws {
    applyHeaders()
    var loaded: [AuditTableEntry] = []
    for name in try store.list(StoragePaths.auditDevices, after: nil, limit: .max) {
      guard let stored = try store.get(StoragePaths.auditDevices + name) else { continue }
      guard let record = AuditRecord(stored.bytes) else {
        throw StoreError.damaged("the audit table cannot be read; restore a snapshot")
      }
      let entry = record.entry
      do {
        try broker.restore(
          path: entry.path, type: entry.type, options: entry.options, salt: record.salt, isDeclared: entry.isDeclared,
          memory: memory(record.memoryID))
      } catch {
        // A server that cannot record must not serve what has to be recorded.
        throw EngineError(status: 500, messages: ["the audit device \(entry.path) cannot be enabled: \(error.message)"])
      }
      loaded.append(entry)
    }
    entries.withLock { $0 = loaded.sorted { $0.path < $1.path } }
  }

  /// Opens a device and makes it durable; it takes entries from then on.
  package func enable(_ entry: AuditTableEntry) throws {
    try changing.withTurn { (_) throws in try enableAlone(entry) }
  }

  private func enableAlone(_ entry: AuditTableEntry) throws {
    let record = AuditRecord(
      entry: entry, salt: SecretBytes(count: 32, fill: random.fill), memoryID: Hex.encode(random.bytes(16)))
    do {
      let device = try broker.prepare(
        path: entry.path, type: entry.type, options: entry.options, salt: record.salt, isDeclared: entry.isDeclared,
        memory: memory(record.memoryID))
      var batch = WriteBatch()
      batch.put(entry.storageKey, record.json.bytes)
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

  /// Does nothing where there is no device at that path.
  package func disable(_ path: String) throws {
    try changing.withTurn { (_) throws in
      guard let entry = all.first(where: { $0.path == path }) else { return }
      if entry.isDeclared {
        throw EngineError.invalid(
          "the audit device \(path) is declared in the server's configuration: remove its stanza there and reload")
      }
      try disableAlone(entry)
    }
  }

  private func disableAlone(_ entry: AuditTableEntry) throws {
    let record = try store.get(entry.storageKey).flatMap { AuditRecord($0.bytes) }
    var batch = WriteBatch()
    batch.delete(entry.storageKey)
    _ = try store.commit(batch)
    broker.remove(entry.path)
    entries.withLock { $0.removeAll { $0.path == entry.path } }
    guard let id = record?.memoryID, !id.isEmpty else { return }
    // Only now, because a device that is closed remembers where it ended. What is left behind is a few bytes.
    var leftover = WriteBatch()
    leftover.delete(StoragePaths.auditMemory + id)
    _ = try? store.commit(leftover)
  }

  // MARK: What the configuration declares

  /// Brings the devices in line with the stanzas: what is new is enabled, what is gone disabled. A device that is
  /// there cannot be changed, since its entries could not be compared any more; that is reported and left.
  /// - Throws: where one cannot be enabled; the others are tried before.
  package func apply(_ declared: [AuditTableEntry]) throws {
    try changing.withTurn { (_) throws in
      for entry in all where entry.isDeclared && !declared.contains(where: { $0.path == entry.path }) {
        try disableAlone(entry)
        log.info("audit device disabled: its stanza is gone", [("path", entry.path)])
      }
      var failure: (any Error)?
      for entry in declared {
        if let present = all.first(where: { $0.path == entry.path }) {
          if !present.isDeclared {
            log.error("an audit device of a stanza was enabled through the API before", [("path", entry.path)])
          } else if present != entry {
            log.error(
              "an audit device's stanza was changed, which has no effect: give it another path",
              [("path", entry.path)])
          }
          continue
        }
        do {
          try enableAlone(entry)
          log.info("audit device enabled by its stanza", [("path", entry.path)])
        } catch {
          log.error(
            "audit device cannot be enabled by its stanza",
            [("path", entry.path), ("error", Failures.message(error))])
          failure = failure ?? error
        }
      }
      if let failure { throw failure }
    }
  }

  private func memory(_ id: String) -> AuditDeviceMemory? {
    // Devices that were enabled by an earlier version have none.
    if id.isEmpty { return nil }
    let store = store
    let log = log
    let key = StoragePaths.auditMemory + id
    return AuditDeviceMemory(
      load: { (try? store.get(key))?.bytes },
      save: { bytes in
        var batch = WriteBatch()
        batch.put(key, bytes)
        do {
          _ = try store.commit(batch)
        } catch {
          log.warn("an audit device cannot remember where its log ends", [("error", "\(error)")])
        }
      })
  }

  /// The newest entry of a device that chains its entries; nil for any other.
  package func chainHead(_ path: String) -> AuditChainHead? { broker.chainHead(path: path) }

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
