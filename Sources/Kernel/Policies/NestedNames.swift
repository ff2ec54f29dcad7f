internal import StorageAPI

extension LogicalStore {
  /// The names of all keys below a folder, those in folders of it included, sorted.
  func names(below prefix: String) throws -> [String] {
    var names: [String] = []
    var folders = [""]
    while let folder = folders.popLast() {
      for name in try list(prefix + folder, after: nil, limit: .max) {
        if name.hasSuffix("/") { folders.append(folder + name) } else { names.append(folder + name) }
      }
    }
    return names.sorted()
  }
}
