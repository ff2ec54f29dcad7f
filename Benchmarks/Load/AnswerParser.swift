/// Finds the end of HTTP/1.1 answers that come one at a time and say their length, or come in chunks.
struct AnswerParser {
  private enum Place {
    case head
    case body(Int)
    case chunkLine
    case chunk(Int)
    case trailer
  }

  private let keepsBody: Bool
  private var place = Place.head
  private var line: [UInt8] = []
  private var isFirstLine = true
  private var length = 0
  private var isChunked = false
  private(set) var status = 0
  private(set) var body: [UInt8] = []
  private(set) var bodyBytes = 0

  init(keepsBody: Bool) { self.keepsBody = keepsBody }

  /// - Returns: true at the end of the answer; the next byte begins another.
  mutating func take(_ bytes: ArraySlice<UInt8>) throws -> Bool {
    var at = bytes.startIndex
    while true {
      switch place {
      case .body(let rest), .chunk(let rest):
        let count = min(rest, bytes.endIndex - at)
        if keepsBody { body += bytes[at..<at + count] }
        bodyBytes += count
        at += count
        let isChunk = if case .chunk = place { true } else { false }
        guard count == rest else {
          place = isChunk ? .chunk(rest - count) : .body(rest - count)
          return false
        }
        if isChunk { place = .trailer } else { return finish() }
      case .head, .chunkLine, .trailer:
        guard let end = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) else {
          line += bytes[at...]
          return false
        }
        line += bytes[at..<end]
        at = end + 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let isDone = try endLine()
        line.removeAll(keepingCapacity: true)
        if isDone { return finish() }
      }
    }
  }

  private mutating func finish() -> Bool {
    place = .head
    isFirstLine = true
    return true
  }

  private mutating func endLine() throws -> Bool {
    switch place {
    case .chunkLine:
      guard let size = Int(String(decoding: line, as: UTF8.self), radix: 16) else { throw Problem("not a chunk") }
      // The last chunk's line is followed by an empty one, as those of the others' bodies are.
      length = size
      place = size == 0 ? .trailer : .chunk(size)
      return false
    case .trailer:
      if length == 0 { return true }
      place = .chunkLine
      return false
    default: break
    }
    if isFirstLine {
      isFirstLine = false
      (length, isChunked, bodyBytes) = (0, false, 0)
      body.removeAll(keepingCapacity: true)
      guard line.count >= 12 else { throw Problem("not an answer") }
      status = line[9..<12].reduce(0) { $0 * 10 + Int($1) - 48 }
      return false
    }
    if line.isEmpty {
      if isChunked {
        place = .chunkLine
        return false
      }
      if length == 0 || status == 204 { return true }
      place = .body(length)
      return false
    }
    // Only two headers matter, told by their first letter before anything is compared.
    let first = line[0] | 0x20
    if first == UInt8(ascii: "c"), let value = value("content-length:") {
      length = value.reduce(0) { $0 * 10 + Int($1) - 48 }
    } else if first == UInt8(ascii: "t"), let value = value("transfer-encoding:") {
      isChunked = value.elementsEqual("chunked".utf8)
    }
    return false
  }

  private func value(_ name: StaticString) -> ArraySlice<UInt8>? {
    let count = name.utf8CodeUnitCount
    guard line.count > count else { return nil }
    for at in 0..<count where line[at] | 0x20 != name.utf8Start[at] | 0x20 { return nil }
    return line[count...].drop { $0 == 32 }
  }
}
