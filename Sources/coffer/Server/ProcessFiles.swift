internal import Commands
internal import Glibc
internal import Primitives

/// The server's log in a file that can be moved away under it.
final class LogFile: Sendable {
  private let path: String
  private let descriptor: Locked<Int32>

  init(path: String) throws {
    self.path = path
    let opened = Self.open(path)
    guard opened >= 0 else {
      throw CommandFailure.local("The log file \(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
    descriptor = Locked(opened)
  }

  private static func open(_ path: String) -> Int32 {
    Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
  }

  func write(_ line: [UInt8]) {
    descriptor.withLock { descriptor in
      // A log that cannot be written is no reason to stop serving.
      _ = Glibc.write(descriptor, line, line.count)
    }
  }

  /// As after rotation; the old file stays in use where the new one cannot be opened.
  func reopen() {
    let opened = Self.open(path)
    guard opened >= 0 else { return }
    let old = descriptor.withLock { current in
      defer { current = opened }
      return current
    }
    close(old)
  }
}

/// The file that tells others this process's number.
struct PIDFile {
  private let path: String

  init(path: String) throws {
    self.path = path
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw CommandFailure.local("The PID file \(path) cannot be written: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    let text = Array("\(getpid())\n".utf8)
    _ = write(descriptor, text, text.count)
  }

  func remove() { unlink(path) }
}
