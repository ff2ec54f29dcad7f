package import Primitives
package import StorageAPI

/// The store of a persistent server: a log that is durable before a commit returns, and a state that follows it.
///
/// A commit is one log entry, written and synced together with those of other threads. What is in the log shows at once through changes
/// held in memory; a thread brings them into the state in steps and drops the log behind it. A start opens the state and replays the log's
/// end. With one voter, whatever is durable here is committed.
package final class RaftStore: PhysicalStore {
  typealias Outcome = Result<CommitIndex, StoreError>

  private let settings: RaftStoreSettings
  private let limits: StoreLimits
  private let log: LeadersLog
  private let state: any StateStorage
  private let memory: Monitored<Memory>
  private let statisticsSums = Locked(RaftStoreStatistics())
  private let queue: CommitQueue
  private let flusher = Locked<BackgroundThread?>(nil)
  /// Held by whoever writes the state, since each step must begin where the last one ended.
  private let stateWriting = Locked(())
  private let folderLock: Locked<FolderLock?>
  private let report: @Sendable (_ level: String, _ message: String) -> Void
  private let term: UInt64

  /// What lies between the log and the state.
  private struct Memory {
    var active = Changes()
    /// On its way into the state.
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
  }

  /// The log, used by whoever leads in the queue and by nobody else.
  private final class LeadersLog: @unchecked Sendable {
    // Unchecked because the queue hands it from one leader to the next.
    let segments: SegmentLog
    init(_ segments: SegmentLog) { self.segments = segments }
  }

  private static let flushBytes = 16 << 20
  private static let memoryBytes = 96 << 20
  private static let flushDelay = TimeSpan.seconds(1)

  // MARK: Opening

  /// Opens the store in its folder and replays what the state does not hold. Throws `unavailable` with words if another process holds the
  /// folder, and `damaged` with words about what to do.
  ///
  /// `log` gets a level ("info", "warn", "error") and a message.
  package static func open(
    _ settings: RaftStoreSettings, random: RandomSource = .system,
    log: @escaping @Sendable (_ level: String, _ message: String) -> Void
  ) throws(StoreError) -> RaftStore {
    let files = LocalFileSystem()
    do throws(FileError) {
      try files.makeFolder(settings.folder)
    } catch { throw error.storeError }
    let lock = try FolderLock(folder: settings.folder)
    let stateFolder = settings.folder + "/state"
    let state = try LMDBState(folder: stateFolder)
    do throws(FileError) {
      try files.syncFolder(stateFolder)
      try files.syncFolder(settings.folder)
    } catch {
      state.close()
      throw error.storeError
    }
    let store = try RaftStore(settings, lock: lock, files: files, state: state, random: random, report: log)
    try store.startFlushing()
    return store
  }

  /// Opens a store that flushes only when `flush` is called.
  init(
    _ settings: RaftStoreSettings, lock: FolderLock? = nil, files: any FileSystem, state: any StateStorage,
    segmentBytes: Int = 16 << 20, random: RandomSource,
    report: @escaping @Sendable (_ level: String, _ message: String) -> Void
  ) throws(StoreError) {
    self.settings = settings
    self.state = state
    self.report = report
    folderLock = Locked(lock)
    var limits = StoreLimits()
    limits.valueBytes = settings.maxEntrySize
    limits.batchBytes = max(limits.batchBytes, settings.maxEntrySize)
    self.limits = limits
    do throws(StoreError) {
      let position = try state.position()
      let segments = try SegmentLog(
        SegmentLog.Settings(folder: settings.folder + "/log", segmentBytes: segmentBytes), files: files, random: random,
        state: position)
      if segments.tornBytes > 0 {
        report(
          "warn",
          "cut \(segments.tornBytes) bytes of an unfinished write off the end of the log; nothing acknowledged is lost")
      }
      log = LeadersLog(segments)
      term = max(segments.last.term, position.term) + 1
      memory = Monitored(try Self.replay(segments, onto: state, from: position, report: report))
    } catch {
      state.close()
      throw error
    }
    let link = Locked<RaftStore.Link>(Link())
    queue = CommitQueue(
      process: { batches in
        guard let store = link.withLock({ $0.store }) else {
          return batches.map { _ in .failure(.unavailable("the store is closed")) }
        }
        return store.process(batches)
      },
      finished: { outcomes, nanoseconds in
        link.withLock({ $0.store })?.count(outcomes, nanoseconds)
      })
    link.withLock { $0.store = self }
  }

  /// Weak, because the queue belongs to the store.
  private struct Link: Sendable {
    weak var store: RaftStore?
  }

  private static func replay(
    _ log: SegmentLog, onto state: any StateStorage, from position: LogPosition,
    report: (_ level: String, _ message: String) -> Void
  ) throws(StoreError) -> Memory {
    var memory = Memory(committed: position, flushed: position)
    var stepBytes = flushBytes
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
      if memory.active.byteCount > stepBytes {
        do throws(StoreError) {
          try state.apply(memory.active, upTo: memory.committed)
          memory.active = Changes()
          memory.flushed = memory.committed
        } catch {
          // On a full disk the server still starts and reads; the changes stay in memory.
          guard error == .full, memory.active.byteCount < 2 * memoryBytes else { throw error }
          stepBytes = 2 * memory.active.byteCount
        }
      }
    }
    let count = memory.committed.index - position.index
    if count > 0 { report("info", "replayed \(count) entries of the log") }
    return memory
  }

  // MARK: Reading

  package func get(_ key: String) throws(StoreError) -> StoredValue? {
    let key = Array(key.utf8)
    let found = try memory.withLock { memory throws(StoreError) -> Found in
      try Self.checkOpen(memory)
      memory.gets &+= 1
      switch memory.active.find(key) {
      case .value(let value): return .value(value)
      case .deleted: return .value(nil)
      case .untouched: break
      }
      switch memory.frozen?.changes.find(key) ?? .untouched {
      case .value(let value): return .value(value)
      case .deleted: return .value(nil)
      case .untouched: return .below(try state.beginReading())
      }
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

  package func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    let view = try memory.withLock { memory throws(StoreError) in
      memory.lists &+= 1
      return try self.view(of: memory)
    }
    defer { view.state.end() }
    return try FolderListing.names(below: prefix, after: after, limit: limit) { key throws(StoreError) in
      try view.firstKey(from: key)
    }
  }

  /// All layers as of one commit. To be made under the lock: between two steps of the flush, state and memory fit together.
  private func view(of memory: Memory) throws(StoreError) -> LayeredView {
    try Self.checkOpen(memory)
    return LayeredView(layers: memory.layers, state: try state.beginReading())
  }

  private static func checkOpen(_ memory: Memory) throws(StoreError) {
    if memory.isClosed { throw .unavailable("the store is closed") }
  }

  // MARK: Committing

  package func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    try limits.check(batch)
    guard let outcome = queue.commit([batch]).first else { throw .unavailable("the store is closed") }
    return try outcome.get()
  }

  /// Commits several batches as one group.
  func commit(group: [WriteBatch]) -> [Outcome] { queue.commit(group) }

  private func process(_ batches: [WriteBatch]) -> [Outcome] {
    do throws(StoreError) {
      try waitForRoom()
      let began = WallClock.monotonicNanoseconds()
      let (outcomes, entries, writes) = try decide(batches)
      guard let last = entries.last else { return outcomes }
      // On a full disk the log must not take the room that the state needs before the log can be let go.
      let grows = memory.withLock { $0.flushFailure != .full }
      try log.segments.append(entries, growing: grows)
      let wake = memory.withLock { memory -> Bool in
        let wasDue = memory.active.isEmpty ? nil : Self.isDue(memory, settings)
        for (entry, writes) in zip(entries, writes) { memory.active.apply(writes, index: entry.index) }
        memory.committed = LogPosition(index: last.index, term: last.term)
        return wasDue != Self.isDue(memory, settings)
      }
      if wake { memory.update { _ in } }
      let bytes = entries.reduce(0) { $0 &+ UInt64($1.payload.count) }
      statisticsSums.withLock { sums in
        sums.groups &+= 1
        sums.groupNanoseconds &+= WallClock.monotonicNanoseconds() &- began
        sums.loggedBytes &+= bytes
      }
      return outcomes
    } catch { return batches.map { _ in .failure(error) } }
  }

  /// Checks preconditions in order, each batch after those before it, so that what goes to the log is decided.
  private func decide(
    _ batches: [WriteBatch]
  ) throws(StoreError) -> (outcomes: [Outcome], entries: [LogEntry], writes: [[WriteBatch.Write]]) {
    let hasPreconditions = batches.contains { !$0.preconditions.isEmpty }
    var (index, view) = try memory.withLock { memory throws(StoreError) -> (CommitIndex, LayeredView?) in
      (memory.committed.index, hasPreconditions ? try self.view(of: memory) : nil)
    }
    defer { view?.state.end() }
    view?.layers.insert(Changes(), at: 0)
    var outcomes: [Outcome] = []
    var entries: [LogEntry] = []
    var writes: [[WriteBatch.Write]] = []
    for batch in batches {
      if let view, try !Self.holds(batch.preconditions, in: view) {
        outcomes.append(.failure(.conflict))
        continue
      }
      if !batch.isEmpty {
        index += 1
        view?.layers[0].apply(batch.writes, index: index)
        entries.append(LogEntry(index: index, term: term, kind: .batch, payload: BatchCodec.encode(batch.writes)))
        writes.append(batch.writes)
      }
      outcomes.append(.success(index))
    }
    return (outcomes, entries, writes)
  }

  private static func holds(_ preconditions: [WriteBatch.Precondition], in view: LayeredView) throws(StoreError) -> Bool
  {
    for precondition in preconditions {
      switch precondition {
      case .absent(let key): guard try view.value(Array(key.utf8)) == nil else { return false }
      case .unchanged(let key, let since):
        guard try view.value(Array(key.utf8))?.index == since else { return false }
      }
    }
    return true
  }

  /// Holds writers back while the state is far behind, and refuses them if it cannot be written meanwhile. Up to there a state that
  /// cannot be written harms nobody: the log holds everything, and each attempt begins from the last whole step.
  private func waitForRoom() throws(StoreError) {
    let failure = memory.wait { memory -> StoreError?? in
      if memory.byteCount < Self.memoryBytes { return .some(nil) }
      return memory.flushFailure.map { .some($0) }
    }
    if let failure, let failure { throw failure }
  }

  private func count(_ outcomes: [Outcome], _ nanoseconds: UInt64) {
    statisticsSums.withLock { sums in
      sums.commitNanoseconds &+= nanoseconds
      for outcome in outcomes {
        switch outcome {
        case .success: sums.commits &+= 1
        case .failure(.conflict): sums.conflicts &+= 1
        case .failure: sums.failures &+= 1
        }
      }
    }
  }

  // MARK: Flushing

  private static func isDue(_ memory: Memory, _ settings: RaftStoreSettings) -> Bool {
    memory.active.entryCount >= settings.snapshotThreshold || memory.active.byteCount >= flushBytes
  }

  private func startFlushing() throws(StoreError) {
    guard let thread = BackgroundThread({ [self] in flushUntilStopped() }) else {
      close()
      throw .unavailable("the system gave no thread for the state")
    }
    flusher.withLock { $0 = thread }
  }

  private func flushUntilStopped() {
    var delay = Self.flushDelay
    var isStopping = false
    while !isStopping {
      _ = memory.wait { $0.isStopping || !$0.active.isEmpty || $0.frozen != nil ? () : nil }
      _ = memory.wait(atMost: delay) { memory in
        memory.isStopping || (memory.flushFailure == nil && Self.isDue(memory, self.settings)) ? () : nil
      }
      isStopping = memory.withLock { $0.isStopping }
      do throws(StoreError) {
        try flush()
        delay = Self.flushDelay
      } catch {
        // A failed step is tried again, less and less often.
        delay = TimeSpan(nanoseconds: min(delay.nanoseconds * 2, TimeSpan.seconds(4).nanoseconds))
      }
    }
  }

  // MARK: The whole

  package func snapshot() throws(StoreError) -> any StoreSnapshot {
    try memory.withLock { memory throws(StoreError) in
      RaftSnapshot(try view(of: memory), index: memory.committed.index)
    }
  }

  /// The state takes the new contents in one step that is durable or did not happen; the log only gets an entry that
  /// holds the step's place. A store with followers must send them a snapshot then.
  package func replaceAll(_ contents: [(key: String, value: [UInt8])]) throws(StoreError) -> CommitIndex {
    try limits.check(contents)
    let contents = contents.map { WriteBatch.Write.put(key: $0.key, value: $0.value) }
    let outcome = queue.exclusively { () -> Outcome in
      do throws(StoreError) { return .success(try replaceState(contents)) } catch { return .failure(error) }
    }
    guard let outcome else { throw .unavailable("the store is closed") }
    return try outcome.get()
  }

  private func replaceState(_ contents: [WriteBatch.Write]) throws(StoreError) -> CommitIndex {
    let index = memory.withLock { $0.committed.index } + 1
    var changes = Changes()
    changes.apply([.deletePrefix("")] + contents, index: index)
    return try stateWriting.withLock { (_) throws(StoreError) in
      try log.segments.append([LogEntry(index: index, term: term, kind: .barrier, payload: [])])
      // Under the lock, so that nobody sees the new state below the old changes.
      return try memory.update { memory throws(StoreError) in
        memory.committed = LogPosition(index: index, term: term)
        try state.apply(changes, upTo: memory.committed)
        memory.active = Changes()
        memory.frozen = nil
        memory.flushed = memory.committed
        memory.flushFailure = nil
        return index
      }
    }
  }

  /// Brings what is in memory into the state and removes what the log no longer needs.
  func flush() throws(StoreError) {
    let flushed = try stateWriting.withLock { (_) throws(StoreError) in try flushMemory() }
    if let flushed { tidyLog(behind: flushed.index) }
  }

  private func flushMemory() throws(StoreError) -> LogPosition? {
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
      try state.apply(work.changes, upTo: work.position)
    } catch {
      let before = memory.update { memory -> StoreError? in
        defer { memory.flushFailure = error }
        return memory.flushFailure
      }
      statisticsSums.withLock { $0.flushFailures &+= 1 }
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
    statisticsSums.withLock { sums in
      sums.flushes &+= 1
      sums.flushNanoseconds &+= WallClock.monotonicNanoseconds() &- began
    }
    return work.position
  }

  /// Removes segments and makes the next one ready, the slow part of it beside the commits.
  private func tidyLog(behind index: CommitIndex) {
    let trailing = CommitIndex(max(0, settings.trailingLogs))
    let keep = index > trailing ? index - trailing + 1 : 1
    let preparation = queue.exclusively { () -> (@Sendable () throws(FileError) -> SegmentLog.PreparedSegment)? in
      do throws(StoreError) {
        try log.segments.remove(before: keep)
      } catch { report("warn", "an old log segment cannot be removed: \(error)") }
      return log.segments.preparation()
    }
    guard let prepare = preparation ?? nil else { return }
    // Without room, the next segment is made when it is needed, or the commit that needs it is refused.
    guard let segment = try? prepare() else { return }
    queue.exclusively { log.segments.install(segment) }
  }

  // MARK: Closing and being looked at

  package var status: RaftStoreStatus {
    memory.withLock { memory in
      RaftStoreStatus(
        committedIndex: memory.committed.index, appliedIndex: memory.committed.index, stateIndex: memory.flushed.index,
        term: term, nodeID: settings.nodeID, leaderID: memory.isClosed ? nil : settings.nodeID,
        voters: [settings.nodeID])
    }
  }

  package var statistics: RaftStoreStatistics {
    let reads = memory.withLock { ($0.gets, $0.lists) }
    var sums = statisticsSums.withLock { $0 }
    (sums.gets, sums.lists) = reads
    return sums
  }

  package func trim() { state.trim() }

  package func close() {
    queue.close()
    memory.update { $0.isStopping = true }
    let thread = flusher.withLock { flusher -> BackgroundThread? in
      defer { flusher = nil }
      return flusher
    }
    thread?.join()
    memory.update { $0.isClosed = true }
    state.close()
    folderLock.withLock { $0 = nil }
  }
}

/// A view that is given back when nobody holds it any more.
private final class RaftSnapshot: StoreSnapshot, @unchecked Sendable {
  // Unchecked because a view is used by one thread at a time, which the lock sees to.
  private let using = Locked(())
  private let view: LayeredView
  let index: CommitIndex

  init(_ view: LayeredView, index: CommitIndex) {
    self.view = view
    self.index = index
  }

  deinit { view.state.end() }

  func forEach(_ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Void) throws {
    try using.withLock { (_) throws in
      var next = try view.firstKey(from: [])
      while let key = next {
        if let value = try view.value(key) { try body(key, value.bytes) }
        next = try view.firstKey(from: key + [0])
      }
    }
  }
}
