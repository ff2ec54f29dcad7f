/// What a rule's path matches. Paths are compared byte by byte.
enum PathPattern: Hashable, Sendable {
  enum Segment: Hashable, Sendable {
    /// `+`: one whole segment, which may be empty.
    case any
    case literal([UInt8])
  }

  /// The whole path.
  case exact([UInt8])
  /// Whatever begins so (`…*`, kept without the star).
  case prefix([UInt8])
  /// Segment by segment; of an open pattern the last segment is a prefix of the rest of the path.
  case segments([Segment], isOpen: Bool)

  /// A path as it is written in a policy, with the values of its templates in place. Stars and pluses that came with
  /// a value are characters like others: whoever may choose a name may not widen a rule by it.
  init(_ bytes: [UInt8], isValue: [Bool] = []) {
    let written = { (i: Int) in i >= isValue.count || !isValue[i] }
    var range = bytes.indices
    if bytes.first == UInt8(ascii: "/"), written(0) { range = range.dropFirst() }
    let isOpen = !range.isEmpty && bytes[range.upperBound - 1] == UInt8(ascii: "*") && written(range.upperBound - 1)
    if isOpen { range = range.dropLast() }
    var segments: [Segment] = []
    var hasAny = false
    var start = range.lowerBound
    for end in range.lowerBound...range.upperBound {
      guard end == range.upperBound || bytes[end] == UInt8(ascii: "/") else { continue }
      // A plus before the final star would be "+*", which policies may not say.
      if end == start + 1, bytes[start] == UInt8(ascii: "+"), written(start) {
        segments.append(.any)
        hasAny = true
      } else {
        segments.append(.literal(Array(bytes[start..<end])))
      }
      start = end + 1
    }
    if hasAny {
      self = .segments(segments, isOpen: isOpen)
    } else {
      self = isOpen ? .prefix(Array(bytes[range])) : .exact(Array(bytes[range]))
    }
  }

  /// As resultant-acl names it: prefixes without their star, patterns with segments whole.
  var description: String {
    switch self {
    case .exact(let bytes), .prefix(let bytes): String(decoding: bytes, as: UTF8.self)
    case .segments(let segments, let isOpen):
      String(decoding: Self.joined(segments), as: UTF8.self) + (isOpen ? "*" : "")
    }
  }

  static func matches(_ segments: [Segment], isOpen: Bool, _ path: ArraySlice<UInt8>) -> Bool {
    var at = path.startIndex
    let last = segments.count - 1
    for (i, segment) in segments.enumerated() {
      if at > path.endIndex { return false }
      if i == last, isOpen, case .literal(let bytes) = segment { return path[at...].starts(with: bytes) }
      let end = path[at...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
      if case .literal(let bytes) = segment, !path[at..<end].elementsEqual(bytes) { return false }
      at = end + 1
    }
    // Behind the last segment the path must have ended.
    return at == path.endIndex + 1
  }

  func matches(_ path: ArraySlice<UInt8>) -> Bool {
    switch self {
    case .exact(let bytes): path.elementsEqual(bytes)
    case .prefix(let bytes): path.starts(with: bytes)
    case .segments(let segments, let isOpen): Self.matches(segments, isOpen: isOpen, path)
    }
  }

  /// Nil for exact paths, which stand above all.
  var precedence: Precedence? {
    switch self {
    case .exact: nil
    case .prefix(let bytes): Precedence(prefix: bytes)
    case .segments(let segments, let isOpen): Precedence(segments: segments, isOpen: isOpen)
    }
  }

  /// As a policy would write it.
  var written: String {
    if case .prefix = self { return description + "*" }
    return description
  }

  static func joined(_ segments: [Segment]) -> [UInt8] {
    var out: [UInt8] = []
    for (i, segment) in segments.enumerated() {
      if i > 0 { out.append(UInt8(ascii: "/")) }
      switch segment {
      case .any: out.append(UInt8(ascii: "+"))
      case .literal(let bytes): out += bytes
      }
    }
    return out
  }
}

/// Which of several rules that match counts: the largest. Exact rules stand above all and have none.
struct Precedence: Comparable, Sendable {
  /// Bytes before the first wildcard.
  let firstWildcard: Int
  let isOpen: Bool
  let anySegments: Int
  let text: [UInt8]

