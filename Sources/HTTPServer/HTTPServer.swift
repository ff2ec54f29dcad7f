package import Primitives

/// Serves HTTP/1.1 and HTTP/2, with and without TLS, from a pool of threads over one epoll instance.
package final class HTTPServer: Sendable {
  /// Opens the listeners and reads the certificates; clients are served from `start()` on.
  package init(
    listeners: [ListenerSettings], limits: ServerLimits = ServerLimits(), handler: any HTTPHandler,
    log: HTTPServerLog? = nil, clock: WallClock = .system
  ) throws(HTTPServerError) {
  }

  /// The TCP port of each listener, nil for a unix socket.
  package var boundPorts: [Int?] { [] }

  package var statistics: ServerStatistics { ServerStatistics() }

  package func start() throws(HTTPServerError) {}

  /// Reads certificates, keys and client CAs again for connections to come. On an error the listener keeps what it had.
  package func reloadCertificates() throws(HTTPServerError) {}

  /// Stops accepting, closes idle connections, lets requests under way finish for at most `grace`, then cuts off the rest.
  package func stop(grace: TimeSpan) {}
}
