internal import AuditChain
internal import JSONText
internal import Primitives

/// The files of a log in the order in which they were written, which their first links tell.
enum ChainedFiles {
  private struct File {
    let path: String
    let chain: String
    let sequence: Int64
    let time: Timestamp
  }

  /// Only links near the beginning are looked for: a file that has none is of no chain.
  private static let lookedAt = 1000

  static func inOrder(_ paths: [String], _ environment: CommandEnvironment) throws(CommandFailure) -> [String] {
    if paths.count < 2 { return paths }
    if paths.contains("-") { throw .local("Standard input cannot be put in order with other files") }
    var files: [File] = []
    for path in paths { files.append(try look(at: path, environment)) }
    // Chains by their oldest file, so that numbers are compared within one chain only.
    var beginnings: [String: Timestamp] = [:]
    for file in files { beginnings[file.chain] = min(beginnings[file.chain] ?? file.time, file.time) }
    func key(_ file: File) -> (Int64, String, Int64) {
      (file.chain.isEmpty ? .min : beginnings[file.chain]?.nanoseconds ?? 0, file.chain, file.sequence)
    }
    return files.enumerated().sorted { a, b in
      let (first, second) = (key(a.element), key(b.element))
      return first == second ? a.offset < b.offset : first < second
    }.map(\.element.path)
  }

  private static func look(at path: String, _ environment: CommandEnvironment) throws(CommandFailure) -> File {
    var found = File(path: path, chain: "", sequence: 0, time: Timestamp(nanoseconds: .min))
    var count = 0
    try environment.lines(of: path) { line in
      count += 1
      guard case .whole(let bytes) = line, let link = ChainLink(line: bytes) else { return count < lookedAt }
      found = File(path: path, chain: link.id, sequence: link.sequence, time: time(of: bytes))
      return false
    }
    return found
  }

  private static func time(of line: ArraySlice<UInt8>) -> Timestamp {
    AuditEntry(line: line)?.time ?? Timestamp(nanoseconds: .min)
  }
}
