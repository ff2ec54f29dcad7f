internal import Glibc

/// What clients may take from the server.
package struct ServerLimits: Sendable {
  /// Request line and header fields together.
  package var headerBytes = 64 << 10
  package var headerCount = 200
  /// Of listeners that have none of their own.
  package var timeouts = ClientTimeouts()
  /// With all places taken the connection that has been idle longest makes room; where none is idle the new one is closed.
  package var maxConnections = 16_384
  /// Bytes of unfinished requests and unsent answers, over all connections.
  package var maxBufferedBytes = 512 << 20
  /// Threads that carry workers. One for each processor: more would be in one another's way.
  package var carriers = max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  /// Fibers that serve requests, over all carriers: how many requests can wait for the disk at the same time.
  package var maxWorkers = 256
  /// Streamed answers, each of which has a thread.
  package var maxStreams = 128
  /// Requests under way in one HTTP/2 connection.
  package var maxConcurrentHTTP2Streams = 100

  package init() {}
}
