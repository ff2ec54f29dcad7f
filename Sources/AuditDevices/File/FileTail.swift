/// The last lines of a file, gathered from its end.
struct FileTail {
  static let limitBytes = 64 << 20

  private var bytes: [UInt8] = []
  private var lineFeeds = 0

  var count: Int { bytes.count }
  var isEmpty: Bool { bytes.isEmpty }
  /// Nothing before could be of the last whole line.
  var isComplete: Bool { lineFeeds > 1 }

  mutating func prepend(_ chunk: [UInt8]) {
    bytes = chunk + bytes
    lineFeeds += chunk.count { $0 == UInt8(ascii: "\n") }
  }

  /// What follows the last line feed; empty where the file ends with one.
  var fragment: ArraySlice<UInt8> {
    bytes.lastIndex(of: UInt8(ascii: "\n")).map { bytes[($0 + 1)...] } ?? bytes[...]
  }

  /// The last line that ends with a line feed, without it.
  var line: ArraySlice<UInt8>? {
    guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return nil }
    let before = bytes[..<end]
    return before.lastIndex(of: UInt8(ascii: "\n")).map { before[($0 + 1)...] } ?? before
  }
}
