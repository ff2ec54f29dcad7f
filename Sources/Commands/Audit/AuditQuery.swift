internal import Primitives

/// What entries are looked for. All that is asked must hold.
struct AuditQuery {
  var path: PathGlob?
  var type = ""
  var operation = ""
  var entityID = ""
  var requestID = ""
  /// In the clear and as the device writes it.
  var accessors: [String] = []
  /// The value's HMAC and, for devices that hash nothing, the value.
  var values: [String] = []
  var addresses: AddressBlock?
  var since: Timestamp?
  var until: Timestamp?
  var isDenied = false

  func matches(_ entry: AuditEntry) -> Bool {
    if isDenied, !entry.isDenied { return false }
    if !type.isEmpty, entry.type != type { return false }
    if !operation.isEmpty, entry.operation != operation { return false }
    if !entityID.isEmpty, entry.entityID != entityID { return false }
    if !requestID.isEmpty, entry.requestID != requestID { return false }
    if let path, !path.matches(entry.path) { return false }
    if let addresses, !addresses.contains(entry.remoteAddress) { return false }
    if since != nil || until != nil {
      guard let time = entry.time else { return false }
      if let since, time < since { return false }
      if let until, time >= until { return false }
    }
    if !accessors.isEmpty, !entry.accessors.contains(where: { accessors.contains($0) }) { return false }
    return values.isEmpty || values.contains { entry.holds($0) }
  }
}
