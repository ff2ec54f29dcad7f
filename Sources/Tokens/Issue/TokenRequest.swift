package import EngineAPI
package import Primitives

/// What somebody asks for who makes a token from their own.
package struct TokenRequest: Sendable, Equatable {
  /// The text of the token; nil lets the server choose.
  package var id: String?
  /// Empty for those of the parent.
  package var policies: [String] = []
  package var metadata: [String: String]?
  package var noParent = false
  package var noDefaultPolicy = false
  package var renewable = true
  /// May be negative, as clients may write it; so the other times.
  package var ttl: TimeSpan = .zero
  package var explicitMaxTTL: TimeSpan = .zero
  package var period: TimeSpan = .zero
  package var displayName = ""
  package var numberOfUses: Int64 = 0
  /// `service`, `batch` or empty, as it was written.
  package var type = ""
  package var entityAlias = ""
  /// The API path that is used, such as `auth/token/create`.
  package var path: String
  /// True for the path that makes orphans of everything.
  package var isOrphanPath = false

  package init(path: String) { self.path = path }
}

/// An entity that a token is to stand for, and the policies that it adds.
package struct AliasedEntity: Sendable, Equatable {
  package var id: String
  package var policies: [String]

  package init(id: String, policies: [String]) {
    self.id = id
    self.policies = policies
  }
}

/// What the caller may do and what the mount allows, where a token is made.
package struct TokenCircumstances: Sendable {
  /// The caller has `sudo` on the path, or is root.
  package var hasSudo: Bool
  package var defaultTTL: TimeSpan
  package var maxTTL: TimeSpan
  package var policyExists: @Sendable (String) -> Bool
  /// The entity that an alias of the token method stands for, made where there is none; nil where nobody knows
  /// entities.
  package var entity: (@Sendable (_ alias: String) throws -> AliasedEntity)?

  package init(
    hasSudo: Bool, defaultTTL: TimeSpan, maxTTL: TimeSpan, policyExists: @escaping @Sendable (String) -> Bool,
    entity: (@Sendable (_ alias: String) throws -> AliasedEntity)? = nil
  ) {
    self.entity = entity
    self.hasSudo = hasSudo
    self.defaultTTL = defaultTTL
    self.maxTTL = maxTTL
    self.policyExists = policyExists
  }
}

/// The token that a request leads to, before it has a text and a place in storage.
package struct TokenDraft: Sendable, Equatable {
  package var entry: TokenEntry
  package var isOrphan: Bool
  package var warnings: [String]
}

extension TokenRequest {
  /// The rules by which tokens are made from tokens, those of a role among them.
  /// - Throws: what the client did wrong, in the words that clients know.
  package func draft(
    parent: TokenEntry, role: TokenRole? = nil, under circumstances: TokenCircumstances, now: Timestamp
  ) throws(EngineError) -> TokenDraft {
    if parent.type == .batch { throw .invalid("batch tokens cannot create more tokens") }
    if parent.numberOfUses != 0 { throw .invalid("restricted use token cannot generate child tokens") }
    if !entityAlias.isEmpty {
      guard let role else { throw .invalid("'entity_alias' is only allowed in combination with token role") }
      guard role.allows(entityAlias: entityAlias) else { throw .invalid("invalid 'entity_alias' value") }
    }

    let type = try tokenType(role)
    var warnings = try checkID(circumstances)
    let policies = try allowedPolicies(parent: parent, role: role, circumstances)
    if type == .batch && policies.contains("root") { throw .invalid("batch tokens cannot be root tokens") }
    if role == nil && noParent && !isOrphanPath && !circumstances.hasSudo {
      throw .invalid("root or sudo privileges required to create orphan token")
    }

    if explicitMaxTTL < .zero { throw .invalid("explicit_max_ttl must be positive") }
    if period < .zero { throw .invalid("period must be positive") }
    if period > .zero && !circumstances.hasSudo {
      throw .invalid("root or sudo privileges required to create periodic token")
    }
    if ttl < .zero { throw .invalid("ttl must be positive") }

    var entry = TokenEntry(type: type, path: role?.tokenPath ?? path, policies: policies, creationTime: now)
    entry.displayName = Self.displayName(displayName)
    entry.metadata = metadata
    entry.entityID = parent.entityID
    entry.explicitMaxTTL = explicitMaxTTL
    entry.period = period
    entry.grantedUses = numberOfUses
    entry.renewable = renewable && type == .service
    if let role {
      entry.role = role.name
      if !role.renewable { entry.renewable = false }
      if role.numberOfUses > 0, numberOfUses == 0 || role.numberOfUses < numberOfUses {
        entry.grantedUses = role.numberOfUses
      }
      entry.boundCIDRs = role.boundCIDRs.value
    }
    // Nobody counts the uses of what is not stored.
    entry.numberOfUses = type == .service ? entry.grantedUses : 0

    warnings += try limitLife(&entry, parent: parent, role: role, circumstances)
    warnings += policies.filter { $0 != "root" && !circumstances.policyExists($0) }.map {
      "Policy \"\($0)\" does not exist"
    }
    let isOrphan = role.map(\.orphan) ?? (isOrphanPath || noParent)
    return TokenDraft(entry: entry, isOrphan: isOrphan, warnings: warnings)
  }

