import Glibc
import Testing

/// A folder that goes when the test ends.
final class Folder {
  let path: String

  init() throws {
    var template = Array("/tmp/audit-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
    try #require(made)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    guard let handle = opendir(path) else { return }
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      unlink(path + "/" + name)
    }
    closedir(handle)
    rmdir(path)
  }

  func read(_ name: String) -> String? {
    let descriptor = open(path + "/" + name, O_RDONLY)
    if descriptor < 0 { return nil }
    defer { close(descriptor) }
    var out: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let n = Glibc.read(descriptor, &chunk, chunk.count)
      if n <= 0 { return String(decoding: out, as: UTF8.self) }
      out.append(contentsOf: chunk.prefix(n))
    }
  }

  func mode(_ name: String) -> mode_t {
    var status = stat()
    return stat(path + "/" + name, &status) == 0 ? status.st_mode & 0o7777 : 0
  }
}
