internal import Primitives
internal import StorageAPI

/// The log on disk: numbered segment files, written at the end only, removed from the front.
///
/// What is cut off at the end (`truncate`, or an append at an index that exists) stays in the file and is replaced by what is written
/// after it. Not safe for use by several threads at once: the one that leads a commit owns it.
final class SegmentLog {
  struct Settings {
    var folder: String
    var segmentBytes = 16 << 20
  }

  private struct Segment {
    let number: UInt64
    let path: String
    let file: any StoredFile
    let salt: UInt64
    var end: Int
    var capacity: Int
  }

  private struct Frame {
    let segment: UInt64
    let offset: Int
    let size: Int
    let firstIndex: UInt64
    /// Entries that no later frame replaces.
    var count: UInt64
    var lastTerm: UInt64
  }

  private enum Health {
    case good
    /// A frame that was refused may still lie at the end of the last segment; it has to be wiped before anything is written.
    case unwiped(bytes: Int)
    case failed(String)
  }

  private let settings: Settings
  private let files: any FileSystem
  private let random: RandomSource
  private var segments: [Segment] = []
  private var frames: [Frame] = []
  private var health = Health.good
  private var prepared: PreparedSegment?
  /// Whether the name of the last segment is on the disk.
  private var isNameDurable = true

  /// Where the log ends. Before the first entry of all it is `.start`.
  private(set) var last = LogPosition.start
  /// Bytes that were cut from a torn end when the log was opened.
  private(set) var tornBytes = 0
  private(set) var syncCount: UInt64 = 0

  var firstIndex: UInt64? { frames.first?.firstIndex }
  var segmentCount: Int { segments.count }

  /// Opens the log that goes with a state which ends at `state`, and makes what it finds durable.
  init(_ settings: Settings, files: any FileSystem, random: RandomSource, state: LogPosition) throws(StoreError) {
    self.settings = settings
    self.files = files
    self.random = random
    do throws(FileError) {
      try files.makeFolder(settings.folder)
    } catch { throw error.storeError }
    let numbers = try segmentNumbers()
    guard !numbers.isEmpty else {
      try begin(after: state)
      return
    }
    for (place, number) in numbers.enumerated() {
      try scan(number, isLast: place == numbers.count - 1, state: state)
    }
    try settle()
    if let first = frames.first?.firstIndex, first > state.index + 1 {
      throw .damaged(
        "the log in \(settings.folder) begins with entry \(first), but the state ends with entry \(state.index). \(remedy)"
      )
    }
    if last.index < state.index {
      throw .damaged(
        "the log in \(settings.folder) ends with entry \(last.index), but the state holds entry \(state.index), so the log has lost"
          + " its end; the state itself is whole. \(remedy(losingAllAfter: state))")
    }
  }

  // MARK: Writing

  /// Appends entries, which follow one another and begin at most one behind the end, and returns when they are durable. After `full`
  /// nothing of them is in the log. Without `growing`, `full` is also the answer where the last segment is.
  func append(_ entries: [LogEntry], growing: Bool = true) throws(StoreError) {
    guard let first = entries.first else { return }
    try write(entries, from: first.index, growing: growing)
  }

  /// Drops the entries from `index` on, durably.
  func truncate(from index: UInt64) throws(StoreError) {
    guard index <= last.index else { return }
    try write([], from: index)
  }

  private func write(_ entries: [LogEntry], from firstIndex: UInt64, growing: Bool = true) throws(StoreError) {
    guard firstIndex > 0, firstIndex <= last.index + 1 || frames.isEmpty else {
      throw .unavailable("entry \(firstIndex) does not follow the end of the log")
    }
    try recover()
    let size = LogFrame.size(of: entries)
    if let segment = segments.last, segment.end + size > segment.capacity {
      guard growing else { throw .full }
      try roll(for: size)
    }
    do throws(FileError) { try syncName() } catch { throw refuseForGood(error) }
    guard let segment = segments.last else { throw .unavailable("the log has no segment") }
    let frame = LogFrame.encode(entries, from: firstIndex, salt: segment.salt)
    do throws(FileError) {
      try segment.file.write(frame, at: segment.end)
      try sync(segment.file)
    } catch {
      try giveUp(frame.count, because: error)
    }
    segments[segments.count - 1].end += frame.count
    record(entries, from: firstIndex, segment: segment.number, offset: segment.end, size: frame.count)
  }

