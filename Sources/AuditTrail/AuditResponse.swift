package import JSONText
package import Primitives

/// What an entry tells about an answer. Empty members are left out of the entry.
///
/// A class, because it is handed on much and has many members.
package final class AuditResponse {
  package struct WrapInfo: Sendable {
    package var token: String
    package var accessor: String
    package var ttl: TimeSpan
    package var creationTime: Timestamp
    package var creationPath: String
    package var wrappedAccessor: String

    package init(
      token: String, accessor: String, ttl: TimeSpan, creationTime: Timestamp, creationPath: String,
      wrappedAccessor: String = ""
    ) {
      self.token = token
      self.accessor = accessor
      self.ttl = ttl
      self.creationTime = creationTime
      self.creationPath = creationPath
      self.wrappedAccessor = wrappedAccessor
    }
  }

  package var mount: AuditMount?
  /// A JSON object, whose texts are hashed; nil for an answer without data, and for one that was wrapped.
  package var data: JSONText?
  /// The token that the answer hands out.
  package var auth: AuditAuth?
  package var leaseID = ""
  package var wrapInfo: WrapInfo?
  package var redirect = ""
  package var warnings: [String] = []
  package var headers: [(name: String, value: String)] = []

  package init(mount: AuditMount?) { self.mount = mount }
}
