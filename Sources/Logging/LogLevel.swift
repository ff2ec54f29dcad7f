/// How much a line of the server log matters, lowest first.
package enum LogLevel: String, Sendable, Comparable, CaseIterable {
  case trace, debug, info, warn, error

  /// The names that configuration, `-log-level` and `sys/loggers` accept, in any case; nil for anything else.
  package init?(api text: String) {
    switch text.lowercased() {
    case "trace": self = .trace
    case "debug": self = .debug
    case "info", "notice": self = .info
    case "warn", "warning": self = .warn
    case "error", "err": self = .error
    default: return nil
    }
  }

  package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }

  var rank: UInt8 {
    switch self {
    case .trace: 0
    case .debug: 1
    case .info: 2
    case .warn: 3
    case .error: 4
    }
  }

  /// Padded, so that what follows lines up.
  var tag: StaticString {
    switch self {
    case .trace: "[TRACE] "
    case .debug: "[DEBUG] "
    case .info: "[INFO]  "
    case .warn: "[WARN]  "
    case .error: "[ERROR] "
    }
  }
}
