package import JSONText

/// What a client may learn about why its request was not done: a status and texts. Everything else that is thrown becomes "internal error".
package struct EngineError: Error, Sendable, Equatable {
  package let status: Int
  /// The `errors` list of the answer; may be empty.
  package let messages: [String]
  /// A `data` member beside the errors, which few endpoints have.
  package var data: JSONText?
  /// A login with a wrong password or the like: it counts towards locking the user out.
  package var isFailedLogin = false

  package init(status: Int, messages: [String], data: JSONText? = nil) {
    self.status = status
    self.messages = messages
    self.data = data
  }

  /// 400 with that text.
  package static func invalid(_ message: String) -> EngineError { EngineError(status: 400, messages: [message]) }
  /// 400 for a login whose credentials are wrong.
  package static func failedLogin(_ message: String) -> EngineError {
    var error = invalid(message)
    error.isFailedLogin = true
    return error
  }
  /// 404 with an empty list of errors.
  package static let notFound = EngineError(status: 404, messages: [])
  package static func notFound(_ message: String) -> EngineError { EngineError(status: 404, messages: [message]) }
  /// 403 with the bare text.
  package static let denied = EngineError(status: 403, messages: ["permission denied"])
  package static func denied(_ message: String) -> EngineError { EngineError(status: 403, messages: [message]) }
  package static let unsupportedPath = list(status: 404, ["unsupported path"])
  package static let unsupportedOperation = list(status: 405, ["unsupported operation"])

  /// The form in which the original joins errors: a count, then a line each.
  package static func list(status: Int, _ messages: [String]) -> EngineError {
    let head = messages.count == 1 ? "1 error occurred:" : "\(messages.count) errors occurred:"
    return EngineError(status: status, messages: [head + "\n" + messages.map { "\t* \($0)\n" }.joined() + "\n"])
  }
}
