internal import Commands
internal import Glibc
internal import Primitives

/// When the server's log begins a new file, and what becomes of the old ones.
struct LogRotation: Sendable {
  /// The age of a file; zero for no limit.
  var after = TimeSpan.zero
  /// The size of a file; zero for no limit.
  var bytes: Int64 = 0
  /// How many old files stay: 0 for all, -1 for none.
  var keeping = 0

  func isDue(bytes size: Int64, age: TimeSpan) -> Bool {
    (bytes > 0 && size >= bytes) || (after > .zero && age >= after)
  }
}

/// The server's log in a file, which may be moved away under it and which it moves away itself in time: `coffer.log`
/// becomes `coffer-1700000000000000000.log`, with the nanoseconds of when that was.
final class LogFile: Sendable {
  private struct State {
    var descriptor: Int32
    var bytes: Int64
    var opened: Timestamp
  }

  private let path: String
  private let rotation: LogRotation
  private let clock: WallClock
  private let state: Locked<State>

  init(path: String, rotation: LogRotation, clock: WallClock) throws {
    self.path = path
    self.rotation = rotation
    self.clock = clock
    guard let opened = Self.open(path, clock) else {
      throw CommandFailure.local("The log file \(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
    state = Locked(opened)
  }

  deinit { state.withLock { _ = close($0.descriptor) } }

  private static func open(_ path: String, _ clock: WallClock) -> State? {
    let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    let bytes = fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
    return State(descriptor: descriptor, bytes: bytes, opened: clock.now())
  }

  func write(_ line: [UInt8]) {
    state.withLock { state in
      let now = clock.now()
      if state.bytes > 0, rotation.isDue(bytes: state.bytes, age: now - state.opened) { rotate(&state, now) }
      // A log that cannot be written is no reason to stop serving.
      let written = Glibc.write(state.descriptor, line, line.count)
      state.bytes += Int64(max(0, written))
    }
  }

  /// As after somebody else's rotation; the old file stays in use where the new one cannot be opened.
  func reopen() {
    guard let opened = Self.open(path, clock) else { return }
    state.withLock { state in
      close(state.descriptor)
      state = opened
    }
  }

  // MARK: Rotation

  private func rotate(_ state: inout State, _ now: Timestamp) {
    let (stem, ending) = Self.parts(path)
    // What cannot be moved is tried again only after another such time.
    state.opened = now
    guard rename(path, "\(stem)-\(now.nanoseconds)\(ending)") == 0, let opened = Self.open(path, clock) else { return }
    close(state.descriptor)
    state = opened
    if rotation.keeping != 0 { removeOld(stem, ending) }
  }

  private func removeOld(_ stem: String, _ ending: String) {
    let slash = stem.lastIndex(of: "/")
    let folder = slash.map { String(stem[...$0]) } ?? "./"
    let beginning = slash.map { String(stem[stem.index(after: $0)...]) } ?? stem
    guard let entries = opendir(folder) else { return }
    defer { closedir(entries) }
    var old: [(time: Int64, name: String)] = []
    while let entry = readdir(entries) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard name.hasPrefix(beginning + "-"), name.hasSuffix(ending),
        let time = Int64(name.dropFirst(beginning.count + 1).dropLast(ending.count))
      else { continue }
      old.append((time, name))
    }
    for file in old.sorted(by: { $0.time > $1.time }).dropFirst(max(0, rotation.keeping)) { unlink(folder + file.name) }
  }

  /// The path without the ending of its last part, and the ending.
  private static func parts(_ path: String) -> (stem: String, ending: String) {
    let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[name...].lastIndex(of: "."), dot > name else { return (path, "") }
    return (String(path[..<dot]), String(path[dot...]))
  }
}
