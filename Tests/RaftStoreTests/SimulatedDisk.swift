import Glibc
import Primitives
import StorageAPI

@testable import RaftStore

/// A disk in memory that stops at a chosen operation, and forgets at a power failure what was not synced: any sectors of any write since,
/// and the names from any point on.
final class SimulatedDisk: FileSystem, Sendable {
  struct Contents {
    var bytes: [UInt8] = []
    var durable: [UInt8] = []
    var unsynced: [(offset: Int, bytes: [UInt8])] = []
  }

  enum NameChange {
    case link(String, Int)
    case move(String, String)
    case unlink(String)

    func apply(to names: inout [String: Int]) {
      switch self {
      case .link(let path, let file): names[path] = file
      case .move(let old, let new): names[new] = names.removeValue(forKey: old)
      case .unlink(let path): names[path] = nil
      }
    }
  }

  struct State {
    var files: [Int: Contents] = [:]
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    var unsyncedNames: [NameChange] = []
    var nextFile = 0
    var operationsLeft: Int?
    var hasCrashed = false
    /// Bytes that files may still grow by.
    var room: Int?
    /// With a full disk, a write succeeds and its sync fails.
    var allocatesLate = false
    var failsNextSync = false
  }

  let state = Locked(State())
  let random: RandomSource

  init(random: RandomSource) { self.random = random }

  /// Counts an operation; true where it is the one that the crash interrupts.
  fileprivate func begin(_ state: inout State) throws(FileError) -> Bool {
    if state.hasCrashed { throw FileError(operation: "crashed", code: EIO) }
    guard let left = state.operationsLeft else { return false }
    state.operationsLeft = left - 1
    if left <= 0 { state.hasCrashed = true }
    return state.hasCrashed
  }

  fileprivate func end(_ state: State) throws(FileError) {
    if state.hasCrashed { throw FileError(operation: "crashed", code: EIO) }
  }

  func stopAfter(_ operations: Int?) { state.withLock { $0.operationsLeft = operations } }

  /// The process is started again, after the machine lost power or without that.
  func restart(powerLoss: Bool) {
    state.withLock { state in
      state.hasCrashed = false
      state.operationsLeft = nil
      guard powerLoss else { return }
      for (file, contents) in state.files {
        var durable = contents.durable
        for write in contents.unsynced { keepSome(of: write, in: &durable) }
        state.files[file] = Contents(bytes: durable, durable: durable)
      }
      for change in state.unsyncedNames.prefix(Int(random.below(UInt64(state.unsyncedNames.count + 1)))) {
        change.apply(to: &state.durableNames)
      }
      state.names = state.durableNames
      state.unsyncedNames = []
    }
  }

  private func keepSome(of write: (offset: Int, bytes: [UInt8]), in durable: inout [UInt8]) {
    let how = random.below(4)
    var kept = [Bool](repeating: how == 0, count: write.bytes.count)
    if how == 1 {
      let tear = Int(random.below(UInt64(write.bytes.count + 1)))
      for place in 0..<tear { kept[place] = true }
    } else if how == 2 {
      var sectors: [Int: Bool] = [:]
      for place in kept.indices {
        // Small sectors make more cases out of small files.
        let sector = (write.offset + place) / 32
        if sectors[sector] == nil { sectors[sector] = random.below(2) == 0 }
        kept[place] = sectors[sector] ?? false
      }
    }
    for (place, byte) in write.bytes.enumerated() where kept[place] {
      let at = write.offset + place
      if at >= durable.count { durable += [UInt8](repeating: 0, count: at + 1 - durable.count) }
      durable[at] = byte
    }
  }

  func names(in folder: String) throws(FileError) -> [String] {
    try state.withLock { state throws(FileError) in
      _ = try begin(&state)
      try end(state)
      return state.names.keys.filter { $0.hasPrefix(folder + "/") }.map { String($0.dropFirst(folder.count + 1)) }
    }
  }

  func makeFolder(_ path: String) throws(FileError) {}

  func open(_ path: String, creating: Bool) throws(FileError) -> any StoredFile {
    let number = try state.withLock { state throws(FileError) -> Int in
      _ = try begin(&state)
      try end(state)
      if let file = state.names[path] {
        if creating { state.files[file] = Contents() }
        return file
      }
      guard creating else { throw FileError(operation: "opening \(path)", code: ENOENT) }
      let file = state.nextFile
      state.nextFile += 1
      state.files[file] = Contents()
      change(.link(path, file), &state)
      return file
    }
    return SimulatedFile(disk: self, number: number)
  }

  private func change(_ change: NameChange, _ state: inout State) {
    change.apply(to: &state.names)
    state.unsyncedNames.append(change)
  }

  func rename(_ path: String, to new: String) throws(FileError) {
    try state.withLock { state throws(FileError) in
      let isLast = try begin(&state)
      if !isLast || random.below(2) == 0 { change(.move(path, new), &state) }
      try end(state)
    }
  }

  func remove(_ path: String) throws(FileError) {
    try state.withLock { state throws(FileError) in
      let isLast = try begin(&state)
      if !isLast || random.below(2) == 0 {
        if let file = state.names[path], let room = state.room {
          state.room = room + (state.files[file]?.bytes.count ?? 0)
        }
        change(.unlink(path), &state)
      }
      try end(state)
    }
  }

