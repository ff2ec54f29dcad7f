package import Primitives

/// How long clients may take. Zero means no limit.
package struct ClientTimeouts: Sendable {
  /// From the first byte of a request, or from the connection's start, to the end of its header fields; TLS handshakes too.
  package var header = TimeSpan.seconds(10)
  /// From the first byte of a request to the last.
  package var request = TimeSpan.seconds(30)
  /// For each 64 KiB of an answer.
  package var write = TimeSpan.seconds(30)
  /// Between two requests.
  package var idle = TimeSpan.minutes(5)

  package init() {}

  var all: [TimeSpan] { [header, request, write, idle] }
}
