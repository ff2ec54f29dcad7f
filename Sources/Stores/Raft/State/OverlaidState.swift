internal import Primitives
internal import StorageAPI

/// What the log says so far: the state on disk, and above it in memory what the log holds beyond it. Reads see all of it at
/// once; in steps the changes in memory are brought to disk.
final class OverlaidState: Sendable {
  private struct Memory {
    var active = Changes()
    /// On its way to disk.
    var frozen: (changes: Changes, position: LogPosition)?
    var committed: LogPosition
    var flushed: LogPosition
    var flushFailure: StoreError?
    var isStopping = false
    var isClosed = false
    var gets: UInt64 = 0
    var lists: UInt64 = 0

    var byteCount: Int { active.byteCount + (frozen?.changes.byteCount ?? 0) }
    var layers: [Changes] { frozen.map { [active, $0.changes] } ?? [active] }

    func checkOpen() throws(StoreError) {
      if isClosed { throw .unavailable("the store is closed") }
    }
  }

  private static let stepBytes = 16 << 20
  private static let memoryBytes = 96 << 20

  private let disk: any StateStorage
  /// A step is due with so many changes.
  private let stepEntries: Int
  private let memory: Monitored<Memory>
  /// Held by whoever writes to disk, since each step must begin where the last one ended.
  private let writing = Locked(())
  private let sums: Locked<RaftStoreStatistics>
  private let report: @Sendable (_ level: String, _ message: String) -> Void

  /// Replays what the log holds and the disk does not.
  /// - Parameters:
  ///   - position: of the state on disk.
  ///   - sums: to which steps are added.
  init(
    replaying log: SegmentLog, onto disk: any StateStorage, from position: LogPosition, stepEntries: Int,
    sums: Locked<RaftStoreStatistics>, report: @escaping @Sendable (_ level: String, _ message: String) -> Void
  ) throws(StoreError) {
    self.disk = disk
    self.stepEntries = stepEntries
    self.sums = sums
    self.report = report
    memory = Monitored(try Self.replay(log, onto: disk, from: position))
    let count = memory.withLock { $0.committed.index } - position.index
    if count > 0 { report("info", "replayed \(count) entries of the log") }
  }

  private static func replay(
    _ log: SegmentLog, onto disk: any StateStorage, from position: LogPosition
  ) throws(StoreError) -> Memory {
    var memory = Memory(committed: position, flushed: position)
    var mostBytes = stepBytes
    while memory.committed.index < log.last.index {
      let entries = try log.read(from: memory.committed.index + 1, atMost: 256)
      guard entries.first?.index == memory.committed.index + 1 else {
        throw .damaged("entry \(memory.committed.index + 1) is not in the log. Restore the newest snapshot.")
      }
      for entry in entries {
        if entry.kind == .batch {
          guard let writes = BatchCodec.decode(entry.payload) else {
            throw .damaged("entry \(entry.index) of the log is of no known form. Was it written by a newer version?")
          }
          memory.active.apply(writes, index: entry.index)
        }
        memory.committed = LogPosition(index: entry.index, term: entry.term)
      }
      if memory.active.byteCount > mostBytes {
        do throws(StoreError) {
          try disk.advance(by: memory.active, to: memory.committed)
          memory.active = Changes()
          memory.flushed = memory.committed
        } catch {
          // On a full disk the server still starts and reads; the changes stay in memory.
          guard error == .full, memory.active.byteCount < 2 * memoryBytes else { throw error }
          mostBytes = 2 * memory.active.byteCount
        }
      }
    }
    return memory
  }

  // MARK: Reading

  func get(_ key: String) throws(StoreError) -> StoredValue? {
    let key = Array(key.utf8)
    let found = try whileReadable { memory throws(StoreError) -> Found? in
      try memory.checkOpen()
      let found = try find(key, memory)
      if found != nil { memory.gets &+= 1 }
      return found
    }
    switch found {
    case .value(let value): return value
    case .below(let reading):
      defer { reading.end() }
      return try reading.value(key)
    }
  }

  private enum Found {
    case value(StoredValue?)
    case below(any StateReading)
  }

  private func find(_ key: [UInt8], _ memory: borrowing Memory) throws(StoreError) -> Found? {
    switch memory.active.find(key) {
    case .value(let value): return .value(value)
    case .deleted: return .value(nil)
    case .untouched: break
    }
    switch memory.frozen?.changes.find(key) ?? .untouched {
    case .value(let value): return .value(value)
    case .deleted: return .value(nil)
    case .untouched: return try disk.beginReading().map { .below($0) }
    }
  }

