package import EngineAPI
package import JSONText
package import Primitives

/// The times that hold for a token today, by what it was made with and by what its role or auth method says now.
/// Zero means no such limit.
package struct RenewalTerms: Sendable, Equatable {
  /// For a renewal that names no length of time.
  package var ttl: TimeSpan
  package var methodMaxTTL: TimeSpan
  package var explicitMaxTTL: TimeSpan
  package var period: TimeSpan
  package var methodData: JSONObject

  /// The shorter times of the token and its role.
  package init(of entry: TokenEntry, role: TokenRole?) {
    ttl = entry.ttl
    methodMaxTTL = entry.methodMaxTTL
    explicitMaxTTL = Self.lesser(entry.explicitMaxTTL, role?.explicitMaxTTL.value ?? .zero)
    period = Self.lesser(entry.period, role?.period.value ?? .zero)
    methodData = entry.methodData
  }

  /// Those of a login that its method vouches for again.
  package init(of entry: TokenEntry, renewed login: LoginGrant) {
    ttl = login.ttl
    methodMaxTTL = login.maxTTL
    explicitMaxTTL = Self.lesser(entry.explicitMaxTTL, login.explicitMaxTTL)
    period = login.period
    methodData = login.internalData
  }

  /// Of two times of which zero means none.
  private static func lesser(_ a: TimeSpan, _ b: TimeSpan) -> TimeSpan {
    if a <= .zero || b <= .zero { return max(a, b) }
    return min(a, b)
  }
}

extension TokenEntry {
  /// What an auth method granted when the token was made, as it is asked whether it still does.
  package var login: LoginGrant {
    var grant = LoginGrant(aliasName: "", displayName: displayName, policies: policies)
    grant.metadata = metadata ?? [:]
    grant.ttl = ttl
    grant.maxTTL = methodMaxTTL
    grant.explicitMaxTTL = explicitMaxTTL
    grant.period = period
    grant.numberOfUses = grantedUses
    grant.boundCIDRs = boundCIDRs
    grant.tokenType = type
    grant.renewable = renewable
    grant.internalData = methodData
    return grant
  }
}
