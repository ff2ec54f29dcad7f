internal import Commands
internal import Glibc

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