  /// Takes a frame that could not be written out of the file again and says how that went.
  private func giveUp(_ bytes: Int, because error: FileError) throws(StoreError) -> Never {
    guard error.isFull else { throw refuseForGood(error) }
    health = .unwiped(bytes: bytes)
    do throws(StoreError) {
      try recover()
    } catch {
      throw .unavailable("the disk is full, and whether the last write is in the log is unknown until there is room")
    }
    throw .full
  }

  private func recover() throws(StoreError) {
    switch health {
    case .good: return
    case .failed(let text): throw .unavailable(text)
    case .unwiped(let bytes):
      guard let segment = segments.last else { return }
      do throws(FileError) {
        try segment.file.write([UInt8](repeating: 0, count: bytes), at: segment.end)
        try sync(segment.file)
        health = .good
      } catch { throw refuseForGood(error) }
    }
  }

  private func sync(_ file: any StoredFile) throws(FileError) {
    syncCount += 1
    try file.sync()
  }

  private func record(_ entries: [LogEntry], from firstIndex: UInt64, segment: UInt64, offset: Int, size: Int) {
    while let frame = frames.last, frame.firstIndex >= firstIndex { frames.removeLast() }
    if let frame = frames.last, frame.firstIndex + frame.count > firstIndex {
      frames[frames.count - 1].count = firstIndex - frame.firstIndex
      frames[frames.count - 1].lastTerm = 0
    }
    let before = entries.isEmpty ? lastTerm(before: firstIndex) : 0
    frames.append(
      Frame(
        segment: segment, offset: offset, size: size, firstIndex: firstIndex, count: UInt64(entries.count),
        lastTerm: entries.last?.term ?? before))
    last = LogPosition(index: firstIndex + UInt64(entries.count) - 1, term: entries.last?.term ?? before)
  }

  private func lastTerm(before index: UInt64) -> UInt64 {
    guard index > 1, let entry = try? read(from: index - 1, atMost: 1).first else { return 0 }
    return entry.term
  }

  // MARK: Segments

  /// A segment that is ready to be put behind the last one.
  struct PreparedSegment {
    fileprivate let header: SegmentHeader
    fileprivate let file: any StoredFile
    fileprivate let path: String
    fileprivate let capacity: Int
  }

  /// The work of making the next segment, to be done on another thread and handed to `install`; nil while there is no need.
  func preparation() -> (@Sendable () throws(FileError) -> PreparedSegment)? {
    guard prepared == nil, let segment = segments.last, segment.end > segment.capacity / 2 else { return nil }
    let header = SegmentHeader(number: segment.number + 1, salt: salt())
    let path = settings.folder + "/next.tmp"
    let (files, capacity) = (files, settings.segmentBytes)
    return { () throws(FileError) -> PreparedSegment in
      try Self.prepare(header, path: path, capacity: capacity, files: files)
    }
  }

  func install(_ segment: PreparedSegment) {
    if segment.header.number == (segments.last?.number ?? 0) + 1 { prepared = segment }
  }

  /// Zeros are written and not only reserved, so that later writes change no metadata and a sync costs one write.
  private static func prepare(
    _ header: SegmentHeader, path: String, capacity: Int, files: any FileSystem
  ) throws(FileError) -> PreparedSegment {
    let file = try files.open(path, creating: true)
    do throws(FileError) {
      var block = header.encoded
      var at = 0
      while at < capacity {
        block += [UInt8](repeating: 0, count: min(1 << 20, capacity - at) - block.count)
        try file.write(block, at: at)
        at += block.count
        block = []
      }
      try file.sync()
    } catch {
      try? files.remove(path)
      throw error
    }
    return PreparedSegment(header: header, file: file, path: path, capacity: capacity)
  }

  private func salt() -> UInt64 { random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }

