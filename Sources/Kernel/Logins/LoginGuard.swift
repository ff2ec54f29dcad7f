internal import Cryptography
internal import EngineAPI
internal import JSONText
package import Primitives
internal import StorageAPI
package import UserLockout

/// Keeps locked out who failed to log in too often. Failures are counted in memory; locks are stored, so that a restart
/// opens none.
package final class LoginGuard: Sendable {
  private static let unnamed = "all"

  private let lockout = Locked(UserLockout())
  private let store: any LogicalStore
  private let rules: [String: LockoutRule]

  /// `rules` are those of the configuration, by the type of auth method or `all`.
  init(store: any LogicalStore, rules: [String: LockoutRule]) {
    self.store = store
    self.rules = rules
  }

  /// Finds the locks that are stored and drops those whose time is over.
  func load(now: Timestamp) throws {
    for folder in try store.list(StoragePaths.lockedUsers, after: nil, limit: .max) {
      for name in try store.list(StoragePaths.lockedUsers + folder, after: nil, limit: .max) {
        let key = StoragePaths.lockedUsers + folder + name
        guard let stored = try store.get(key) else { continue }
        let record = try? JSONParser.parse(stored.bytes, limits: .unlimited)
        if let alias = record?["name"]?.stringValue, let end = record?["until"]?.int64Value,
          now < Timestamp(nanoseconds: end), folder.hasSuffix("/")
        {
          let user = LoginUser(mountAccessor: String(folder.dropLast()), name: alias)
          lockout.withLock { $0.restore(user, until: Timestamp(nanoseconds: end)) }
        } else {
          try delete(key)
        }
      }
    }
  }

  /// Runs a login, unless who wants in is locked out, and counts how it ends.
  ///
  /// - Parameter name: the user's canonical name. It is not asked for while nobody has failed.
  /// - Throws: 403 where the user is locked out, even if only while the login ran: of many guesses at the same time
  ///   no more are answered than of guesses one by one.
  func guarded(
    _ mount: MountEntry, now: Timestamp, name: () throws -> String, login: () throws -> Reply
  ) throws -> Reply {
    let rule = rule(for: mount)
    if rule.isDisabled { return try login() }
    func user() throws -> LoginUser { LoginUser(mountAccessor: mount.accessor, name: try name()) }
    func refuseLocked(_ user: LoginUser) throws {
      if lockout.withLock({ $0.isLocked(user, by: rule, now: now) }) { throw EngineError.denied }
    }

    if !isQuiet { try refuseLocked(try user()) }
    let reply: Reply
    do { reply = try login() } catch let error as EngineError where error.isFailedLogin {
      guard let user = try? user() else { throw error }
      try refuseLocked(user)
      if let end = lockout.withLock({ $0.failed(user, by: rule, now: now) }) { keep(user, until: end) }
      throw error
    }
    if !isQuiet, case .login = reply.content {
      let user = try user()
      try refuseLocked(user)
      if lockout.withLock({ $0.unlock(user) }) { try? delete(Self.key(user)) }
    }
    return reply
  }

  /// Who is locked out at the mount with that accessor, or anywhere: names by accessor, both in order.
  package func lockedUsers(accessor: String?, now: Timestamp) -> [(accessor: String, names: [String])] {
    var found: [(accessor: String, names: [String])] = []
    for user in lockout.withLock({ $0.locked(now: now) }) where accessor == nil || accessor == user.mountAccessor {
      if let last = found.indices.last, found[last].accessor == user.mountAccessor {
        found[last].names.append(user.name)
      } else {
        found.append((user.mountAccessor, [user.name]))
      }
    }
    return found
  }

  package func unlock(_ user: LoginUser) throws {
    lockout.withLock { _ = $0.unlock(user) }
    try delete(Self.key(user))
  }

  /// The mount's own settings, over those of the configuration.
  func rule(for mount: MountEntry) -> LockoutRule {
    var rule = rules[mount.type] ?? rules[Self.unnamed] ?? LockoutRule()
    guard let own = mount.configuration.userLockout else { return rule }
    func value<Value>(_ name: String, _ read: (JSONValue) throws(FieldMismatch) -> Value) -> Value? {
      own[name].flatMap { raw in try? read(raw) }
    }
    if let threshold = value("lockout_threshold", Coercion.int), threshold > 0 { rule.threshold = threshold }
    if let time = value("lockout_duration", Coercion.duration), time > .zero { rule.duration = time }
    if let time = value("lockout_counter_reset_duration", Coercion.duration), time > .zero { rule.counterReset = time }
    if let isOff = value("lockout_disable", Coercion.bool) { rule.isDisabled = isOff }
    return rule
  }

  private var isQuiet: Bool { lockout.withLock { $0.count == 0 } }

  private func keep(_ user: LoginUser, until end: Timestamp) {
    let record: JSONObject = ["name": .string(user.name), "until": .int(end.nanoseconds)]
    var batch = WriteBatch()
    batch.put(Self.key(user), JSONText(record).bytes)
    // The lock holds in this process all the same.
    _ = try? store.commit(batch)
  }

  private func delete(_ key: String) throws {
    guard try store.get(key) != nil else { return }
    var batch = WriteBatch()
    batch.delete(key)
    _ = try store.commit(batch)
  }

  /// A digest, because names are as long as their users like.
  private static func key(_ user: LoginUser) -> String {
    StoragePaths.lockedUsers + user.mountAccessor + "/"
      + Hex.encode(HashFunction.sha256.digest(of: Array(user.name.utf8)))
  }
}
