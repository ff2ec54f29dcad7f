internal import Cryptography
package import EngineAPI
package import JSONText
package import Primitives
internal import StorageAPI

/// A token that was just made, and what its maker is told.
package struct IssuedToken: AuthAnswer {
  /// The token itself, which nobody else will ever know; empty where only its accessor is known.
  package var text: String
  /// The envelope's `auth`.
  package var authObject: JSONText
  package var warnings: [String]
  package var entry: TokenEntry

  package init(text: String, authObject: JSONText, warnings: [String], entry: TokenEntry) {
    self.text = text
    self.authObject = authObject
    self.warnings = warnings
    self.entry = entry
  }
}

extension TokenStore {
  /// Makes a root token without end. One with an id looks like any root token made through the API, as development
  /// servers have it.
  /// - Returns: its text.
  package func issueRoot(id: String?, now: Timestamp) throws -> String {
    let path = id == nil ? TokenEntry.rootPath : "auth/token/create"
    var entry = TokenEntry(type: .service, path: path, policies: ["root"], creationTime: now)
    entry.displayName = id == nil ? "root" : "token"
    return try issue(entry, id: id, parent: nil, identityPolicies: [], warnings: [], now: now).text
  }

  /// Makes the token that an auth method vouches for.
  ///
  /// - Parameters:
  ///   - mountPath: such as `auth/userpass/`.
  ///   - mountTokenType: the mount's `token_type`: `default-service`, `default-batch`, `service`, `batch` or empty.
  ///   - path: the API path of the login; nil stands for the mount's.
  ///   - identityPolicies: what the entity adds, for the answer only.
  ///   - loginRole: the role that the login asked for.
  package func issue(
    login: LoginGrant, mountPath: String, mountTokenType: String, defaultTTL: TimeSpan, maxTTL: TimeSpan,
    now: Timestamp,
    path: String? = nil, entityID: String = "", identityPolicies: [String] = [], loginRole: String = ""
  ) throws -> IssuedToken {
    let policies = PolicyNames.normalized(login.policies, addingDefault: !login.noDefaultPolicy)
    if policies.contains("root") { throw EngineError.invalid("auth methods cannot create root tokens") }
    let type = Self.type(of: login, mountTokenType: mountTokenType)
    var entry = TokenEntry(type: type, path: path ?? mountPath + "login", policies: policies, creationTime: now)
    entry.displayName = Self.displayName(login.displayName, mountPath: mountPath)
    entry.metadata = login.metadata.isEmpty ? nil : login.metadata
    entry.entityID = entityID
    entry.loginRole = loginRole
    entry.boundCIDRs = login.boundCIDRs
    var limits = LifeSpan.Limits(defaultTTL: defaultTTL, maxTTL: maxTTL)
    limits.methodMaxTTL = login.maxTTL
    limits.explicitMaxTTL = login.explicitMaxTTL
    limits.period = login.period
    guard let life = LifeSpan.granted(login.ttl, within: limits, age: .zero) else {
      throw EngineError.invalid("no time to live is left")
    }
    entry.ttl = life.ttl
    entry.creationTTL = life.ttl
    entry.expireTime = now + life.ttl
    if type == .service {
      entry.explicitMaxTTL = login.explicitMaxTTL
      entry.period = login.period
      entry.numberOfUses = login.numberOfUses
      entry.grantedUses = login.numberOfUses
      entry.renewable = login.renewable
      entry.methodMaxTTL = login.maxTTL
      entry.methodData = login.internalData
    }
    return try issue(
      entry, id: nil, parent: nil, identityPolicies: identityPolicies, warnings: life.warnings, now: now)
  }

  /// Makes a token from another one.
  package func create(
    request: TokenRequest, parent: TokenEntry, role: TokenRole? = nil, under circumstances: TokenCircumstances,
    now: Timestamp, identityPolicies: [String] = []
  ) throws -> IssuedToken {
    var draft = try request.draft(parent: parent, role: role, under: circumstances, now: now)
    var identityPolicies = identityPolicies
    if !request.entityAlias.isEmpty {
      guard let entity = circumstances.entity else {
        throw EngineError.invalid("'entity_alias' needs the identity engine, which this server does not have")
      }
      let aliased = try entity(PolicyNames.normalized(request.entityAlias))
      draft.entry.entityID = aliased.id
      identityPolicies = aliased.policies
    }
    let id = request.id.flatMap { $0.isEmpty || draft.entry.type == .batch ? nil : $0 }
    return try issue(
      draft.entry, id: id, parent: draft.isOrphan ? nil : parent, identityPolicies: identityPolicies,
      warnings: draft.warnings, now: now)
  }

