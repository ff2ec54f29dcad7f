internal import Glibc
package import Primitives

/// What clients may take from the server. A time of zero means no limit.
package struct ServerLimits: Sendable {
  /// Request line and header fields together.
  package var headerBytes = 64 << 10
  package var headerCount = 200
  /// From the first byte of a request, or from the connection's start, to the end of its header fields; TLS handshakes too.
  package var readHeaderTimeout = TimeSpan.seconds(10)
  /// From the first byte of a request to the last.
  package var readTimeout = TimeSpan.seconds(30)
  /// How long the client may take for each 64 KiB of an answer.
  package var writeTimeout = TimeSpan.seconds(30)
  /// Between two requests.
  package var idleTimeout = TimeSpan.minutes(5)
  /// With all places taken the connection that has been idle longest makes room; where none is idle the new one is closed.
  package var maxConnections = 16_384
  /// Bytes of unfinished requests and unsent answers, over all connections.
  package var maxBufferedBytes = 512 << 20
  package var minWorkers = max(4, 2 * sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  /// Handlers may block, so this is how many requests can wait for the disk at the same time.
  package var maxWorkers = 256
  /// Streamed answers, each of which has a thread.
  package var maxStreams = 128
  /// Requests under way in one HTTP/2 connection.
  package var maxConcurrentHTTP2Streams = 100

  package init() {}
}