  private func tokenType(_ role: TokenRole?) throws(EngineError) -> TokenType {
    let wanted =
      switch role?.kind {
      case .service: "service"
      case .batch: "batch"
      case .defaultBatch: type.isEmpty ? "batch" : type
      case .defaultService, nil: type
      }
    switch wanted {
    case "", "service":
      if numberOfUses < 0 { throw .invalid("number of uses cannot be negative") }
      return .service
    case "batch":
      if explicitMaxTTL != .zero { throw .invalid("batch tokens cannot have \"explicit_max_ttl\" set") }
      if numberOfUses != 0 { throw .invalid("batch tokens cannot have \"num_uses\" set") }
      if period != .zero { throw .invalid("batch tokens cannot have \"period\" set") }
      return .batch
    default: throw .invalid("invalid 'token_type' value")
    }
  }

  private func checkID(_ circumstances: TokenCircumstances) throws(EngineError) -> [String] {
    guard let id, !id.isEmpty else { return [] }
    if !circumstances.hasSudo { throw .invalid("root or sudo privileges required to specify token id") }
    for prefix in Self.reservedPrefixes where id.hasPrefix(prefix) {
      throw .invalid("custom token ID cannot have the '\(prefix)' prefix")
    }
    if id.utf8.contains(UInt8(ascii: ".")) { throw .invalid("custom token ID cannot have a '.' in the value") }
    return ["A token with an id of the caller's choice is only as hard to guess as that id"]
  }

  private static let reservedPrefixes = ["hvs.", "hvb.", "hvr.", "s.", "b.", "r."]

  private func allowedPolicies(
    parent: TokenEntry, role: TokenRole?, _ circumstances: TokenCircumstances
  ) throws(EngineError) -> [String] {
    let isWithoutDefault = noDefaultPolicy || role?.noDefaultPolicy == true
    let parentsHave = Set(parent.policies.map(PolicyNames.normalized))
    var given = PolicyNames.normalized(policies, addingDefault: false)
    let all: [String]
    if let role, role.hasPolicyLists {
      all = try role.policies(requested: policies, withoutDefault: isWithoutDefault, parent: parent.policies)
    } else {
      if policies.isEmpty {
        let wanted = isWithoutDefault ? parent.policies.filter { $0 != "default" } : parent.policies
        given = PolicyNames.normalized(wanted, addingDefault: false)
      }
      if !circumstances.hasSudo && !parentsHave.isSuperset(of: given) {
        throw .invalid("child policies must be subset of parent")
      }
      let names = isWithoutDefault ? given.filter { $0 != "default" } : given
      let addsDefault = !isWithoutDefault && (circumstances.hasSudo || parentsHave.contains("default"))
      all = PolicyNames.normalized(names, addingDefault: addsDefault)
    }
    if all.contains("root") && !parentsHave.contains("root") {
      throw .invalid("root tokens may not be created without parent token being root")
    }
    for name in all where PolicyNames.unassignable.contains(name) { throw .invalid("cannot assign policy \"\(name)\"") }
    if all.isEmpty && given.isEmpty { throw .invalid("token must have at least one policy") }
    return all
  }

  private func limitLife(
    _ entry: inout TokenEntry, parent: TokenEntry, role: TokenRole?, _ circumstances: TokenCircumstances
  ) throws(EngineError) -> [String] {
    var warnings: [String] = []
    let terms = RenewalTerms(of: entry, role: entry.type == .batch ? nil : role)
    let (explicitMaxTTL, period) = (terms.explicitMaxTTL, terms.period)
    if let role, entry.type == .service {
      if entry.explicitMaxTTL > .zero && role.explicitMaxTTL.value > .zero {
        warnings.append(
          "Explicit max TTL specified both during creation call and in role; using the lesser value of "
            + "\(explicitMaxTTL.seconds) seconds")
      }
      if entry.period > .zero && role.period.value > .zero {
        warnings.append(
          "Period specified both during creation call and in role; using the lesser value of \(period.seconds) seconds")
      }
    }
    // Only root tokens may be without end, and only where none was asked for.
    if ttl > .zero || period > .zero || !entry.isRoot {
      var limits = LifeSpan.Limits(defaultTTL: circumstances.defaultTTL, maxTTL: circumstances.maxTTL)
      limits.explicitMaxTTL = explicitMaxTTL
      limits.period = period
      guard let life = LifeSpan.granted(ttl, within: limits, age: .zero) else {
        throw .invalid("no time to live is left")
      }
      entry.ttl = life.ttl
      warnings += life.warnings
    } else if explicitMaxTTL > .zero {
      entry.ttl = explicitMaxTTL
    }
    if entry.ttl == .zero {
      if parent.expireTime != nil { throw .invalid("expiring root tokens cannot create non-expiring root tokens") }
      entry.renewable = false
    } else {
      entry.expireTime = entry.creationTime + entry.ttl
    }
    entry.creationTTL = entry.ttl
    return warnings
  }

  /// `token`, or `token-` with what was given, in which only letters, digits and dashes are left.
  private static func displayName(_ given: String) -> String {
    if given.isEmpty { return "token" }
    var name = "token-" + String(given.unicodeScalars.map { isPlain($0) ? Character($0) : "-" })
    if name.utf8.last == UInt8(ascii: "-") { name.removeLast() }
    return name
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-": true
    default: false
    }
  }
}
