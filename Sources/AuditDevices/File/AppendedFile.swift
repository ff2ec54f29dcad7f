internal import AuditAPI
internal import CSystem
internal import Glibc
internal import Primitives

/// An open file that entries are appended to. Closed when the last one who uses it lets go.
final class AppendedFile: Sendable {
  private let descriptor: Int32
  private let owned: Bool
  /// True after an entry was written in part: the next one begins a new line.
  private let isTorn = Locked(false)
  let isRegular: Bool
  /// A regular file on a file system that does not depend on another machine or program.
  let isOnLocalDisk: Bool

  init(descriptor: Int32, owned: Bool) {
    self.descriptor = descriptor
    self.owned = owned
    isRegular = Self.isRegular(descriptor)
    isOnLocalDisk = isRegular && !Self.isRemote(descriptor)
  }

  /// Opens or creates. A mode of 0 leaves the file's as it is, and gives a new one 0600.
  convenience init(path: String, mode: mode_t, isReadable: Bool = false) throws(AuditDeviceError) {
    // Not to wait for a reader where the path is a named pipe.
    let access = isReadable ? O_RDWR : O_WRONLY
    let flags = access | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    let opened = open(path, flags, mode == 0 ? 0o600 : mode)
    if opened < 0 { throw Self.cannotOpen(path, errno) }
    let current = fcntl(opened, F_GETFL)
    _ = fcntl(opened, F_SETFL, current & ~O_NONBLOCK)
    self.init(descriptor: opened, owned: true)
    if mode != 0, Self.isRegular(opened), fchmod(opened, mode) != 0 { throw Self.cannotOpen(path, errno) }
  }

  /// For `tail` alone. Does not wait for a writer where the path is a named pipe.
  convenience init(reading path: String) throws(AuditDeviceError) {
    let opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    if opened < 0 { throw Self.cannotOpen(path, errno) }
    self.init(descriptor: opened, owned: true)
  }

  deinit { if owned { Glibc.close(descriptor) } }

  /// True where no name leads to the file any more.
  var isUnlinked: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  func append(_ entries: [UInt8]) throws(AuditDeviceError) {
    if isTorn.withLock({ $0 }) {
      try writeAll([UInt8(ascii: "\n")])
      isTorn.withLock { $0 = false }
    }
    try writeAll(entries)
  }

  /// Appends all or, where that can be had, nothing.
  func appendWhole(_ entries: [UInt8]) -> Result<Void, UndoneWrite> {
    var before = stat()
    let isKnown = fstat(descriptor, &before) == 0
    let wasTorn = isTorn.withLock { $0 }
    do throws(AuditDeviceError) {
      return .success(try append(entries))
    } catch {
      let isUndone = isKnown && ftruncate(descriptor, before.st_size) == 0
      if isUndone { isTorn.withLock { $0 = wasTorn } }
      return .failure(UndoneWrite(cause: error, isUndone: isUndone))
    }
  }

  struct UndoneWrite: Error {
    let cause: AuditDeviceError
    /// Nothing of the entries is left in the file.
    let isUndone: Bool
  }

  /// What follows begins a line of its own.
  func endLine() { isTorn.withLock { $0 = true } }

  /// The end of a readable file, back to the line feed before the last one.
  func tail() throws(AuditDeviceError) -> FileTail {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw AuditDeviceError("unable to read: \(Self.text(errno))") }
    var position = Int64(status.st_size)
    var chunks: [[UInt8]] = []
    var lineFeeds = 0
    while position > 0, lineFeeds < 2 {
      let count = Int(min(position, 64 << 10))
      if chunks.count * (64 << 10) > FileTail.limitBytes {
        throw AuditDeviceError("unable to read: the last line is too long")
      }
      position -= Int64(count)
      var chunk = [UInt8](repeating: 0, count: count)
      let n = pread(descriptor, &chunk, count, off_t(position))
      guard n == count else { throw AuditDeviceError("unable to read: \(n < 0 ? Self.text(errno) : "it changes")") }
      lineFeeds += chunk.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
      chunks.append(chunk)
    }
    return FileTail(bytes: Array(chunks.reversed().joined()))
  }

  private func writeAll(_ bytes: [UInt8]) throws(AuditDeviceError) {
    var written = 0
    while written < bytes.count {
      let n = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
      }
      if n > 0 {
        written += n
      } else if n == 0 || errno != EINTR {
        let code = n == 0 ? EIO : errno
        if written > 0 { isTorn.withLock { $0 = true } }
        throw AuditDeviceError("unable to write: \(Self.text(code))")
      }
    }
  }

  private static func isRegular(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Magic numbers of statfs(2) for NFS, SMB, CIFS, FUSE, 9P, Ceph and AFS.
  private static let remoteFileSystems: Set<UInt32> = [
    0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x5346_414F,
  ]

  private static func isRemote(_ descriptor: Int32) -> Bool {
    var system = statfs()
    guard fstatfs(descriptor, &system) == 0 else { return true }
    return remoteFileSystems.contains(UInt32(truncatingIfNeeded: system.f_type))
  }

  private static func cannotOpen(_ path: String, _ code: Int32) -> AuditDeviceError {
    .configuration("unable to open \"\(path)\" for writing: \(text(code))")
  }

  private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
