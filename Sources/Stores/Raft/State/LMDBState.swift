internal import CLMDB
internal import Glibc
internal import Primitives
internal import StorageAPI
internal import Synchronization

/// The state in an LMDB table. Each step is one transaction, synced by LMDB before it shows, so a crash leaves the last whole step.
final class LMDBState: StateStorage, @unchecked Sendable {
  // Unchecked because LMDB's handles are pointers: the environment may be used from any thread, and each transaction is used by one.
  private let environment: OpaquePointer
  private let table: MDB_dbi
  private let folder: String
  private let sliceBytes: Int
  private let partSize: Int
  private let readers = Striped { Readers() }
  /// For whoever waits for readers to end, or for the map to stand still.
  private let readersChanged = Monitored(())
  private let isClosing = Atomic(false)
  private let map: Locked<Map>

  private struct Map {
    var size: Int
    /// Nil where it was not found.
    var bytes: UnsafeRawBufferPointer?
  }

  private struct Readers {
    var idle: [LMDBReading] = []
    var active = 0
    /// A change of the map's size waits for readers to end.
    var isHeld = false
    var isClosed = false

    var admitsMore: Bool { !isHeld && active < readerLimit }
  }

  /// Of each carrier.
  private static let readerLimit = max(16, 1000 / Striped<Readers>.count)
  private static let mostReaders = readerLimit * Striped<Readers>.count + 16
  /// The table's record of position (16 bytes) and the number of the last layer (8).
  private static let header: [UInt8] = [2]

