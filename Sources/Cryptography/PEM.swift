internal import Primitives

/// Texts with labelled base64 blocks (RFC 7468).
package enum PEM {
  package struct Block: Sendable, Equatable {
    package let label: String
    package let bytes: [UInt8]
  }

  /// With 64 characters a line and a line feed at the end.
  package static func encode(_ label: String, _ bytes: some Collection<UInt8>) -> String {
    var out = "-----BEGIN \(label)-----\n"
    let body = Array(Base64.encode(bytes).utf8)
    for start in stride(from: 0, to: body.count, by: 64) {
      out += String(decoding: body[start..<min(start + 64, body.count)], as: UTF8.self) + "\n"
    }
    return out + "-----END \(label)-----\n"
  }

  /// The first block of the text, whatever stands before it; nil where there is none. Headers in a block are not taken.
  package static func first(in text: String) -> Block? {
    var lines = lines(of: text)
    return next(&lines)
  }

  /// Every block, or nil where anything but blank space stands after the last of them.
  package static func all(in text: String) -> [Block]? {
    var lines = lines(of: text)
    var blocks: [Block] = []
    while lines.contains(where: { !$0.isEmpty }) {
      guard let block = next(&lines) else { return nil }
      blocks.append(block)
    }
    return blocks
  }

  private static let begin = "-----BEGIN "
  private static let end = "-----END "
  private static let dashes = "-----"

  /// Lines without the blank space around them.
  private static func lines(of text: String) -> ArraySlice<String> {
    func isSpace(_ c: UInt8) -> Bool { c == 0x20 || c == 9 || c == 13 }
    let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false).map { line in
      let tail = line.drop(while: isSpace)
      let count = tail.reversed().drop(while: isSpace).count
      return String(decoding: tail.prefix(count), as: UTF8.self)
    }
    return lines[...]
  }

  private static func next(_ lines: inout ArraySlice<String>) -> Block? {
    while let line = lines.popFirst() {
      guard line.hasPrefix(begin), line.hasSuffix(dashes), line.utf8.count > begin.utf8.count + dashes.utf8.count
      else { continue }
      let label = String(line.dropFirst(begin.count).dropLast(dashes.count))
      var body = ""
      while let line = lines.popFirst() {
        if line == end + label + dashes { return (try? Base64.decode(body)).map { Block(label: label, bytes: $0) } }
        body += line
      }
      return nil
    }
    return nil
  }
}
