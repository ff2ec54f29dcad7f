package import EngineAPI
package import JSONText
package import Primitives

/// What is known about a live token, all but its text.
package struct TokenEntry: Sendable, Equatable {
  /// The token that this one ends with. The accessor tells it from a later token of the same id.
  package struct Parent: Sendable, Equatable {
    package var key: String
    package var accessor: String

    package init(key: String, accessor: String) {
      self.key = key
      self.accessor = accessor
    }
  }

  /// A digest of the token's text, by which it is stored; empty for batch tokens, which are not.
  package var key: String
  /// Empty for batch tokens.
  package var accessor: String
  package var displayName: String
  /// The token's own policies, sorted; those of its entity are not among them.
  package var policies: [String]
  /// Nil where none was given, which clients see as null.
  package var metadata: [String: String]?
  package var entityID: String
  package var type: TokenType
  /// The length of life granted last; zero for a token without end.
  package var ttl: TimeSpan
  package var creationTTL: TimeSpan
  package var explicitMaxTTL: TimeSpan
  /// Zero for a token that is not periodic.
  package var period: TimeSpan
  package var creationTime: Timestamp
  package var lastRenewal: Timestamp?
  /// Nil for a token without end.
  package var expireTime: Timestamp?
  /// Uses that are left; 0 for any number, -1 where the last one is being made.
  package var numberOfUses: Int64
  /// The number of uses that the token was made with.
  package var grantedUses: Int64
  /// Nil for an orphan.
  package var parent: Parent?
  /// The API path that made the token, such as `auth/token/create`.
  package var path: String
  package var renewable: Bool
  package var boundCIDRs: [String]
  /// The token role that it was made by; empty for none.
  package var role: String
  /// The role of an auth method that the login asked for; empty where there is none.
  package var loginRole = ""
  /// The folder of its cubbyhole; empty for batch tokens.
  package var cubbyholeID: String
  /// The longest life that the auth method allows; zero for no such limit.
  package var methodMaxTTL: TimeSpan
  /// What the auth method wants back when the token is renewed.
  package var methodData: JSONObject
  /// The identity that usage is counted by.
  package var clientID: String
  /// True once a lease was made that ends with the token.
  package var holdsLeases: Bool

  package init(type: TokenType, path: String, policies: [String], creationTime: Timestamp) {
    key = ""
    accessor = ""
    displayName = ""
    self.policies = policies
    entityID = ""
    self.type = type
    ttl = .zero
    creationTTL = .zero
    explicitMaxTTL = .zero
    period = .zero
    self.creationTime = creationTime
    numberOfUses = 0
    grantedUses = 0
    self.path = path
    renewable = false
    boundCIDRs = []
    role = ""
    cubbyholeID = ""
    methodMaxTTL = .zero
    methodData = [:]
    clientID = ""
    holdsLeases = false
  }

  package var orphan: Bool { parent == nil }
  package var isRoot: Bool { policies.contains("root") }
  /// The same moment as `creationTime`: renewals do not issue a token anew.
  package var issueTime: Timestamp { creationTime }
  /// True for a token whose one purpose is to be unwrapped.
  package var isWrapping: Bool { policies == [TokenEntry.wrappingPolicy] }

  package static let wrappingPolicy = "response-wrapping"
  /// The path of root tokens that no request made, which have no lease.
  package static let rootPath = "auth/token/root"

  /// True until it ends by time; says nothing of its uses or its parent.
  package func lives(_ now: Timestamp) -> Bool { expireTime.map { now < $0 } ?? true }

  /// True where the token may be used from that address.
  package func allows(remoteAddress: String) -> Bool {
    boundCIDRs.isEmpty || boundCIDRs.contains { AddressBlock($0)?.contains(remoteAddress) ?? false }
  }
}
