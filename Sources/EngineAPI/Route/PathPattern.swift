/// A path with named holes. See `Route` for the notation; a pattern that does not follow it is a mistake of ours and stops the program at start.
package struct PathPattern: Sendable, Equatable, ExpressibleByStringLiteral, CustomStringConvertible {
  package enum Segment: Sendable, Equatable {
    case literal(String)
    case name(String)
    case any(String)
    case rest(String, mayBeEmpty: Bool)
  }

  package let description: String
  package let segments: [Segment]
  /// Matches with and without a slash at the end.
  package let slashIsOptional: Bool

  package init(stringLiteral text: String) {
    description = text
    slashIsOptional = text.hasSuffix("/")
    var segments: [Segment] = []
    for part in text.split(separator: "/") {
      if part.hasPrefix("{") && part.hasSuffix("}") {
        let inner = part.dropFirst().dropLast()
        if inner.hasSuffix("...?") {
          segments.append(.rest(String(inner.dropLast(4)), mayBeEmpty: true))
        } else if inner.hasSuffix("...") {
          segments.append(.rest(String(inner.dropLast(3)), mayBeEmpty: false))
        } else if inner.hasSuffix(":any") {
          segments.append(.any(String(inner.dropLast(4))))
        } else {
          segments.append(.name(String(inner)))
        }
      } else {
        precondition(!part.contains("{"), "a hole is a whole segment: \(text)")
        segments.append(.literal(String(part)))
      }
    }
    self.segments = segments
  }

  /// What the holes hold when `path` matches; nil when it does not.
  package func match(_ path: String) -> [String: String]? {
    var captures: [String: String] = [:]
    var rest = path.utf8[...]
    for (index, segment) in segments.enumerated() {
      if case .rest(let name, let mayBeEmpty) = segment {
        guard mayBeEmpty || !rest.isEmpty else { return nil }
        captures[name] = String(Substring(rest))
        return captures
      }
      if index > 0 && rest.isEmpty && !path.isEmpty && path.utf8.last != UInt8(ascii: "/") { return nil }
      let slash = rest.firstIndex(of: UInt8(ascii: "/"))
      let part = rest[..<(slash ?? rest.endIndex)]
      switch segment {
      case .literal(let text): guard part.elementsEqual(text.utf8) else { return nil }
      case .name(let name):
        guard Self.isGenericName(part) else { return nil }
        captures[name] = String(Substring(part))
      case .any(let name):
        guard !part.isEmpty else { return nil }
        captures[name] = String(Substring(part))
      case .rest: return nil
      }
      let isLast = index == segments.count - 1
      if let slash {
        rest = rest[rest.index(after: slash)...]
        if isLast { return rest.isEmpty && slashIsOptional ? captures : nil }
      } else {
        rest = rest[rest.endIndex...]
        if isLast { return captures }
        // What is left of the pattern may be a rest that is allowed to be empty.
        if index == segments.count - 2, case .rest(let name, mayBeEmpty: true) = segments[index + 1] {
          captures[name] = ""
          return captures
        }
        return nil
      }
    }
    return rest.isEmpty ? captures : nil
  }

  /// What paths that match begin with up to the first slash; nil where that is not fixed.
  var firstLiteral: String? { if case .literal(let text)? = segments.first { text } else { nil } }

  /// `path`, which matches, with what is in its first hole folded as `FoldedName` does.
  package func foldingName(in path: String) -> String {
    var place = path.startIndex
    for segment in segments {
      let end = path[place...].utf8.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
      switch segment {
      case .literal: place = end == path.endIndex ? end : path.utf8.index(after: end)
      case .name, .any: return path[..<place] + FoldedName.of(String(path[place..<end])) + path[end...]
      case .rest: return path[..<place] + FoldedName.of(String(path[place...]))
      }
    }
    return path
  }

  /// Letters, digits and `_`, with `-` and `.` between them.
  private static func isGenericName(_ part: Substring.UTF8View) -> Bool {
    func isWord(_ c: UInt8) -> Bool {
      switch c {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard let first = part.first, let last = part.last, isWord(first), isWord(last) else { return false }
    return part.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
  }
}
