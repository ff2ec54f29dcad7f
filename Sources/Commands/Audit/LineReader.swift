/// Cuts what a file holds into lines, whatever its size. Memory is bounded by the longest line that is taken.
struct LineReader {
  /// Longer than any entry that the server writes with its default limits.
  static let longest = 128 << 20

  private var held: [UInt8] = []
  /// The line under way was too long and is passed over up to its end.
  private var isSkipping = false

  enum Line {
    /// Without its line feed, which only a file's last one may lack.
    case whole(ArraySlice<UInt8>)
    case unfinished(ArraySlice<UInt8>)
    case tooLong
  }

  mutating func take(_ piece: ArraySlice<UInt8>, _ body: (Line) -> Bool) -> Bool {
    var rest = piece
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      rest = rest[(end + 1)...]
      if isSkipping {
        isSkipping = false
      } else if held.isEmpty {
        if !body(.whole(line)) { return false }
      } else {
        held.append(contentsOf: line)
        let whole = held
        held = []
        if !body(.whole(whole[...])) { return false }
      }
    }
    if isSkipping { return true }
    held.append(contentsOf: rest)
    if held.count <= Self.longest { return true }
    held = []
    isSkipping = true
    return body(.tooLong)
  }

  /// What stands after the last line feed.
  mutating func finish(_ body: (Line) -> Bool) {
    if !held.isEmpty { _ = body(.unfinished(held[...])) }
    held = []
    isSkipping = false
  }
}

extension CommandEnvironment {
  /// The lines of a file in order, until `body` returns false.
  func lines(of path: String, _ body: (LineReader.Line) -> Bool) throws(CommandFailure) {
    var reader = LineReader()
    var goesOn = true
    let outcome = files.stream(expanded(path)) { piece in
      goesOn = reader.take(piece, body)
      return goesOn
    }
    if case .failure(let error) = outcome { throw .local("Error reading the log: \(error)") }
    if goesOn { reader.finish(body) }
  }
}
