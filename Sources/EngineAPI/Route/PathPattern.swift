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
    var path = path
    return path.withUTF8 { match($0) }
  }

  private func match(_ path: UnsafeBufferPointer<UInt8>) -> [String: String]? {
    var captures: [String: String] = [:]
    var start = 0
    for index in segments.indices {
      if index > 0, start == path.count, path.last != Self.slash {
        // What is left of the pattern may be a rest that is allowed to be empty.
        guard case .rest = segments[index] else { return nil }
      }
      var end = start
      while end < path.count, path[end] != Self.slash { end += 1 }
      let part = UnsafeBufferPointer(rebasing: path[start..<end])
      switch segments[index] {
      case .literal(let text): guard part.elementsEqual(text.utf8) else { return nil }
      case .name(let name):
        guard Self.isGenericName(part) else { return nil }
        captures[name] = String(decoding: part, as: UTF8.self)
      case .any(let name):
        guard !part.isEmpty else { return nil }
        captures[name] = String(decoding: part, as: UTF8.self)
      case .rest(let name, let mayBeEmpty):
        guard mayBeEmpty || start < path.count else { return nil }
        captures[name] = String(decoding: path[start...], as: UTF8.self)
        return captures
      }
      let isLast = index == segments.count - 1
      if isLast { return end == path.count || (end + 1 == path.count && slashIsOptional) ? captures : nil }
      start = min(end + 1, path.count)
    }
    return path.isEmpty ? captures : nil
  }

  private static let slash = UInt8(ascii: "/")

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
  private static func isGenericName(_ part: UnsafeBufferPointer<UInt8>) -> Bool {
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
