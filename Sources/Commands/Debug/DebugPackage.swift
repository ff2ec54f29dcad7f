internal import Primitives

/// Where `debug` puts what it collects: a folder, which in the end may become one file.
struct DebugPackage {
  let folder: String
  /// The file that takes the folder's place; nil where the folder stays.
  let archive: String?
  private let files: FileAccess
  private(set) var names: [String] = []

  /// - Throws: where anything is there already: it may be what another case needs.
  init(_ named: String, isArchived: Bool, files: FileAccess) throws(CommandFailure) {
    var folder = named
    while folder.count > 1 && folder.hasSuffix("/") { folder.removeLast() }
    var archive: String?
    if isArchived {
      let ending = [".tar.gz", ".tgz"].first(where: folder.hasSuffix)
      archive = ending == nil ? folder + ".tar.gz" : folder
      folder = String(folder.dropLast(ending?.count ?? 0))
    }
    self.folder = folder
    self.archive = archive
    self.files = files
    if let archive, Self.isThere(archive, files) {
      throw .local("Error during validation: output file already exists: \(archive)")
    }
    if Self.isThere(folder, files) {
      throw .local("Error during validation: output directory already exists: \(folder)")
    }
    if case .failure(let error) = files.makeFolder(folder) {
      throw .local("Error during validation: unable to create output directory: \(error)")
    }
  }

  private static func isThere(_ path: String, _ files: FileAccess) -> Bool {
    if case .failure(let error) = files.stream(path, { _ in false }) { return !error.isAbsence }
    return true
  }

  mutating func add(_ name: String, _ bytes: [UInt8]) throws(FileError) {
    try files.write("\(folder)/\(name)", bytes, 0o600).get()
    names.append(name)
  }

  /// Puts everything into the archive, where there is to be one.
  /// - Returns: where it all is.
  func finish(_ now: Timestamp) throws(FileError) -> String {
    guard let archive else { return folder }
    var gzip = GzipWriter()
    var out = GzipWriter.header
    let title = folder.split(separator: "/").last.map(String.init) ?? folder
    for name in names {
      let bytes = try files.read("\(folder)/\(name)").get()
      out += gzip.write(Tar.header("\(title)/\(name)", size: bytes.count, time: now.seconds))
      out += gzip.write(bytes)
      out += gzip.write(Tar.padding(after: bytes.count))
    }
    out += gzip.write(Tar.end)
    out += gzip.finish()
    try files.write(archive, out, 0o600).get()
    for name in names { try files.remove("\(folder)/\(name)").get() }
    try files.remove(folder).get()
    return archive
  }
}