  private func roll(for size: Int) throws(StoreError) {
    let number = (segments.last?.number ?? 0) + 1
    do throws(FileError) {
      var next = prepared
      prepared = nil
      if let ready = next, ready.capacity < SegmentHeader.size + size || ready.header.number != number { next = nil }
      let capacity = max(settings.segmentBytes, SegmentHeader.size + size)
      // Another path than that of a preparation which may be under way.
      let segment: PreparedSegment
      if let next {
        segment = next
      } else {
        let header = SegmentHeader(number: number, salt: salt())
        segment = try Self.prepare(header, path: settings.folder + "/roll.tmp", capacity: capacity, files: files)
      }
      let path = self.path(number)
      try files.rename(segment.path, to: path)
      segments.append(
        Segment(
          number: number, path: path, file: segment.file, salt: segment.header.salt, end: SegmentHeader.size,
          capacity: segment.capacity))
      isNameDurable = false
      try syncName()
    } catch {
      throw refuseForGood(error)
    }
  }

  private func syncName() throws(FileError) {
    if isNameDurable { return }
    try files.syncFolder(settings.folder)
    isNameDurable = true
  }

  /// An error that is no full disk ends all writing: after a failed sync the kernel may hold pages as clean that never reached the disk, so
  /// nothing written later can be trusted.
  private func refuseForGood(_ error: FileError) -> StoreError {
    if error.isFull { return .full }
    let text = "\(error.text); no more writes are taken until the server is restarted"
    health = .failed(text)
    return .unavailable(text)
  }

  /// Removes whole segments all of whose entries lie before `index`.
  func remove(before index: UInt64) throws(StoreError) {
    do throws(FileError) {
      while segments.count > 1, let segment = segments.first,
        let next = frames.first(where: { $0.segment != segment.number }), next.firstIndex <= index
      {
        try files.remove(segment.path)
        // One at a time: a missing segment between two others would look like damage.
        try files.syncFolder(settings.folder)
        frames.removeAll { $0.segment == segment.number }
        segments.removeFirst()
      }
    } catch { throw error.storeError }
  }

  private func path(_ number: UInt64) -> String {
    let digits = String(number)
    return settings.folder + "/" + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits + ".log"
  }

  // MARK: Reading

  /// The entries from `index` on, at least one where it exists, as many as `limit`.
  func read(from index: UInt64, atMost limit: Int) throws(StoreError) -> [LogEntry] {
    var entries: [LogEntry] = []
    var low = 0
    var high = frames.count
    while low < high {
      let middle = (low + high) / 2
      if frames[middle].firstIndex + frames[middle].count <= index { low = middle + 1 } else { high = middle }
    }
    for frame in frames[low...] where frame.count > 0 {
      guard entries.count < limit else { break }
      guard let segment = segments.first(where: { $0.number == frame.segment }) else { break }
      do throws(FileError) {
        let bytes = try segment.file.read(at: frame.offset, count: frame.size)
        let found = bytes.withUnsafeBytes { bytes in
          LogFrame.frame(at: 0, in: bytes, salt: segment.salt)?.entries()?.prefix(Int(frame.count))
        }
        guard let found else { throw FileError(operation: "checking \(segment.path) at \(frame.offset)", code: 5) }
        entries += found.filter { $0.index >= index }.prefix(limit - entries.count)
      } catch { throw error.storeError }
    }
    return entries
  }

  // MARK: Opening

  private func segmentNumbers() throws(StoreError) -> [UInt64] {
    var numbers: [UInt64] = []
    do throws(FileError) {
      for name in try files.names(in: settings.folder) {
        if name.hasSuffix(".tmp") {
          try files.remove(settings.folder + "/" + name)
        } else if name.hasSuffix(".log"), let number = UInt64(name.dropLast(4)), path(number).hasSuffix("/" + name) {
          numbers.append(number)
        }
      }
    } catch { throw error.storeError }
    numbers.sort()
    for (number, next) in zip(numbers, numbers.dropFirst()) where next != number + 1 {
      throw .damaged("the log segment \(path(number + 1)) is missing. \(remedy)")
    }
    return numbers
  }

