/// What a server does with requests. Calls come from fibers of several carriers at once; they may wait for a `Latch`, and do in `Blocking.run` what else may
/// take long.
package protocol HTTPHandler: Sendable {
  func handle(_ request: HTTPRequest) -> HTTPResponse

  /// The answer to a request that was refused before it was whole. Must be a `.bytes` body; the connection closes after it.
  func failure(_ failure: HTTPFailure, listener: Int) -> HTTPResponse
}

/// Why a request was refused before the handler saw it.
package enum HTTPFailure: Error, Sendable, Equatable {
  /// Not HTTP, or HTTP that two readers could take for two different requests.
  case badRequest(String)
  case bodyTooLarge
  case headersTooLarge
  /// The client took too long to send the request.
  case timeout
  /// A transfer coding other than `chunked`.
  case notImplemented
  case unsupportedVersion
  /// The server holds as many unfinished requests or streams as it may.
  case overloaded

  package var status: Int {
    switch self {
    case .badRequest: 400
    case .bodyTooLarge: 413
    case .headersTooLarge: 431
    case .timeout: 408
    case .notImplemented: 501
    case .unsupportedVersion: 505
    case .overloaded: 503
    }
  }
}
