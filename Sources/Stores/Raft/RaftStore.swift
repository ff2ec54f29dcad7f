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
  private let state: OverlaidState
  private let sums: Locked<RaftStoreStatistics>
  private let queue: CommitQueue
  private let flusher = Locked<BackgroundThread?>(nil)
  private let folderLock: Locked<FolderLock?>
  private let report: @Sendable (_ level: String, _ message: String) -> Void
  private let term: UInt64

  /// The log, used by whoever leads in the queue and by nobody else.
  private final class LeadersLog: @unchecked Sendable {
    // Unchecked because the queue hands it from one leader to the next.
    let segments: SegmentLog
    init(_ segments: SegmentLog) { self.segments = segments }
  }

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
    _ settings: RaftStoreSettings, lock: FolderLock? = nil, files: any FileSystem, state disk: any StateStorage,
    segmentBytes: Int = 16 << 20, random: RandomSource,
    report: @escaping @Sendable (_ level: String, _ message: String) -> Void
  ) throws(StoreError) {
    self.settings = settings
    self.report = report
    let sums = Locked(RaftStoreStatistics())
    self.sums = sums
    folderLock = Locked(lock)
    var limits = StoreLimits()
    limits.valueBytes = settings.maxEntrySize
    limits.batchBytes = max(limits.batchBytes, settings.maxEntrySize)
    self.limits = limits
    do throws(StoreError) {
      let position = try disk.position()
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
      state = try OverlaidState(
        replaying: segments, onto: disk, from: position, stepEntries: settings.snapshotThreshold, sums: sums,
        report: report)
    } catch {
      disk.close()
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

  // MARK: Reading

  package func get(_ key: String) throws(StoreError) -> StoredValue? { try state.get(key) }

  package func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try state.list(prefix, after: after, limit: limit)
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
      try state.waitForRoom()
      let began = WallClock.monotonicNanoseconds()
      let (outcomes, entries, writes) = try decide(batches)
      guard let last = entries.last else { return outcomes }
      try log.segments.append(entries, growing: state.letsLogGrow)
      state.follow(
        zip(entries, writes).map { (index: $0.index, writes: $1) },
        upTo: LogPosition(index: last.index, term: last.term))
      let bytes = entries.reduce(0) { $0 &+ UInt64($1.payload.count) }
      sums.withLock { sums in
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
    var index = state.committed.index
    var view = hasPreconditions ? try state.view().layers : nil
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

  private func count(_ outcomes: [Outcome], _ nanoseconds: UInt64) {
    sums.withLock { sums in
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

  private func startFlushing() throws(StoreError) {
    guard let thread = BackgroundThread({ [self] in flushUntilStopped() }) else {
      close()
      throw .unavailable("the system gave no thread for the state")
    }
    flusher.withLock { $0 = thread }
  }

  private func flushUntilStopped() {
    var delay = Self.flushDelay
    var goesOn = true
    while goesOn {
      goesOn = state.waitForStep(atMost: delay)
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
    let (view, index) = try state.view()
    return RaftSnapshot(view, index: index)
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
    let position = LogPosition(index: state.committed.index + 1, term: term)
    var changes = Changes()
    changes.apply([.deletePrefix("")] + contents, index: position.index)
    try state.replace(with: changes, at: position) { () throws(StoreError) in
      try log.segments.append([LogEntry(index: position.index, term: term, kind: .barrier, payload: [])])
    }
    return position.index
  }

  /// Brings what is in memory into the state and removes what the log no longer needs.
  func flush() throws(StoreError) {
    if let flushed = try state.step() { tidyLog(behind: flushed.index) }
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
    let (committed, flushed, isClosed) = state.status
    return RaftStoreStatus(
      committedIndex: committed.index, appliedIndex: committed.index, stateIndex: flushed.index, term: term,
      nodeID: settings.nodeID, leaderID: isClosed ? nil : settings.nodeID, voters: [settings.nodeID])
  }

  package var statistics: RaftStoreStatistics {
    var sums = sums.withLock { $0 }
    (sums.gets, sums.lists) = state.reads
    return sums
  }

  package func trim() { state.trim() }

  package func close() {
    queue.close()
    state.stop()
    let thread = flusher.withLock { flusher -> BackgroundThread? in
      defer { flusher = nil }
      return flusher
    }
    thread?.join()
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