  /// - Parameters:
  ///   - mapBytes: reserves addresses, not memory or disk; it grows where it does not do.
  ///   - partSize: how many changes a transaction has at most. LMDB keeps the memory of its largest one for good, some pages for each change.
  init(
    folder: String, mapBytes: Int = 64 << 30, sliceBytes: Int = SlicedKeys.largestSlice, partSize: Int = 1024
  ) throws(StoreError) {
    self.folder = folder
    self.partSize = max(1, partSize)
    self.sliceBytes = min(sliceBytes, SlicedKeys.largestSlice)
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw FileError(operation: "making folder \(folder)", code: errno).storeError
    }
    try Self.reserveReaderTable(folder + "/lock.mdb")
    var size = mapBytes
    var opened = try Self.open(folder, mapBytes: size)
    while opened == nil, size > 1 << 30 {
      size /= 2
      opened = try Self.open(folder, mapBytes: size)
    }
    guard let environment = opened else { throw .unavailable("there is no room for the map of the state in \(folder)") }
    self.environment = environment
    map = Locked(Map(size: size, bytes: Self.swappableMapping(of: folder)))
    do throws(StoreError) {
      var transaction: OpaquePointer?
      try LMDBError.check(mdb_txn_begin(environment, nil, 0, &transaction), "opening")
      var table: MDB_dbi = 0
      let code = mdb_dbi_open(transaction, nil, UInt32(MDB_CREATE), &table)
      if code != 0 { mdb_txn_abort(transaction) }
      try LMDBError.check(code, "opening")
      try LMDBError.check(mdb_txn_commit(transaction), "opening")
      self.table = table
    } catch {
      mdb_env_close(environment)
      throw error
    }
    if mdb_env_get_maxkeysize(environment) < SlicedKeys.largestSlice + 10 {
      mdb_env_close(environment)
      throw .unavailable("the LMDB library was built for keys shorter than 511 bytes")
    }
  }

  /// Nil where the map finds no room.
  private static func open(_ folder: String, mapBytes: Int) throws(StoreError) -> OpaquePointer? {
    var created: OpaquePointer?
    try LMDBError.check(mdb_env_create(&created), "opening")
    guard let environment = created else { return nil }
    mdb_env_set_mapsize(environment, mapBytes)
    mdb_env_set_maxreaders(environment, UInt32(mostReaders))
    let code = mdb_env_open(environment, folder, UInt32(MDB_NOTLS), 0o600)
    if code != 0 { mdb_env_close(environment) }
    if code == ENOMEM { return nil }
    try LMDBError.check(code, "opening")
    return environment
  }

  /// What the map holds is encrypted: a process that keeps its memory out of swap space need not keep its whole storage there.
  private static func swappableMapping(of folder: String) -> UnsafeRawBufferPointer? {
    let bytes = mapping(of: folder)
    if let bytes { munlock(bytes.baseAddress, bytes.count) }
    return bytes
  }

  /// Pages of the file that were read count as the process's memory until they are let go of; what is read again comes
  /// back from the system's cache.
  func trim() {
    // While somebody reads, the map stays where it is.
    guard let reading = try? waitToBegin() else { return }
    defer { reading.end() }
    guard let bytes = map.withLock({ $0.bytes }) else { return }
    madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, Int32(MADV_DONTNEED))
  }

  /// LMDB does not tell where it has put its file.
  private static func mapping(of folder: String) -> UnsafeRawBufferPointer? {
    guard let mappings = fopen("/proc/self/maps", "re") else { return nil }
    defer { fclose(mappings) }
    var line = [CChar](repeating: 0, count: 4096 + 128)
    while fgets(&line, Int32(line.count), mappings) != nil {
      // `begin-end rights offset device inode path` (proc_pid_maps(5)).
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let bounds = text.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard text.hasSuffix("/data.mdb\n"), text.contains(folder), bounds.count == 2,
        let start = UnsafeRawPointer(bitPattern: bounds[0])
      else { continue }
      return UnsafeRawBufferPointer(start: start, count: Int(clamping: bounds[1] &- bounds[0]))
    }
    return nil
  }

  /// LMDB maps its table of readers, and a mapped page without room on the disk would end the process.
  private static func reserveReaderTable(_ path: String) throws(StoreError) {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(operation: "opening \(path)", code: errno).storeError }
    defer { Glibc.close(descriptor) }
    let code = posix_fallocate(descriptor, 0, max(128 << 10, (mostReaders + 2) * 64))
    guard code == 0 || code == EOPNOTSUPP || code == EINVAL else {
      throw FileError(operation: "reserving \(path)", code: code).storeError
    }
  }

  func position() throws(StoreError) -> LogPosition {
    let reading = try waitToBegin()
    defer { reading.end() }
    return try Self.readHeader(reading.keys).position
  }

  func beginReading() throws(StoreError) -> (any StateReading)? { try begin() }

  func waitUntilReadable() {
    let stripe = readers.own
    _ = readersChanged.wait { _ in readers.with(stripe) { $0.isClosed || $0.admitsMore ? () : nil } }
  }

  private func waitToBegin() throws(StoreError) -> LMDBReading {
    while true {
      if let reading = try begin() { return reading }
      waitUntilReadable()
    }
  }

  /// Nil where readers have to wait.
  private func begin() throws(StoreError) -> LMDBReading? {
    let stripe = readers.own
    guard let place = admit(stripe) else { return nil }
    let idle = try place.get()
    do throws(StoreError) {
      if let idle {
        try LMDBError.check(mdb_txn_renew(idle.keys.transaction), "reading")
        return idle
      }
      var transaction: OpaquePointer?
      try LMDBError.check(mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &transaction), "reading")
      guard let transaction else { throw .unavailable("the state gave no transaction") }
      return LMDBReading(
        SlicedKeys(transaction: transaction, table: table, sliceBytes: sliceBytes), of: self, stripe: stripe)
    } catch {
      idle?.discard()
      leave(stripe, idle: nil)
      throw error
    }
  }

  /// Nil where readers have to wait; an idle transaction, where there is one, belongs to the new reader.
  private func admit(_ stripe: Int) -> Result<LMDBReading?, StoreError>? {
    readers.with(stripe) { readers in
      if readers.isClosed { return .failure(.unavailable("the store is closed")) }
      guard readers.admitsMore else { return nil }
      readers.active += 1
      return .success(readers.idle.popLast())
    }
  }

  private func leave(_ stripe: Int, idle: LMDBReading?) {
    let isAwaited = readers.with(stripe) { readers in
      let wasFull = readers.active == Self.readerLimit
      readers.active -= 1
      if let idle { readers.idle.append(idle) }
      return wasFull || readers.isHeld || readers.isClosed
    }
    if isAwaited { readersChanged.update { _ in } }
  }

  fileprivate func takeBack(_ reading: LMDBReading) { leave(reading.stripe, idle: reading) }

  /// Returns when no reader is left; no new ones may come meanwhile.
  private func waitForReaders() {
    _ = readersChanged.wait { _ -> Void? in
      var active = 0
      readers.forEach { active += $0.active }
      return active == 0 ? () : nil
    }
  }

  /// Idle transactions refer to the map as it is.
  private func discardIdle() {
    readers.forEach { readers in
      for reading in readers.idle { reading.discard() }
      readers.idle = []
    }
  }

  func advance(by changes: Changes, to position: LogPosition) throws(StoreError) {
    try apply(changes, upTo: position, partSize: partSize)
  }

  func replace(by changes: Changes, at position: LogPosition) throws(StoreError) {
    try apply(changes, upTo: position, partSize: .max)
  }

  private func apply(_ changes: Changes, upTo position: LogPosition, partSize: Int) throws(StoreError) {
    do throws(StoreError) {
      while try !applied(changes, upTo: position, partSize: partSize) { try growMap() }
    } catch {
      throw error != .full && isDiskFull() ? .full : error
    }
  }

  /// A write that a full disk cut short is an input/output error to LMDB.
  private func isDiskFull() -> Bool {
    var room = statvfs()
    return statvfs(folder, &room) == 0 && UInt64(room.f_bavail) * UInt64(room.f_frsize) < 1 << 20
  }

  /// False where the map is too small.
  private func applied(_ changes: Changes, upTo position: LogPosition, partSize: Int) throws(StoreError) -> Bool {
    var part = try Part(of: self)
    do throws(StoreError) {
      try changes.erased.forEach { prefix, _ throws(StoreError) in try part.keys.deleteAll(beginningWith: prefix) }
      try changes.entries.forEach { key, value throws(StoreError) in
        if part.count == partSize {
          try part.commit()
          part = try Part(of: self)
        }
        try part.apply(key, value)
      }
      part.position = position
      try part.commit()
    } catch {
      part.abort()
      if error == LMDBError.mapIsFull { return false }
      throw error
    }
    return true
  }

  /// One transaction's changes.
  private struct Part {
    let keys: SlicedKeys
    var position: LogPosition
    private var layers: UInt64
    private(set) var count = 0
    private var isOpen = true

    init(of state: LMDBState) throws(StoreError) {
      var begun: OpaquePointer?
      try LMDBError.check(mdb_txn_begin(state.environment, nil, 0, &begun), "writing")
      guard let begun else { throw .unavailable("the state gave no transaction") }
      keys = SlicedKeys(transaction: begun, table: state.table, sliceBytes: state.sliceBytes)
      do throws(StoreError) { (position, layers) = try LMDBState.readHeader(keys) } catch {
        mdb_txn_abort(begun)
        throw error
      }
    }

    mutating func apply(_ key: [UInt8], _ value: StoredValue?) throws(StoreError) {
      count += 1
      guard let value else { return try keys.delete(key) }
      var layers = layers
      try keys.put(key, value) {
        layers += 1
        return layers
      }
      self.layers = layers
    }

    mutating func commit() throws(StoreError) {
      try keys.store(LMDBState.header, count: 24) { record in
        record.storeBytes(of: position.index.littleEndian, toByteOffset: 0, as: UInt64.self)
        record.storeBytes(of: position.term.littleEndian, toByteOffset: 8, as: UInt64.self)
        record.storeBytes(of: layers.littleEndian, toByteOffset: 16, as: UInt64.self)
      }
      isOpen = false
      try LMDBError.check(mdb_txn_commit(keys.transaction), "writing")
    }

    /// Does nothing where it was committed, whether or not that worked.
    mutating func abort() {
      if isOpen { mdb_txn_abort(keys.transaction) }
      isOpen = false
    }
  }

  private func growMap() throws(StoreError) {
    readers.forEach { $0.isHeld = true }
    defer {
      readers.forEach { $0.isHeld = false }
      readersChanged.update { _ in }
    }
    waitForReaders()
    discardIdle()
    try map.withLock { map throws(StoreError) in
      map.size *= 2
      try LMDBError.check(mdb_env_set_mapsize(environment, map.size), "growing")
      map.bytes = Self.swappableMapping(of: folder)
    }
  }

  private static func readHeader(_ keys: SlicedKeys) throws(StoreError) -> (position: LogPosition, layers: UInt64) {
    let found = try keys.lookUp(header) { record -> (LogPosition, UInt64)? in
      guard let index = record.field(UInt64.self, at: 0), let term = record.field(UInt64.self, at: 8),
        let layers = record.field(UInt64.self, at: 16)
      else { return nil }
      return (LogPosition(index: index, term: term), layers)
    }
    return found ?? (.start, 0)
  }

  func close() {
    if isClosing.exchange(true, ordering: .relaxed) { return }
    readers.forEach { $0.isClosed = true }
    readersChanged.update { _ in }
    waitForReaders()
    discardIdle()
    mdb_env_close(environment)
  }
}

