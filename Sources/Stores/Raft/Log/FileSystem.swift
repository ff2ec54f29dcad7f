internal import Glibc
internal import StorageAPI

/// What the log asks of a disk. A protocol, so that tests can lose, tear and refuse writes at any moment.
protocol FileSystem: Sendable {
  func names(in folder: String) throws(FileError) -> [String]
  /// Creates the folder where it does not exist, readable by its owner only.
  func makeFolder(_ path: String) throws(FileError)
  func open(_ path: String, creating: Bool) throws(FileError) -> any StoredFile
  func rename(_ path: String, to new: String) throws(FileError)
  func remove(_ path: String) throws(FileError)
  /// Makes the names in the folder durable.
  func syncFolder(_ path: String) throws(FileError)
}

/// An open file. Closes when nobody refers to it any more.
protocol StoredFile: AnyObject, Sendable {
  func size() throws(FileError) -> Int
  /// Fewer bytes than `count` only at the end of the file.
  func read(at offset: Int, count: Int) throws(FileError) -> [UInt8]
  func write(_ bytes: [UInt8], at offset: Int) throws(FileError)
  /// Makes contents and size durable.
  func sync() throws(FileError)
}

/// A refusal of the operating system.
struct FileError: Error, Equatable {
  let operation: String
  let code: Int32

  var isFull: Bool { code == ENOSPC || code == EDQUOT }
  var text: String { "\(operation): \(String(cString: strerror(code)))" }

  var storeError: StoreError { isFull ? .full : .unavailable(text) }
}

/// The disk of this machine.
struct LocalFileSystem: FileSystem {
  func names(in folder: String) throws(FileError) -> [String] {
    guard let stream = opendir(folder) else { throw FileError(operation: "reading folder \(folder)", code: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    if errno != 0 { throw FileError(operation: "reading folder \(folder)", code: errno) }
    return names
  }

  func makeFolder(_ path: String) throws(FileError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    throw FileError(operation: "making folder \(path)", code: errno)
  }

  func open(_ path: String, creating: Bool) throws(FileError) -> any StoredFile {
    let flags = O_RDWR | O_CLOEXEC | (creating ? O_CREAT | O_TRUNC : 0)
    let descriptor = Glibc.open(path, flags, 0o600)
    guard descriptor >= 0 else { throw FileError(operation: "opening \(path)", code: errno) }
    return LocalFile(descriptor: descriptor, path: path)
  }

  func rename(_ path: String, to new: String) throws(FileError) {
    guard Glibc.rename(path, new) == 0 else { throw FileError(operation: "renaming \(path)", code: errno) }
  }

  func remove(_ path: String) throws(FileError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw FileError(operation: "removing \(path)", code: errno) }
  }

  func syncFolder(_ path: String) throws(FileError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(operation: "opening folder \(path)", code: errno) }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError(operation: "syncing folder \(path)", code: errno) }
  }
}

private final class LocalFile: StoredFile {
  private let descriptor: Int32
  private let path: String

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { Glibc.close(descriptor) }

  func size() throws(FileError) -> Int {
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { throw failure("reading the size of") }
    return Int(information.st_size)
  }

  func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count, let base = buffer.baseAddress {
        let n = pread(descriptor, base + filled, count - filled, off_t(offset + filled))
        if n > 0 {
          filled += n
        } else if n == 0 {
          return
        } else if errno != EINTR {
          code = errno
          return
        }
      }
    }
    guard code == 0 else { throw FileError(operation: "reading \(path)", code: code) }
    return bytes
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let n = bytes.withUnsafeBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return pwrite(descriptor, base + written, buffer.count - written, off_t(offset + written))
      }
      if n > 0 { written += n } else if n == 0 || errno != EINTR { throw failure("writing") }
    }
  }

  func sync() throws(FileError) {
    while fdatasync(descriptor) != 0 {
      if errno != EINTR { throw failure("syncing") }
    }
  }

  private func failure(_ operation: String) -> FileError {
    FileError(operation: "\(operation) \(path)", code: errno)
  }
}
