package import Primitives

/// When failing logins lock a user out.
package struct LockoutRule: Sendable, Equatable {
  /// How many failed logins in a row lock.
  package var threshold: Int64 = 5
  package var duration = TimeSpan.minutes(15)
  /// How long after a failed login it is forgotten.
  package var counterReset = TimeSpan.minutes(15)
  package var isDisabled = false

  package init() {}
}

/// Who logs in where: a canonical name at a mount, whether it exists there or not.
package struct LoginUser: Sendable, Hashable {
  package let mountAccessor: String
  package let name: String

  package init(mountAccessor: String, name: String) {
    self.mountAccessor = mountAccessor
    self.name = name
  }
}

/// Counts failed logins and knows who is locked out. Time is given with each call.
///
/// Of users that fail, at most `limit` are remembered; those that failed longest ago are forgotten first.
package struct UserLockout: Sendable {
  private struct Failures {
    var count: Int64
    var last: Timestamp
    /// When the lock ends; nil while there is none.
    var lockedUntil: Timestamp?
    /// When this can be forgotten.
    var forgotten: Timestamp
  }

  private var users: [LoginUser: Failures] = [:]
  private let limit: Int

  package init(limit: Int = 65_536) { self.limit = max(1, limit) }

  package var count: Int { users.count }

  /// Nobody is locked where the rule is switched off, and locks do not outlast what was set at their time.
  package func isLocked(_ user: LoginUser, by rule: LockoutRule, now: Timestamp) -> Bool {
    guard !rule.isDisabled, let end = users[user]?.lockedUntil else { return false }
    return now < end
  }

  /// Counts a failed login.
  /// - Returns: when the lock ends, if this failure locks the user.
  package mutating func failed(_ user: LoginUser, by rule: LockoutRule, now: Timestamp) -> Timestamp? {
    if rule.isDisabled { return nil }
    var failures = users[user] ?? Failures(count: 0, last: now, lockedUntil: nil, forgotten: now)
    if let end = failures.lockedUntil {
      // Tries of a locked user change nothing.
      if now < end { return nil }
      failures.lockedUntil = nil
      failures.count = 0
    } else if now >= failures.forgotten {
      failures.count = 0
    }
    failures.count += 1
    failures.last = now
    if failures.count >= rule.threshold {
      failures.lockedUntil = now + rule.duration
      failures.forgotten = now + rule.duration
    } else {
      failures.forgotten = now + rule.counterReset
    }
    users[user] = failures
    if users.count > limit { makeRoom(now: now, keeping: user) }
    return failures.lockedUntil
  }

  /// Wipes the slate clean, for a good login or an operator.
  /// - Returns: whether the user was locked, be it long ago.
  @discardableResult
  package mutating func unlock(_ user: LoginUser) -> Bool { users.removeValue(forKey: user)?.lockedUntil != nil }

  /// A lock that was there before this process.
  package mutating func restore(_ user: LoginUser, until end: Timestamp) {
    users[user] = Failures(count: 0, last: end, lockedUntil: end, forgotten: end)
  }

  /// Forgets everybody at a mount that is gone.
  package mutating func forget(mountAccessor: String) {
    users = users.filter { $0.key.mountAccessor != mountAccessor }
  }

  /// Who is locked out now, in order.
  package func locked(now: Timestamp) -> [LoginUser] {
    users.filter { $0.value.lockedUntil.map { now < $0 } ?? false }.keys
      .sorted { ($0.mountAccessor, $0.name) < ($1.mountAccessor, $1.name) }
  }

  private mutating func makeRoom(now: Timestamp, keeping kept: LoginUser) {
    users = users.filter { now < $0.value.forgotten || $0.key == kept }
    guard users.count > limit else { return }
    // A quarter at once, so that this is rare. Those who are locked go last.
    let order = users.filter { $0.key != kept }.sorted {
      let (a, b) = ($0.value, $1.value)
      if (a.lockedUntil == nil) != (b.lockedUntil == nil) { return a.lockedUntil == nil }
      return a.last < b.last
    }
    for user in order.prefix(max(1, limit / 4)) { users[user.key] = nil }
  }
}
