internal import EngineAPI

/// Why a database did not do what it was asked. Texts never carry a password.
struct DatabaseError: Error, Sendable, Equatable {
  let message: String
  /// The database cannot be reached or does not answer: the same may work later.
  var isUnavailable = false
  /// The connection broke after work had begun: it may be done nevertheless.
  var isOutcomeUnknown = false
  /// The database was asked and said no: nothing has changed, and the same will not work later.
  var isRefusal = false

  init(_ message: String, isUnavailable: Bool = false, isOutcomeUnknown: Bool = false, isRefusal: Bool = false) {
    self.message = message
    self.isUnavailable = isUnavailable
    self.isOutcomeUnknown = isOutcomeUnknown
    self.isRefusal = isRefusal
  }

  func prefixed(_ prefix: String) -> DatabaseError {
    var error = DatabaseError(prefix + message, isUnavailable: isUnavailable, isOutcomeUnknown: isOutcomeUnknown)
    error.isRefusal = isRefusal
    return error
  }

  /// As the answer to a request.
  var answer: EngineError { .list(status: 500, [message]) }
  /// As the reason why a lease could not be renewed or revoked.
  var leaseFailure: EngineError { EngineError(status: isUnavailable ? 503 : 400, messages: [message]) }
}