  init(prefix: [UInt8]) {
    firstWildcard = prefix.count
    isOpen = true
    anySegments = 0
    text = prefix
  }

  init(segments: [PathPattern.Segment], isOpen: Bool) {
    var before = 0
    for segment in segments {
      guard case .literal(let bytes) = segment else { break }
      before += bytes.count + 1
    }
    firstWildcard = before
    self.isOpen = isOpen
    anySegments = segments.count { $0 == .any }
    text = PathPattern.joined(segments)
  }

  static func < (a: Precedence, b: Precedence) -> Bool {
    if a.firstWildcard != b.firstWildcard { return a.firstWildcard < b.firstWildcard }
    if a.isOpen != b.isOpen { return a.isOpen }
    if a.anySegments != b.anySegments { return a.anySegments > b.anySegments }
    if a.text.count != b.text.count { return a.text.count < b.text.count }
    return a.text.lexicographicallyPrecedes(b.text)
  }
}

/// A path of a policy's text, with `{{…}}` taken out.
struct PathTemplate: Sendable, Equatable {
  enum Piece: Sendable, Equatable {
    case text([UInt8])
    case selector(String)
  }
  let pieces: [Piece]

  var isTemplated: Bool {
    pieces.contains { if case .selector = $0 { true } else { false } }
  }

  /// The text before the first template.
  var fixedBeginning: [UInt8] {
    guard case .text(let bytes)? = pieces.first else { return [] }
    return bytes.first == UInt8(ascii: "/") ? Array(bytes.dropFirst()) : bytes
  }

  /// Nil where braces do not match. What is between them is not looked at: what means nothing has no value later.
  init?(_ path: String) {
    var pieces: [Piece] = []
    var rest = Array(path.utf8)[...]
    func find(_ brace: UInt8, in bytes: ArraySlice<UInt8>) -> Int? {
      var i = bytes.startIndex
      while i + 1 < bytes.endIndex {
        if bytes[i] == brace, bytes[i + 1] == brace { return i }
        i += 1
      }
      return nil
    }
    while let open = find(UInt8(ascii: "{"), in: rest) {
      let literal = rest[..<open]
      if find(UInt8(ascii: "}"), in: literal) != nil { return nil }
      let inner = rest[(open + 2)...]
      guard let close = find(UInt8(ascii: "}"), in: inner) else { return nil }
      let selector = inner[..<close]
      if find(UInt8(ascii: "{"), in: selector) != nil { return nil }
      if !literal.isEmpty { pieces.append(.text(Array(literal))) }
      let blank = { (c: UInt8) in c == 0x20 || (9...13).contains(c) }
      let trimmed = selector.drop(while: blank).reversed().drop(while: blank).reversed()
      pieces.append(.selector(String(decoding: Array(trimmed), as: UTF8.self)))
      rest = inner[(close + 2)...]
    }
    if find(UInt8(ascii: "}"), in: rest) != nil { return nil }
    if !rest.isEmpty { pieces.append(.text(Array(rest))) }
    self.pieces = pieces
  }

  /// Nil where a selector has no value for that subject.
  func resolved(_ subject: TemplateSubject?) -> PathPattern? {
    var bytes: [UInt8] = []
    var isValue: [Bool] = []
    for piece in pieces {
      switch piece {
      case .text(let text):
        bytes += text
        isValue += repeatElement(false, count: text.count)
      case .selector(let selector):
        guard let value = subject?.value(of: selector) else { return nil }
        bytes += Array(value.utf8)
        isValue += repeatElement(true, count: value.utf8.count)
      }
    }
    return PathPattern(bytes, isValue: isValue)
  }
}
