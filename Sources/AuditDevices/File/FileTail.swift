/// The last bytes of a file: at least its last whole line and what follows that.
struct FileTail {
  /// More than any entry takes.
  static let limitBytes = 256 << 20

  let bytes: [UInt8]

  var isEmpty: Bool { bytes.isEmpty }

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
