internal import Primitives

/// What was recorded about a request, to be handed back with its answer.
package final class AuditReceipt: Sendable {
  /// What one device writes of the request in both of its entries.
  final class Part: Sendable {
    let device: AuditDeviceHandle
    /// Who asks and what was asked, as objects that are written as they are. Empty for nobody.
    let auth: [UInt8]
    let request: [UInt8]
    /// Texts of the request that the device has hashed.
    let known: [HashedText]

    init(device: AuditDeviceHandle, auth: [UInt8], request: [UInt8], known: [HashedText]) {
      self.device = device
      self.auth = auth
      self.request = request
      self.known = known
    }

    /// The same with somebody else who asks.
    func by(_ caller: AuditCaller) -> Part {
      Part(device: device, auth: caller.written(for: device).json, request: request, known: known)
    }

    /// - Parameter error: why the request is not carried out; empty where it is.
    func requestEntry(at time: Timestamp, error: String) -> AuditEntry {
      AuditEntry(kind: "request", time: time, error: error, part: self)
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
