internal import AuditTrail
import EngineAPI
import Logging
internal import SealAPI
internal import StorageAPI

/// What a client is told when a request is not done. Whatever is not meant for clients becomes "internal error" and a line in the server's log.
package enum Failures {
  /// A valid token whose policies do not allow the request.
  static let denied = EngineError.list(status: 403, ["permission denied"])
  static let invalidToken = EngineError.list(status: 403, ["permission denied", "invalid token"])
  static let sealed = EngineError(status: 503, messages: ["Vault is sealed"])
  static let tooLate = EngineError(
    status: 503, messages: ["the request took longer than max_request_duration allows; nothing was done"])
  static let internalError = EngineError(status: 500, messages: ["internal error"])
  /// What cannot be recorded is not done, or not told.
  static let auditResponse = WireResponse.errors(500, ["internal error"])

  static func engineError(_ error: any Error, log: Logger) -> EngineError {
    switch error {
    case let error as EngineError: return error
    case let error as StoreError:
      switch error {
      case .conflict:
        return EngineError.list(status: 500, ["the same keys were changed by others at the same time; try again"])
      case .full:
        log.error("a write was refused: the storage is full")
        return EngineError.list(status: 507, ["the storage is full; nothing was written"])
      case .tooLarge: return .invalid("the key or value is larger than the storage takes")
      case .unavailable(let text): return EngineError(status: 503, messages: [text])
      case .damaged(let text):
        log.error("stored data is damaged", [("details", text)])
        return internalError
      }
    case let error as SealError:
      log.error("the seal failed", [("error", "\(error)")])
      return internalError
    default:
      log.error("a request failed", [("error", "\(type(of: error))")])
      return internalError
    }
  }

  static func response(to error: any Error, log: Logger) -> WireResponse {
    let error = engineError(error, log: log)
    return .errors(error.status, error.messages, data: error.data)
  }

  static func isInvalidRequest(_ error: any Error) -> Bool { (error as? EngineError)?.status == 400 }
  /// What the audit log says of those.
  static let invalidRequest = EngineError.list(status: 400, ["invalid request"]).messages[0]

  /// One text for the audit log, without the values of secrets.
  static func message(_ error: any Error) -> String {
    (error as? EngineError)?.messages.joined(separator: "; ") ?? "internal error"
  }
}
