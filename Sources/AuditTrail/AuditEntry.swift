internal import Primitives

/// One entry for one device.
struct AuditEntry {
  let kind: StaticString
  let time: Timestamp
  let error: String
  let part: AuditReceipt.Part
  var response: AuditResponse?
  /// The request was for a list.
  var isList = false

  /// About as much room as it takes.
  var roughBytes: Int { 768 &+ part.auth.count &+ part.request.count &+ (response?.data?.bytes.count ?? 0) }
}