  /// Asks `read` under the lock until it can tell; nil says that the state on disk cannot be read for a moment. That is waited for without
  /// the lock, which other fibers of the same carrier want as well.
  private func whileReadable<R>(_ read: (inout Memory) throws(StoreError) -> R?) throws(StoreError) -> R {
    while true {
      if let result = try memory.withLock(read) { return result }
      disk.waitUntilReadable()
    }
  }

  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    let view = try whileReadable { memory throws(StoreError) in
      let view = try self.view(of: memory)
      if view != nil { memory.lists &+= 1 }
      return view
    }
    defer { view.state.end() }
    return try FolderListing.names(below: prefix, after: after, limit: limit) { key throws(StoreError) in
      try view.firstKey(from: key)
    }
  }

  /// All layers, and the commit that they show. Whoever asks ends the reading of the state below.
  func view() throws(StoreError) -> (layers: LayeredView, index: CommitIndex) {
    try whileReadable { memory throws(StoreError) in try view(of: memory).map { ($0, memory.committed.index) } }
  }

  /// To be made under the lock: between two steps, disk and memory fit together.
  private func view(of memory: Memory) throws(StoreError) -> LayeredView? {
    try memory.checkOpen()
    return try disk.beginReading().map { LayeredView(layers: memory.layers, state: $0) }
  }

  var committed: LogPosition { memory.withLock { $0.committed } }

  var status: (committed: LogPosition, flushed: LogPosition, isClosed: Bool) {
    memory.withLock { ($0.committed, $0.flushed, $0.isClosed) }
  }

  /// How many there were; counted here, where every read takes the lock anyway.
  var reads: (gets: UInt64, lists: UInt64) { memory.withLock { ($0.gets, $0.lists) } }

  // MARK: Following the log

  /// On a full disk the log must not take the room that the state needs before the log can be let go.
  var letsLogGrow: Bool { memory.withLock { $0.flushFailure != .full } }

  /// Holds writers back while the disk is far behind, and refuses them if it cannot be written meanwhile. Up to there a
  /// state that cannot be written harms nobody: the log holds everything, and each attempt begins from the last whole step.
  func waitForRoom() throws(StoreError) {
    let failure = memory.wait { memory -> StoreError?? in
      if memory.byteCount < Self.memoryBytes { return .some(nil) }
      return memory.flushFailure.map { .some($0) }
    }
    if let failure, let failure { throw failure }
  }

  /// Shows what entries hold that are in the log by now.
  func follow(_ entries: [(index: CommitIndex, writes: [WriteBatch.Write])], upTo position: LogPosition) {
    let wake = memory.withLock { memory -> Bool in
      let wasDue = memory.active.isEmpty ? nil : isDue(memory)
      for entry in entries { memory.active.apply(entry.writes, index: entry.index) }
      memory.committed = position
      return wasDue != isDue(memory)
    }
    if wake { memory.update { _ in } }
  }

  /// Puts new contents on disk in the place of everything.
  /// - Parameter logging: puts an entry of that position into the log, in which nothing is said of the contents.
  func replace(
    with changes: Changes, at position: LogPosition, logging: () throws(StoreError) -> Void
  ) throws(StoreError) {
    try writing.withLock { (_) throws(StoreError) in
      try logging()
      // Under the lock, so that nobody sees the new state below the old changes.
      try memory.update { memory throws(StoreError) in
        memory.committed = position
        try disk.replace(by: changes, at: position)
        memory.active = Changes()
        memory.frozen = nil
        memory.flushed = position
        memory.flushFailure = nil
      }
    }
  }

  // MARK: Steps to disk

  private func isDue(_ memory: Memory) -> Bool {
    memory.active.entryCount >= stepEntries || memory.active.byteCount >= Self.stepBytes
  }

  /// Waits until there is something to bring to disk, and then until that is due or `delay` has passed.
  /// - Returns: false when this is the last time.
  func waitForStep(atMost delay: TimeSpan) -> Bool {
    _ = memory.wait { $0.isStopping || !$0.active.isEmpty || $0.frozen != nil ? () : nil }
    _ = memory.wait(atMost: delay) { memory in
      memory.isStopping || (memory.flushFailure == nil && isDue(memory)) ? () : nil
    }
    return memory.withLock { !$0.isStopping }
  }

  /// Brings what is in memory to disk.
  /// - Returns: up to where the log is no longer needed; nil where there was nothing to do.
  func step() throws(StoreError) -> LogPosition? {
    try writing.withLock { (_) throws(StoreError) in try stepAlone() }
  }

  private func stepAlone() throws(StoreError) -> LogPosition? {
    let work = memory.withLock { memory -> (changes: Changes, position: LogPosition)? in
      if memory.frozen == nil, !memory.active.isEmpty {
        memory.frozen = (memory.active, memory.committed)
        memory.active = Changes()
      }
      return memory.frozen
    }
    guard let work else { return nil }
    let began = WallClock.monotonicNanoseconds()
    do throws(StoreError) {
      try disk.advance(by: work.changes, to: work.position)
    } catch {
      let before = memory.update { memory -> StoreError? in
        defer { memory.flushFailure = error }
        return memory.flushFailure
      }
      sums.withLock { $0.flushFailures &+= 1 }
      if before != error { report("error", "the state cannot be written: \(error); the log still holds all") }
      throw error
    }
    let recovered = memory.update { memory -> Bool in
      memory.frozen = nil
      memory.flushed = work.position
      defer { memory.flushFailure = nil }
      return memory.flushFailure != nil
    }
    if recovered { report("info", "the state can be written again") }
    // A step goes over much of the file, whose pages would stay.
    disk.trim()
    sums.withLock { sums in
      sums.flushes &+= 1
      sums.flushNanoseconds &+= WallClock.monotonicNanoseconds() &- began
    }
    return work.position
  }

  // MARK: The whole

  func trim() { disk.trim() }

  /// Whoever waits for a step takes one last.
  func stop() { memory.update { $0.isStopping = true } }

  func close() {
    memory.update { $0.isClosed = true }
    disk.close()
  }
}
