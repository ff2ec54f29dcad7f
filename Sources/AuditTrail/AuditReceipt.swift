internal import Primitives

/// What was recorded about a request, to be handed back with its answer.
package final class AuditReceipt: Sendable {
  struct Part: Sendable {
    let device: AuditDeviceHandle
    let auth: [UInt8]
    let request: [UInt8]
    /// Texts of the request that the device has hashed.
    let known: [HashedText]

    /// - Parameter error: why the request is not carried out; empty where it is.
    func requestEntry(at time: Timestamp, error: String) -> AuditEntry {
      AuditEntry(kind: "request", time: time, error: error, auth: auth, request: request)
    }
  }

  /// What the request's entry says beside its parts, while no device has it yet.
  struct Pending: Sendable {
    let time: Timestamp
    let error: String
  }

  let request: AuditRequest
  let caller: AuditCaller?
  let parts: [Part]
  let pending: Pending?
  /// How long the request waited for devices already.
  let spent: TimeSpan

  init(
    request: AuditRequest, caller: AuditCaller?, parts: [Part], pending: Pending? = nil, spent: TimeSpan = .zero
  ) {
    self.request = request
    self.caller = caller
    self.parts = parts
    self.pending = pending
    self.spent = spent
  }
}
