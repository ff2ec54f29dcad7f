package import EngineAPI
internal import JSONText
import Leases
package import Primitives
import StorageAPI

/// Every mount of the node, by path. Mounts never lie within each other, so that a path belongs to at most one.
package final class MountTable: Sendable {
  /// Replaced whole at each change, so that requests read it without waiting for one another's work.
  private struct Snapshot: Sendable {
    var byPath: [String: Mount] = [:]
  }

  private let types: [EngineType]
  private let surroundings: EngineSurroundings
  private let snapshot = Locked(Snapshot())
  /// Changes are made one at a time; held while storage is written.
  private let changing = Serial(())

  init(types: [EngineType], surroundings: EngineSurroundings) {
    self.types = types
    self.surroundings = surroundings
  }

  // MARK: Looking up

  /// The mount that a request's path lies in, and the rest of the path.
  package func resolve(_ path: String) -> (mount: Mount, rest: String)? {
    let table = snapshot.withLock { $0.byPath }
    var from = path.startIndex
    while let slash = path.utf8[from...].firstIndex(of: UInt8(ascii: "/")) {
      let next = path.utf8.index(after: slash)
      if let mount = table[String(path[..<next])] { return mount.takesRequests ? (mount, String(path[next...])) : nil }
      from = next
    }
    // A mount's own path is also found without its slash.
    if let mount = table[path + "/"], mount.takesRequests { return (mount, "") }
    return nil
  }

  /// The same for a request, which from here on is waited for before the mount moves or goes, until it says `leave`.
  func enter(_ path: String) -> (mount: Mount, rest: String)? {
    guard let found = resolve(path), found.mount.enter() else { return nil }
    // It may have moved before it was entered.
    let place = found.mount.requestPath
    if path.utf8.starts(with: place.utf8)
      || (path.utf8.count + 1 == place.utf8.count && place.utf8.starts(with: path.utf8))
    {
      return found
    }
    found.mount.leave()
    return nil
  }

  package func mount(_ mountClass: MountClass, _ path: String) -> Mount? {
    snapshot.withLock { $0.byPath[(mountClass == .auth ? "auth/" : "") + path] }
  }

  /// All mounts of a class, by path.
  package func all(_ mountClass: MountClass) -> [Mount] {
    snapshot.withLock { Array($0.byPath.values) }.filter { $0.entry.mountClass == mountClass }
      .sorted { $0.entry.path < $1.entry.path }
  }

  package func mount(accessor: String) -> Mount? {
    snapshot.withLock { Array($0.byPath.values) }.first { $0.entry.accessor == accessor }
  }

  /// The mount that a lease is of, which may have moved since.
  func leasedMount(accessor: String, leaseID: String) -> LeasedMount? {
    var found = resolve(leaseID)?.mount
    if found?.entry.accessor != accessor { found = mount(accessor: accessor) }
    return found.map {
      LeasedMount(path: $0.entry.requestPath, engine: $0.engine, settings: settings(of: $0.entry))
    }
  }

  /// What a client's name for a kind of engine stands for.
  package struct NamedType {
    package let type: EngineType
    /// The name that the mount is shown with; of the old names of engines only `generic` stays.
    package let shownName: String
    package let options: [String: String]
  }

  package func type(_ name: String, _ mountClass: MountClass) -> NamedType? {
    var options: [String: String] = [:]
    var canonical = name
    var shown = name
    if mountClass == .secret {
      switch name {
      case "generic": canonical = "kv"
      case "kv-v1": (canonical, shown, options) = ("kv", "kv", ["version": "1"])
      case "kv-v2": (canonical, shown, options) = ("kv", "kv", ["version": "2"])
      default: break
      }
    }
    return types.first { $0.name == canonical && $0.mountClass == mountClass }
      .map { NamedType(type: $0, shownName: shown, options: options) }
  }

  package var engineTypes: [EngineType] { types }

  /// The mount in whose way one at `requestPath` would stand, or that would stand in its way; mounts that are not served
  /// keep their paths too.
  /// - Parameter moving: the mount that is to have the path, which is not in its own way.
  package func conflict(with requestPath: String, moving: Mount? = nil) -> MountEntry? {
    let moved = moving?.entry.uuid
    return snapshot.withLock { table in
      table.byPath.values.lazy.map(\.entry).first {
        $0.uuid != moved && (requestPath.hasPrefix($0.requestPath) || $0.requestPath.hasPrefix(requestPath))
      }
    }
  }

  package func settings(of entry: MountEntry) -> MountSettings {
    Self.settings(of: entry, surroundings)
  }

  private static func settings(of entry: MountEntry, _ surroundings: EngineSurroundings) -> MountSettings {
    let maximum = entry.configuration.maxTTL == .zero ? surroundings.systemMaxTTL : entry.configuration.maxTTL
    let usual = entry.configuration.defaultTTL == .zero ? surroundings.systemDefaultTTL : entry.configuration.defaultTTL
    return MountSettings(defaultTTL: usual, maxTTL: maximum, options: entry.options ?? [:])
  }

  // MARK: Changing

  /// Reads the table from storage and starts every engine. A mount whose engine this program does not have is kept
  /// and not served.
  func load() throws {
    var loaded = Snapshot()
    for name in try surroundings.store.list(StoragePaths.mounts, after: nil, limit: .max) {
      guard let stored = try surroundings.store.get(StoragePaths.mounts + name) else { continue }
      guard let record = try? JSONParser.parse(stored.bytes).objectValue, let entry = MountEntry(record: record) else {
        throw StoreError.damaged("the mount table's entry \(name) cannot be read; restore a snapshot")
      }
      loaded.byPath[entry.requestPath] = try start(entry, type(entry.type, entry.mountClass)?.type)
    }
    snapshot.withLock { $0 = loaded }
    for mount in loaded.byPath.values { surroundings.work.request(mount.entry.uuid, at: surroundings.clock.now()) }
  }

  /// Has every engine give back what it holds outside storage.
  func close() {
    for mount in snapshot.withLock({ Array($0.byPath.values) }) { mount.engine.close() }
  }

  /// What is due in the background for the mount.
  func work(_ uuid: String, now: Timestamp) throws -> Timestamp? {
    let mount = snapshot.withLock { Array($0.byPath.values) }.first { $0.entry.uuid == uuid }
    guard let mount, mount.takesRequests else { return nil }
    return try mount.engine.work(now)
  }

  private func start(_ entry: MountEntry, _ type: EngineType?) throws -> Mount {
    try Mount(entry: entry, type: type) { context(entry, $0, $1) }
  }

  private func context(_ entry: MountEntry, _ current: Locked<MountFace>, _ writes: Gate) -> MountContext {
    let surroundings = surroundings
    return MountContext(
      path: { current.withLock { $0.requestPath } }, accessor: entry.accessor, uuid: entry.uuid, type: entry.type,
      storage: StorageView(MountStore(store: surroundings.store, writes: writes), prefix: entry.storagePrefix),
      clock: surroundings.clock, random: surroundings.random,
      settings: { Self.settings(of: current.withLock { $0 }.entry, surroundings) },
      log: { message, details in surroundings.log(current.withLock { $0.requestPath }, message, details) },
      requestWork: { surroundings.work.request(entry.uuid, at: $0) }, password: surroundings.password)
  }

  /// Adds a mount and makes it durable.
  /// - Throws: what the engine says of its options; `EngineError` where the path is taken.
  package func add(_ entry: MountEntry, _ type: EngineType) throws {
    try changing.withTurn { (_) throws in
      if let taken = conflict(with: entry.requestPath) {
        throw EngineError.invalid("path is already in use at \(taken.path)")
      }
      let mount = try start(entry, type)
      var batch = WriteBatch()
      batch.put(entry.storageKey, JSONText(entry.record).bytes)
      _ = try surroundings.store.commit(batch)
      snapshot.withLock { $0.byPath[entry.requestPath] = mount }
      surroundings.work.request(entry.uuid, at: surroundings.clock.now())
    }
  }

  /// Stores a changed entry and shows it to the engine; the path may change.
  /// - Throws: `EngineError` where the new path is taken.
  package func change(_ mount: Mount, _ edit: (inout MountEntry) throws -> Void) throws {
    try changing.withTurn { (_) throws in
      let old = mount.entry
      guard isCurrent(mount) else { throw EngineError.invalid("no mount entry found at \"\(old.requestPath)\"") }
      var entry = old
      try edit(&entry)
      if entry == old { return }
      if entry.requestPath != old.requestPath, let taken = conflict(with: entry.requestPath, moving: mount) {
        throw EngineError.invalid("path already in use at \"\(taken.requestPath)\"")
      }
      var batch = WriteBatch()
      batch.put(entry.storageKey, JSONText(entry.record).bytes)
      _ = try surroundings.store.commit(batch)
      mount.replace(entry)
      snapshot.withLock { table in
        if entry.requestPath != old.requestPath { table.byPath[old.requestPath] = nil }
        table.byPath[entry.requestPath] = mount
      }
    }
    try mount.engine.tuned()
    if mount.isRestartDue {
      try mount.restart { context(mount.entry, $0, $1) }
      surroundings.work.request(mount.entry.uuid, at: surroundings.clock.now())
    }
  }

  /// How long requests inside a mount are waited for that is moved or taken away.
  package static let patience = TimeSpan.seconds(10)

  /// Gives the mount another path: it takes no requests meanwhile, those inside are waited for, and `giveBack` has what
  /// it gave out returned.
  /// - Throws: what `giveBack` throws; `EngineError` where the new path is taken. The mount stays where it was.
  package func move(
    _ mount: Mount, to path: String, patience: TimeSpan = patience, afterClosing giveBack: () throws -> Void
  ) throws {
    try mount.upheaval.withTurn { (_) throws in
      guard isCurrent(mount) else { throw EngineError.invalid("no matching mount at \"\(mount.entry.requestPath)\"") }
      mount.drain(patience)
      defer { mount.reopen() }
      try giveBack()
      try change(mount) { $0.path = path }
    }
  }

  /// Takes the mount away: it takes no more requests, those inside are waited for, `giveBack` has what it gave out
  /// returned, and then all that it stored is deleted in one commit. Where anything fails the mount stays. Does nothing
  /// for a mount that is gone.
  package func remove(
    _ mount: Mount, patience: TimeSpan = patience, afterClosing giveBack: () throws -> Void
  ) throws {
    try mount.upheaval.withTurn { (_) throws in
      guard isCurrent(mount) else { return }
      mount.drain(patience)
      surroundings.work.forget(mount.entry.uuid)
      do {
        try giveBack()
        // What was interrupted is cleaned up as far as that is possible, since nobody knows of it afterwards.
        _ = try? mount.engine.work(surroundings.clock.now())
        mount.writes.close()
        try delete(mount)
      } catch {
        mount.reopen()
        surroundings.work.request(mount.entry.uuid, at: surroundings.clock.now())
        throw error
      }
      mount.engine.close()
    }
  }

  private func isCurrent(_ mount: Mount) -> Bool {
    let path = mount.entry.requestPath
    return snapshot.withLock { $0.byPath[path] === mount }
  }

  private func delete(_ mount: Mount) throws {
    try changing.withTurn { (_) throws in
      let entry = mount.entry
      var batch = WriteBatch()
      batch.delete(entry.storageKey)
      batch.writes.append(.deletePrefix(entry.storagePrefix))
      _ = try surroundings.store.commit(batch)
      snapshot.withLock { $0.byPath[entry.requestPath] = nil }
    }
  }
}