  /// Prolongs the token's life by `increment` from now, or where that is zero as its terms have it, within its limits.
  /// - Parameter terms: what its role or auth method says today; nil for what the token itself has.
  package func renew(
    _ entry: TokenEntry, increment: TimeSpan, terms: RenewalTerms? = nil, defaultTTL: TimeSpan, maxTTL: TimeSpan,
    now: Timestamp
  ) throws -> (entry: TokenEntry, warnings: [String]) {
    if entry.type == .batch { throw EngineError.invalid("batch tokens cannot be renewed") }
    while true {
      guard let known = try load(entry.key), known.entry.accessor == entry.accessor else {
        throw EngineError.invalid("token not found")
      }
      var renewed = known.entry
      guard renewed.renewable, let oldEnd = renewed.expireTime else {
        throw EngineError.invalid("lease is not renewable")
      }
      let terms = terms ?? RenewalTerms(of: renewed, role: nil)
      var limits = LifeSpan.Limits(defaultTTL: defaultTTL, maxTTL: maxTTL)
      limits.methodMaxTTL = terms.methodMaxTTL
      limits.explicitMaxTTL = terms.explicitMaxTTL
      limits.period = terms.period
      let wanted = increment > .zero ? increment : terms.ttl
      guard let life = LifeSpan.granted(wanted, within: limits, age: now - renewed.creationTime) else {
        throw EngineError.invalid("past the max TTL, cannot renew")
      }
      renewed.ttl = life.ttl
      renewed.lastRenewal = now
      renewed.methodMaxTTL = terms.methodMaxTTL
      renewed.methodData = terms.methodData
      let newEnd = now + life.ttl
      renewed.expireTime = newEnd
      var batch = WriteBatch()
      batch.put(TokenPaths.token(entry.key), TokenRecord.encode(renewed))
      batch.delete(TokenPaths.expiry(entry.key, at: oldEnd))
      batch.put(TokenPaths.expiry(entry.key, at: newEnd), Array(String(newEnd.nanoseconds).utf8))
      guard try commit(batch, over: [known]) else { continue }
      scheduleExpiry(renewed)
      return (renewed, life.warnings)
    }
  }

  // MARK: The common end of every way to make a token

  func issue(
    _ entry: TokenEntry, id: String?, parent: TokenEntry?, identityPolicies: [String], warnings: [String],
    now: Timestamp
  ) throws -> IssuedToken {
    var entry = entry
    entry.parent = parent.map { TokenEntry.Parent(key: $0.key, accessor: $0.accessor) }
    let text: String
    if entry.type == .batch {
      entry.clientID = clientID(entry)
      text = try secrets().seal(entry, random: random)
    } else {
      (entry, text) = try store(entry, id: id, now: now)
    }
    return IssuedToken(
      text: text, authObject: entry.authObject(token: text, identityPolicies: identityPolicies), warnings: warnings,
      entry: entry)
  }

  /// Gives the token its text, accessor and cubbyhole and stores it. `more` makes writes for the same batch, and names
  /// tokens that must be
  /// as they were read; it is asked again after each conflict.
  func store(
    _ draft: TokenEntry, id: String? = nil, now: Timestamp,
    more: (TokenEntry) throws -> (writes: [WriteBatch.Write], over: [KnownToken]) = { _ in ([], []) }
  ) throws -> (TokenEntry, String) {
    let secrets = try secrets()
    let settle = try admission.withLock { $0 }.admit?(draft)
    var made: TokenEntry?
    defer { settle?(made) }
    while true {
      let text = id ?? "hvs." + random.base62(24)
      var entry = draft
      entry.key = secrets.key(text)
      entry.accessor = random.base62(24)
      entry.cubbyholeID = random.base62(24)
      entry.clientID = clientID(entry)
      var over: [KnownToken] = []
      if let parent = entry.parent {
        guard let known = try live(parent.key, now: now), known.entry.accessor == parent.accessor else {
          throw EngineError.invalid("parent token lookup failed: no parent found")
        }
        over.append(known)
      }
      if try read(entry.key) != nil {
        if try live(entry.key, now: now) != nil || id == nil {
          throw EngineError.invalid("cannot create a token with a duplicate ID")
        }
        try revoke(key: entry.key)
      }
      let added = try more(entry)
      let batch = WriteBatch(writes: creation(entry, secrets) + added.writes)
      guard try commit(batch, over: over + added.over, absent: [entry.key]) else { continue }
      scheduleExpiry(entry)
      made = entry
      return (entry, text)
    }
  }

  private func creation(_ entry: TokenEntry, _ secrets: TokenSecrets) -> [WriteBatch.Write] {
    var batch = WriteBatch()
    batch.put(TokenPaths.token(entry.key), TokenRecord.encode(entry))
    let accessor = AccessorRecord(key: entry.key, accessor: entry.accessor)
    batch.put(TokenPaths.accessor(secrets.key(entry.accessor)), accessor.bytes)
    if let parent = entry.parent { batch.put(TokenPaths.children(parent.key) + entry.key, TokenPaths.mark) }
    if let end = entry.expireTime {
      batch.put(TokenPaths.expiry(entry.key, at: end), Array(String(end.nanoseconds).utf8))
      batch.put(TokenPaths.origin(entry.path) + entry.key, TokenPaths.mark)
    }
    return batch.writes
  }

  private static func type(of login: LoginGrant, mountTokenType: String) -> TokenType {
    switch mountTokenType {
    case "service": .service
    case "batch": .batch
    case "default-batch": login.tokenType ?? .batch
    default: login.tokenType ?? .service
    }
  }

  /// The mount's path without `auth/`, with dashes for slashes, and what the method adds.
  private static func displayName(_ given: String, mountPath: String) -> String {
    var names = mountPath.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    if names.first == "auth" { names.removeFirst() }
    if !given.isEmpty { names.append(given) }
    return names.joined(separator: "-")
  }
}