  /// A new log. Behind a state that holds something it begins with an empty frame, which says where.
  private func begin(after state: LogPosition) throws(StoreError) {
    try roll(for: 0)
    last = state
    if state.index > 0 {
      try write([], from: state.index + 1)
      last = state
    }
  }

  private func scan(_ number: UInt64, isLast: Bool, state: LogPosition) throws(StoreError) {
    let path = path(number)
    let file: any StoredFile
    let bytes: [UInt8]
    do throws(FileError) {
      file = try files.open(path, creating: false)
      bytes = try file.read(at: 0, count: try file.size())
    } catch { throw error.storeError }
    guard let header = bytes.withUnsafeBytes(SegmentHeader.init), header.number == number else {
      throw .damaged("the head of the log segment \(path) is damaged. \(remedy)")
    }
    var offset = SegmentHeader.size
    segments.append(
      Segment(
        number: number, path: path, file: file, salt: header.salt, end: offset,
        capacity: max(bytes.count, settings.segmentBytes)))
    var ending: LogFrame.Place?
    while ending == nil {
      let (found, entries): (LogFrame.Place, [LogEntry]?) = bytes.withUnsafeBytes { bytes in
        let place = LogFrame.look(at: offset, in: bytes, salt: header.salt)
        guard case .frame(let frame) = place else { return (place, nil) }
        return (place, frame.entries())
      }
      guard case .frame(let frame) = found else {
        ending = found
        break
      }
      guard let entries, frame.firstIndex <= last.index + 1 || frames.isEmpty else {
        throw damage(path, offset, "frame that does not follow entry \(last.index)", state)
      }
      record(entries, from: frame.firstIndex, segment: number, offset: offset, size: frame.size)
      offset += frame.size
      segments[segments.count - 1].end = offset
    }
    if case .broken = ending {
      guard isLast, !hasFrame(after: offset, in: bytes, salt: header.salt) else {
        throw damage(path, offset, "broken frame before whole ones", state)
      }
      try cut(file, bytes: bytes, at: offset)
    }
  }

  private func hasFrame(after offset: Int, in bytes: [UInt8], salt: UInt64) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var at = offset + 8
      while at < bytes.count {
        if LogFrame.frame(at: at, in: bytes, salt: salt) != nil { return true }
        at += 8
      }
      return false
    }
  }

  /// Wipes what a crash left of a frame.
  private func cut(_ file: any StoredFile, bytes: [UInt8], at offset: Int) throws(StoreError) {
    let end = (bytes.lastIndex { $0 != 0 } ?? offset) + 1
    tornBytes = max(0, end - offset)
    do throws(FileError) {
      try file.write([UInt8](repeating: 0, count: tornBytes), at: offset)
      try sync(file)
    } catch { throw error.storeError }
  }

  /// Makes what was found durable before anybody can read it. The name of the last segment and its last frame may be in the kernel's
  /// memory only, if the process ended before it synced them, or in vain after a sync that failed; so the frame is written again. All
  /// earlier frames were synced before it was written.
  private func settle() throws(StoreError) {
    do throws(FileError) {
      try files.syncFolder(settings.folder)
      guard let frame = frames.last, let segment = segments.last(where: { $0.number == frame.segment }) else { return }
      try segment.file.write(try segment.file.read(at: frame.offset, count: frame.size), at: frame.offset)
      try sync(segment.file)
    } catch { throw error.storeError }
  }

  private func damage(_ path: String, _ offset: Int, _ what: String, _ state: LogPosition) -> StoreError {
    .damaged(
      "the log segment \(path) is damaged at byte \(offset): \(what), in or behind entry \(last.index + 1)."
        + " \(remedy(losingAllAfter: state))")
  }

  private var remedy: String {
    "Check the disk. Then restore the newest snapshot into an empty folder, or empty this one and join the node to its cluster again."
  }

  private func remedy(losingAllAfter state: LogPosition) -> String {
    remedy
      + " With neither, move the folder \(settings.folder) away: the state holds every entry up to \(state.index), and those"
      + " after it would be lost."
  }
}
