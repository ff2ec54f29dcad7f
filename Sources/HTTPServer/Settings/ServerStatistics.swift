/// What a server is doing and has done, at one moment.
package struct ServerStatistics: Sendable, Equatable {
  package var openConnections = 0
  package var acceptedConnections: UInt64 = 0
  /// Connections closed at once because every place was taken.
  package var refusedConnections: UInt64 = 0
  /// Requests given to the handler.
  package var requests: UInt64 = 0
  /// Requests answered by `HTTPHandler.failure`.
  package var failures: UInt64 = 0
  /// Fibers that serve requests, and those of them that do so now.
  package var workers = 0
  package var busyWorkers = 0
  /// Streamed answers under way.
  package var streams = 0
  /// Bytes of unfinished requests and unsent answers.
  package var bufferedBytes = 0

  package init() {}
}
