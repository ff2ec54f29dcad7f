import JSONText
package import Primitives

/// What somebody was granted when they were sent back to a client with a code (RFC 6749, section 4.1).
package struct AuthorizationGrant: Sendable, Equatable {
  package var provider: String
  package var clientID: String
  package var entityID: String
  package var redirectURI: String
  package var nonce: String
  /// Without `openid`.
  package var scopes: [String]
  package var challenge: CodeChallenge?
  /// When the person logged in; nil where the client did not ask.
  package var authenticated: Timestamp?

  package init(
    provider: String, clientID: String, entityID: String, redirectURI: String, nonce: String, scopes: [String],
    challenge: CodeChallenge?, authenticated: Timestamp?
  ) {
    self.provider = provider
    self.clientID = clientID
    self.entityID = entityID
    self.redirectURI = redirectURI
    self.nonce = nonce
    self.scopes = scopes
    self.challenge = challenge
    self.authenticated = authenticated
  }
}

/// Codes that have not been exchanged yet. They live five minutes, work once, and are kept in memory only: whoever holds
/// one after a restart begins anew.
package struct AuthorizationCodes: Sendable {
  package static let life = TimeSpan.minutes(5)
  /// Of all people together, so that memory has a bound.
  package static let most = 20_000

  /// Of one entity, so that nobody uses up what is there for all.
  package static let mostOfOne = 100

  private var grants: [String: AuthorizationGrant] = [:]
  private var counts: [String: Int] = [:]
  private var ends = ExpiryQueue()

  package init() {}

  package var count: Int { grants.count }

  /// False where there are too many already.
  package mutating func add(_ code: String, _ grant: AuthorizationGrant, now: Timestamp) -> Bool {
    for old in ends.takeDue(now, limit: 1000) { _ = remove(old) }
    guard grants.count < Self.most, counts[grant.entityID, default: 0] < Self.mostOfOne else { return false }
    grants[code] = grant
    counts[grant.entityID, default: 0] += 1
    ends.schedule(code, at: now + Self.life)
    return true
  }

  /// The grant behind the code, which is gone from then on, whatever becomes of the exchange.
  package mutating func take(_ code: String, now: Timestamp) -> AuthorizationGrant? {
    guard let end = ends.time(of: code), let grant = remove(code) else { return nil }
    ends.cancel(code)
    return now < end ? grant : nil
  }

  private mutating func remove(_ code: String) -> AuthorizationGrant? {
    guard let grant = grants.removeValue(forKey: code) else { return nil }
    let left = counts[grant.entityID, default: 0] - 1
    counts[grant.entityID] = left > 0 ? left : nil
    return grant
  }
}
