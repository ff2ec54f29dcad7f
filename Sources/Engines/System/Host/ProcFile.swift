internal import Glibc

/// The small files that the kernel shows under /proc (proc(5)).
enum ProcFile {
  private static let largest = 1 << 20

  /// Empty where there is none, or it may not be read.
  static func text(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while out.count < largest {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 { out += buffer.prefix(count) } else if count == 0 || errno != EINTR { break }
    }
    return String(decoding: out, as: UTF8.self)
  }

  static func lines(_ path: String) -> [Substring] { text(path).split(separator: "\n") }

  /// `name: value` or `name value`, one a line.
  static func fields(_ path: String) -> [String: String] {
    var out: [String: String] = [:]
    for line in lines(path) {
      guard let end = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: end)...].drop { $0 == " " || $0 == "\t" }
      out[String(line[..<end].filter { $0 != "\t" })] = String(value)
    }
    return out
  }

  /// The number of kB that such a value begins with, as bytes.
  static func bytes(_ value: String?) -> UInt64 {
    UInt64(value?.prefix { $0.isNumber } ?? "").map { $0 &* 1024 } ?? 0
  }

  static func names(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var out: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { out.append(name) }
    }
    return out
  }
}
