/// Patterns in which `*` at the beginning or the end stands for anything.
enum Glob {
  static func matches(_ pattern: String, _ text: String) -> Bool {
    let openStart = pattern.utf8.first == UInt8(ascii: "*")
    let openEnd = pattern.utf8.last == UInt8(ascii: "*")
    if pattern == "*" { return true }
    let inner = Array(pattern.utf8.dropFirst(openStart ? 1 : 0).dropLast(openEnd ? 1 : 0))
    let bytes = Array(text.utf8)
    guard bytes.count >= inner.count else { return false }
    switch (openStart, openEnd) {
    case (false, false): return bytes == inner
    case (false, true): return bytes.starts(with: inner)
    case (true, false): return bytes.suffix(inner.count).elementsEqual(inner)
    case (true, true): return (0...(bytes.count - inner.count)).contains { bytes[$0...].starts(with: inner) }
    }
  }
}
