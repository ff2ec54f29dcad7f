internal import Glibc

/// Where configuration is read from. A value, so that tests need no disk.
package struct ConfigurationFiles: Sendable {
  package enum Entry: Sendable {
    case file([UInt8])
    /// The names in it, in any order.
    case folder([String])
  }

  package let open: @Sendable (_ path: String) throws(ConfigurationError) -> Entry

  package init(open: @escaping @Sendable (_ path: String) throws(ConfigurationError) -> Entry) { self.open = open }

  /// The machine's files, up to 4 MiB each.
  package static let system = ConfigurationFiles { (path) throws(ConfigurationError) in
    if let names = try names(in: path) { return .folder(names) }
    return .file(try contents(of: path))
  }

  private static let longestFile = 4 << 20

  private static func names(in path: String) throws(ConfigurationError) -> [String]? {
    guard let folder = opendir(path) else {
      if errno == ENOTDIR { return nil }
      throw ConfigurationError(file: path, message: reason("cannot be read"))
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      names.append(name)
    }
    return names
  }

  private static func contents(of path: String) throws(ConfigurationError) -> [UInt8] {
    // A pipe in the place of a file must not hold up the start.
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw ConfigurationError(file: path, message: reason("cannot be opened")) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(file, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw ConfigurationError(file: path, message: reason("cannot be read"))
      }
      bytes += buffer.prefix(count)
      if bytes.count > longestFile { throw ConfigurationError(file: path, message: "is longer than 4 MiB") }
    }
  }

  private static func reason(_ text: String) -> String { "\(text): \(String(cString: strerror(errno)))" }
}
