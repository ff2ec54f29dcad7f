internal import Glibc
internal import StorageAPI

/// Keeps a second process out of a folder. The kernel drops it with the process, however that ends.
final class FolderLock: Sendable {
  private let descriptor: Int32

  /// The text of the error names the process that holds the folder.
  init(folder: String) throws(StoreError) {
    let path = folder + "/lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(operation: "opening \(path)", code: errno).storeError }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = Self.read(descriptor)
      close(descriptor)
      guard code == EWOULDBLOCK else { throw FileError(operation: "locking \(path)", code: code).storeError }
      throw .unavailable(
        "the folder \(folder) is in use by process \(holder ?? "unknown"): stop that one, or give this server another folder"
      )
    }
    let text = Array("\(getpid())\n".utf8)
    // The number only serves the text of an error; without room for it the lock still holds.
    if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
  }

  private static func read(_ descriptor: Int32) -> String? {
    let bytes = [UInt8](unsafeUninitializedCapacity: 20) { buffer, count in
      count = max(0, pread(descriptor, buffer.baseAddress, 20, 0))
    }
    return Int32(String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)).map(String.init)
  }

  deinit { close(descriptor) }
}