/// A read transaction with its cursor, kept for the next reader when one is done with it.
private final class LMDBReading: StateReading, @unchecked Sendable {
  // Unchecked because it is handed from thread to thread through the state's mutexes and used by one at a time.
  let keys: SlicedKeys
  fileprivate let stripe: Int
  private let state: LMDBState
  private var cursor: OpaquePointer?
  private var cursorIsCurrent = false

  init(_ keys: SlicedKeys, of state: LMDBState, stripe: Int) {
    self.keys = keys
    self.stripe = stripe
    self.state = state
  }

  func value(_ key: [UInt8]) throws(StoreError) -> StoredValue? { try keys.value(key) }

  func firstKey(from start: [UInt8]) throws(StoreError) -> [UInt8]? {
    try keys.firstKey(from: start, cursor: try currentCursor())
  }

  private func currentCursor() throws(StoreError) -> OpaquePointer {
    if let cursor {
      if !cursorIsCurrent { try LMDBError.check(mdb_cursor_renew(keys.transaction, cursor), "reading") }
      cursorIsCurrent = true
      return cursor
    }
    let opened = try keys.openCursor()
    cursor = opened
    cursorIsCurrent = true
    return opened
  }

  func end() {
    mdb_txn_reset(keys.transaction)
    cursorIsCurrent = false
    state.takeBack(self)
  }

  func discard() {
    if let cursor { mdb_cursor_close(cursor) }
    mdb_txn_abort(keys.transaction)
  }
}
