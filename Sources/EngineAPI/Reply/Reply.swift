package import JSONText
package import Primitives
package import StorageAPI

/// What an engine answers. The kernel adds the envelope, leases, tokens, wrapping and audit.
package struct Reply: Sendable {
  package enum Content: Sendable {
    /// Nothing: 204 after a write or delete, 404 after a read or list.
    case none
    /// The envelope's `data`, a JSON object (or null).
    case data(JSONText)
    /// A login that succeeded; the kernel makes the token. Only routes with `.login` may answer this.
    case login(LoginGrant)
    /// A login that the kernel held until its second factor was there; the kernel makes its token now. Only the kernel's
    /// own engines can have one.
    case resumed(any HeldLogin)
    /// A token that the kernel made or prolonged. Only the kernel's own engines can have one.
    case auth(any AuthAnswer)
    /// A whole envelope, stored earlier, sent as it is (unwrapping).
    case envelope(JSONText)
    /// A JSON body without envelope.
    case plain(JSONText)
    /// Any other body.
    case raw(contentType: String, [UInt8])
    /// Bytes that are made while they are sent; ends when the closure returns or the client goes.
    case stream(contentType: String, @Sendable (_ send: ([UInt8]) throws -> Void) throws -> Void)
  }

  package var content: Content
  package var warnings: [String] = []
  /// Set where the answer's status is not what the content implies.
  package var status: Int?
  /// Set where the answer is a secret with a life span: the kernel makes the lease and fills the envelope's members.
  package var lease: LeaseRequest?
  /// The envelope's `lease_id` and `renewable` where the answer is about a lease that is there already. Only the
  /// kernel's own engines set these.
  package var leaseID = ""
  package var isRenewable = false
  /// `lease_duration` for answers that make no lease but name one; seconds.
  package var leaseDuration: Int64 = 0
  package var headers: [(name: String, value: String)] = []
  /// The accessor that goes with a wrapped answer beside `auth`, such as that of a SecretID.
  package var wrappedAccessor: String = ""

  package init(_ content: Content, warnings: [String] = [], status: Int? = nil) {
    self.content = content
    self.warnings = warnings
    self.status = status
  }

  package static var none: Reply { Reply(.none) }
  package static func data(_ object: JSONObject, warnings: [String] = []) -> Reply {
    Reply(.data(JSONText(object)), warnings: warnings)
  }
  package static func data(_ text: JSONText, warnings: [String] = []) -> Reply {
    Reply(.data(text), warnings: warnings)
  }

  /// `data.keys`; an empty list is "not found", as clients expect.
  package static func keys(_ names: [String]) -> Reply {
    if names.isEmpty { return .none }
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("keys")
    writer.strings(names)
    writer.endObject()
    return Reply(.data(JSONText(trusted: writer.bytes)))
  }

  /// `data.keys` with `data.key_info` beside it.
  package static func keys(_ names: [String], info: JSONObject) -> Reply {
    names.isEmpty ? .none : .data(["keys": .strings(names), "key_info": .object(info)])
  }

  /// Only warnings: an envelope with `data: null`.
  package static func warning(_ text: String, status: Int? = nil) -> Reply {
    Reply(.data(.null), warnings: [text], status: status)
  }
}

/// A secret that must be given back: what the kernel needs to renew and revoke it later.
package struct LeaseRequest: Sendable, Equatable {
  /// The engine's name for this kind of secret, by which it is asked to renew and revoke.
  package var kind: String
  /// What the engine needs to find the secret again; kept sealed, never sent.
  package var internalData: JSONObject
  /// How long the secret is to live from now on, as the engine's own settings or the client have it; zero for the
  /// mount's default. The kernel keeps it within the limits.
  package var ttl: TimeSpan
  /// The longest life that the engine allows, from `issued` on; zero leaves that to the mount.
  package var maxTTL: TimeSpan
  package var renewable: Bool
  /// When the secret was made. The kernel sets it where it asks for a renewal or revocation.
  package var issued: Timestamp?
  /// Writes to the engine's storage, made absolute, that are committed together with the lease: so a record that says that
  /// a secret is being made goes in the moment in which the lease knows of the secret. Where a precondition does not
  /// hold there is no lease, and the engine is asked to revoke.
  package var settling = WriteBatch()

  package init(kind: String, internalData: JSONObject, ttl: TimeSpan, maxTTL: TimeSpan, renewable: Bool) {
    self.kind = kind
    self.internalData = internalData
    self.ttl = ttl
    self.maxTTL = maxTTL
    self.renewable = renewable
  }
}

/// What stands in an envelope's `auth`. Who hands it on need not know what it is.
package protocol AuthAnswer: Sendable {
  var authObject: JSONText { get }
}

/// A login that the kernel keeps on the way to its token. Others see only that there is one.
package protocol HeldLogin: Sendable {}

/// What an auth method vouches for. The kernel makes the entity and the token.
package struct LoginGrant: Sendable, Equatable {
  /// The name by which this method knows who logged in, for the entity's alias; empty for none.
  package var aliasName: String
  package var aliasMetadata: [String: String] = [:]
  package var displayName: String
  package var policies: [String]
  package var noDefaultPolicy = false
  package var metadata: [String: String] = [:]
  package var ttl: TimeSpan = .zero
  package var maxTTL: TimeSpan = .zero
  package var explicitMaxTTL: TimeSpan = .zero
  package var period: TimeSpan = .zero
  package var numberOfUses: Int64 = 0
  package var boundCIDRs: [String] = []
  /// Nil leaves the choice to the mount.
  package var tokenType: TokenType?
  package var renewable = true
  package var groupAliases: [String] = []
  /// The role that let the login in, by which quotas know it; nil where that is the one that the request names.
  package var role: String?
  /// What the method wants back when the token is renewed.
  package var internalData: JSONObject = [:]

  package init(aliasName: String, displayName: String, policies: [String]) {
    self.aliasName = aliasName
    self.displayName = displayName
    self.policies = policies
  }
}