  func syncFolder(_ path: String) throws(FileError) {
    try state.withLock { state throws(FileError) in
      let isLast = try begin(&state)
      if !isLast || random.below(2) == 0 {
        state.durableNames = state.names
        state.unsyncedNames = []
      }
      try end(state)
    }
  }
}

final class SimulatedFile: StoredFile {
  private let disk: SimulatedDisk
  private let number: Int

  init(disk: SimulatedDisk, number: Int) {
    self.disk = disk
    self.number = number
  }

  func size() throws(FileError) -> Int { disk.state.withLock { $0.files[number]?.bytes.count ?? 0 } }

  func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    try disk.state.withLock { state throws(FileError) in
      _ = try disk.begin(&state)
      try disk.end(state)
      return Array((state.files[number]?.bytes ?? []).dropFirst(offset).prefix(count))
    }
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    try disk.state.withLock { state throws(FileError) in
      let isLast = try disk.begin(&state)
      var contents = state.files[number] ?? SimulatedDisk.Contents()
      var written = isLast ? Array(bytes.prefix(Int(disk.random.below(UInt64(bytes.count + 1))))) : bytes
      let growth = max(0, offset + written.count - contents.bytes.count)
      var isFull = false
      if let room = state.room {
        isFull = growth > room
        if isFull { written = Array(written.dropLast(growth - room)) }
        state.room = max(0, room - growth)
      }
      let end = offset + written.count
      if end > contents.bytes.count {
        contents.bytes += [UInt8](repeating: 0, count: end - contents.bytes.count)
      }
      contents.bytes.replaceSubrange(offset..<end, with: written)
      contents.unsynced.append((offset, written))
      state.files[number] = contents
      try disk.end(state)
      if isFull { throw FileError(operation: "writing", code: ENOSPC) }
    }
  }

  func sync() throws(FileError) {
    try disk.state.withLock { state throws(FileError) in
      let isLast = try disk.begin(&state)
      if state.failsNextSync {
        // What the kernel could not write it forgets, though reads still show it.
        state.failsNextSync = false
        state.files[number]?.unsynced = []
        throw FileError(operation: "syncing", code: EIO)
      }
      if state.allocatesLate, state.room == 0 { throw FileError(operation: "syncing", code: ENOSPC) }
      if !isLast || disk.random.below(2) == 0, let contents = state.files[number] {
        state.files[number]?.durable = contents.bytes
        state.files[number]?.unsynced = []
      }
      try disk.end(state)
    }
  }
}

/// A state in memory on the same disk. Of a step that fails or is the last some changes are there, in no order.
final class SimulatedState: StateStorage, Sendable {
  struct Contents {
    var values = KeyTable<StoredValue>()
    var position = LogPosition.start

    mutating func change(_ key: [UInt8], _ value: StoredValue?) {
      if let value { values.set(key, value) } else { values.remove(key) }
    }
  }

  let disk: SimulatedDisk
  let contents = Locked(Contents())

  init(disk: SimulatedDisk) { self.disk = disk }

  func position() throws(StoreError) -> LogPosition { contents.withLock { $0.position } }

  func beginReading() throws(StoreError) -> (any StateReading)? {
    Reading(values: contents.withLock { $0.values })
  }

  func waitUntilReadable() {}

  func advance(by changes: Changes, to position: LogPosition) throws(StoreError) {
    try write(changes, position) { contents in
      if self.disk.random.below(2) == 0 { return }
      changes.erased.forEach { prefix, _ in contents.values.removeAll(beginningWith: prefix) }
      changes.entries.forEach { key, value in
        if self.disk.random.below(2) == 0 { contents.change(key, value) }
      }
    }
  }

  func replace(by changes: Changes, at position: LogPosition) throws(StoreError) {
    try write(changes, position) { _ in }
  }

  private func write(
    _ changes: Changes, _ position: LogPosition, before: (inout Contents) -> Void
  ) throws(StoreError) {
    do throws(FileError) {
      let isLast = try disk.state.withLock { state throws(FileError) -> Bool in
        if state.room == 0 {
          contents.withLock(before)
          throw FileError(operation: "writing", code: ENOSPC)
        }
        return try disk.begin(&state)
      }
      contents.withLock { contents in
        before(&contents)
        if isLast && disk.random.below(2) == 0 { return }
        changes.erased.forEach { prefix, _ in contents.values.removeAll(beginningWith: prefix) }
        changes.entries.forEach { key, value in contents.change(key, value) }
        contents.position = position
      }
      try disk.state.withLock { state throws(FileError) in try disk.end(state) }
    } catch { throw error.storeError }
  }

  func trim() {}

  func close() {}

  private struct Reading: StateReading {
    let values: KeyTable<StoredValue>
    func value(_ key: [UInt8]) throws(StoreError) -> StoredValue? { values[key] }
    func firstKey(from start: [UInt8]) throws(StoreError) -> [UInt8]? { values.first(from: start)?.key }
    func end() {}
  }
}
