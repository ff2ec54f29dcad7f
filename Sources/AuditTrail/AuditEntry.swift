internal import Primitives

/// One entry for one device. Who asks and what was asked are objects that were written before, the same for both entries of a request.
struct AuditEntry {
  let kind: StaticString
  let time: Timestamp
  let error: String
  /// Empty for nobody.
  let auth: [UInt8]
  let request: [UInt8]
  var response: AuditResponse?
  /// The request was for a list.
  var isList = false

  /// About as much room as it takes.
  var roughBytes: Int { 768 &+ auth.count &+ request.count &+ (response?.data?.bytes.count ?? 0) }
}
