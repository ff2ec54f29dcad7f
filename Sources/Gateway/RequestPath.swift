/// Paths as they come in request lines.
enum RequestPath {
  /// The path without empty, `.` and `..` segments; nil where it has none, which is the usual case.
  static func cleaned(_ path: String) -> String? {
    var previous: UInt8 = 0
    var isUnclean = path.utf8.first != UInt8(ascii: "/")
    var dots = 0
    var isOnlyDots = false
    for byte in path.utf8 {
      if byte == UInt8(ascii: "/") {
        if previous == UInt8(ascii: "/") || (isOnlyDots && (dots == 1 || dots == 2)) { isUnclean = true }
        dots = 0
        isOnlyDots = true
      } else if byte == UInt8(ascii: ".") {
        dots += 1
      } else {
        isOnlyDots = false
      }
      previous = byte
    }
    if isOnlyDots && (dots == 1 || dots == 2) { isUnclean = true }
    guard isUnclean else { return nil }
    var kept: [Substring] = []
    for segment in path.split(separator: "/") {
      switch segment {
      case ".": break
      case "..": _ = kept.popLast()
      default: kept.append(segment)
      }
    }
    let joined = "/" + kept.joined(separator: "/")
    return path.hasSuffix("/") && joined != "/" ? joined + "/" : joined
  }
}
