internal import AuditAPI
internal import AuditChain
internal import Glibc

/// Where the last entries of a file lead.
struct ChainEnd {
  var head: AuditChainHead?
  /// A piece of an entry behind it.
  var fragment: ChainLink.Fragment?

  init(_ tail: FileTail) {
    head = tail.line.flatMap { ChainLink(line: $0) }?.head
    if tail.fragment.isEmpty { return }
    // All but the line feed got there.
    if let whole = ChainLink(line: tail.fragment) { head = whole.head } else { fragment = .init(tail.fragment) }
  }
}

/// The files that a log was renamed to: those beside it whose names begin with its own, such as `audit.log.1`.
struct RotatedFiles {
  let path: String

  /// More are not looked into; whoever keeps more has the newest among those that changed last.
  private static let most = 64

  /// The end of the file that goes furthest beyond an entry, or ends with it; nil where there is none. Only an entry that is as it
  /// was written counts, so that nobody who lacks the chain's key can lead it elsewhere.
  func end(after known: AuditChainHead, _ key: ChainKey) -> ChainEnd? {
    var best: ChainEnd?
    for path in newest {
      guard let file = try? AppendedFile(reading: path), file.isRegular, let tail = try? file.tail() else { continue }
      let end = ChainEnd(tail)
      guard let head = end.head, head == known || (head.id == known.id && head.sequence > known.sequence),
        best?.head.map({ $0.sequence < head.sequence }) ?? true, Self.isTrue(tail, key)
      else { continue }
      best = end
    }
    return best
  }

  private static func isTrue(_ tail: FileTail, _ key: ChainKey) -> Bool {
    for line in [tail.fragment, tail.line ?? []] {
      if let link = ChainLink(line: line) { return link.isTrue(of: line, key: key) }
    }
    return false
  }

  /// By the time of their last change.
  private var newest: [String] {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? "./"
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var found: [(path: String, changed: Int)] = []
    while let entry = readdir(handle) {
      let other = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard other.hasPrefix(name), other.utf8.count > name.utf8.count else { continue }
      var status = stat()
      if stat(folder + other, &status) == 0 { found.append((folder + other, status.st_mtim.tv_sec)) }
    }
    return found.sorted { $0.changed > $1.changed }.prefix(Self.most).map(\.path)
  }
}
