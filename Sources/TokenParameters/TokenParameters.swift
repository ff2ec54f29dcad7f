package import EngineAPI
package import Primitives

/// What a role, user or the like says about the tokens of its logins: the `token_…` fields that all auth methods share.
package struct TokenParameters: Sendable, Equatable {
  /// `token_type`: what it wants, or the mount's own choice.
  package enum Kind: String, Sendable {
    case standard = "default"
    case service, batch
    case defaultService = "default-service"
    case defaultBatch = "default-batch"
  }

  package var policies: [String] = []
  package var ttl = TimeSpan.zero
  package var maxTTL = TimeSpan.zero
  package var explicitMaxTTL = TimeSpan.zero
  package var period = TimeSpan.zero
  package var numberOfUses: Int64 = 0
  package var noDefaultPolicy = false
  /// Where logins may come from and tokens be used; anywhere where there is none.
  package var boundCIDRs: [AddressBlock] = []
  package var kind = Kind.standard
  package var aliasMetadata: [String: String] = [:]
  /// Names of an older API by which values were given; they are shown under these names, too.
  package var oldNames: OldNames = []

  package init() {}

  /// Whether a login from this address, an address without port, is allowed.
  package func admits(_ remoteAddress: String) -> Bool {
    boundCIDRs.isEmpty || boundCIDRs.contains { $0.contains(remoteAddress) }
  }

  /// Says all of this about the token of a login.
  package func fill(_ grant: inout LoginGrant) {
    grant.policies = policies
    grant.noDefaultPolicy = noDefaultPolicy
    setTimes(of: &grant)
    grant.numberOfUses = numberOfUses
    grant.boundCIDRs = boundCIDRs.map(\.description)
    grant.aliasMetadata.merge(aliasMetadata) { _, given in given }
    switch kind {
    case .standard: grant.tokenType = nil
    case .service, .defaultService: grant.tokenType = .service
    case .batch, .defaultBatch: grant.tokenType = .batch
    }
  }

  /// What holds of a login whose token is renewed: the times of today.
  /// - Throws: where the policies are not those of the login any more.
  package func renew(_ login: LoginGrant) throws(EngineError) -> LoginGrant {
    // The token's list has `default` where it was added, and is sorted; names have no case.
    func plain(_ names: [String]) -> Set<String> { Set(names.map { $0.lowercased() }).subtracting(["default", ""]) }
    guard plain(policies) == plain(login.policies) else {
      throw .invalid("policies have changed, not renewing")
    }
    var renewed = login
    setTimes(of: &renewed)
    return renewed
  }

  private func setTimes(of grant: inout LoginGrant) {
    grant.ttl = ttl
    grant.maxTTL = maxTTL
    grant.explicitMaxTTL = explicitMaxTTL
    grant.period = period
  }
}

extension TokenParameters {
  /// Names that came before the `token_…` ones.
  package struct OldNames: OptionSet, Sendable, Hashable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let policies = OldNames(rawValue: 1 << 0)
    package static let ttl = OldNames(rawValue: 1 << 1)
    package static let maxTTL = OldNames(rawValue: 1 << 2)
    package static let period = OldNames(rawValue: 1 << 3)
    package static let numberOfUses = OldNames(rawValue: 1 << 4)
    package static let boundCIDRs = OldNames(rawValue: 1 << 5)
  }
}
