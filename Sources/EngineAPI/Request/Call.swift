package import JSONText
package import Primitives

/// What the kernel keeps with a call for its own engines. Others see only that there is something.
package protocol CallOrigin: Sendable {}

/// One authorised request as an engine sees it.
package final class Call: Sendable {
  /// A UUID, the `request_id` of the answer.
  package let id: String
  package let operation: Operation
  /// Where the engine is mounted, such as `secret/` or `auth/userpass/`.
  package let mountPoint: String
  /// The path below the mount, decoded, without a leading slash.
  package let path: String
  /// What the route's pattern captured, by name.
  package let captures: [String: String]
  /// The body's members, or those of the form or query.
  package let fields: JSONObject
  /// The whole body as it came, for routes with `.rawBody`.
  package let rawBody: [UInt8]
  /// Request headers that the mount lets through, names in lower case.
  package let headers: [String: [String]]
  package let remoteAddress: String
  /// When the request came in; the only clock an engine needs for it.
  package let now: Timestamp
  /// Nil on unauthenticated routes called without a valid token.
  package let principal: Principal?
  /// How long a wrapping token for the answer is to live; nil where no wrapping was asked for.
  package let wrapTTL: TimeSpan?
  /// What a selector such as `identity.entity.name` stands for of the caller's entity as it is now, in the notation of
  /// templates in policies; nil where it stands for nothing, always for a caller without an entity. The value is
  /// somebody's own choice: where `*`, `,` or the like have a meaning, it must not get one.
  package let identity: @Sendable (_ selector: String) -> String?
  package let origin: any CallOrigin

  package init(
    id: String, operation: Operation, mountPoint: String, path: String, captures: [String: String], fields: JSONObject,
    rawBody: [UInt8], headers: [String: [String]], remoteAddress: String, now: Timestamp, principal: Principal?,
    wrapTTL: TimeSpan?, identity: @escaping @Sendable (_ selector: String) -> String? = { _ in nil },
    origin: any CallOrigin
  ) {
    self.id = id
    self.operation = operation
    self.mountPoint = mountPoint
    self.path = path
    self.captures = captures
    self.fields = fields
    self.rawBody = rawBody
    self.headers = headers
    self.remoteAddress = remoteAddress
    self.now = now
    self.principal = principal
    self.wrapTTL = wrapTTL
    self.identity = identity
    self.origin = origin
  }

  /// What the pattern captured under that name; empty where an optional part was not there.
  package func capture(_ name: String) -> String { captures[name] ?? "" }

  /// The field's value, read as leniently as clients expect; nil where the request does not have it.
  /// - Throws: an `EngineError` with status 400 that names the field, where the value cannot be read as the field's kind.
  package subscript<Value>(_ field: Field<Value>) -> Value? {
    get throws(EngineError) {
      if let text = captures[field.name] { return try field.decode(.string(text)) }
      guard let raw = fields[field.name] else { return nil }
      return try field.decode(raw)
    }
  }

  /// True where the request has the field, whatever its value.
  package func has<Value>(_ field: Field<Value>) -> Bool { captures[field.name] != nil || fields[field.name] != nil }
}
