internal import EngineAPI
internal import Primitives
internal import StorageAPI

/// When expired SecretIDs were last swept away, and whether that goes on.
struct Tidying {
  static let interval = TimeSpan.hours(1)
  var isRunning = false
  var last: Timestamp?

  /// True where a sweep is due that nobody asked for, which then counts as begun.
  mutating func begins(now: Timestamp, asked: Bool) -> Bool {
    if isRunning { return false }
    if !asked {
      guard let last else {
        self.last = now
        return false
      }
      if now - last < Self.interval { return false }
    }
    isRunning = true
    last = now
    return true
  }
}

extension AppRoleMethod {
  func tidy(_ call: Call) throws -> Reply {
    guard tidying.withLock({ $0.begins(now: call.now, asked: true) }) else {
      return .warning("Tidy operation already in progress.", status: 202)
    }
    sweepLater(now: call.now)
    return .warning(
      "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
      status: 202)
  }

  /// SecretIDs that expire are never valid again; this keeps them from piling up where nobody tidies.
  func tidyIfDue(now: Timestamp) {
    if tidying.withLock({ $0.begins(now: now, asked: false) }) { sweepLater(now: now) }
  }

  private func sweepLater(now: Timestamp) {
    let thread = BackgroundThread { [self] in
      do {
        let count = try sweep(now: now)
        context.log("expired SecretIDs were swept away", ["mount": context.path(), "count": String(count)])
      } catch { context.log("sweeping expired SecretIDs away stopped early", ["mount": context.path()]) }
      tidying.withLock { $0.isRunning = false }
    }
    guard let thread else {
      tidying.withLock { $0.isRunning = false }
      return
    }
    thread.detach()
  }

  /// Deletes every SecretID that is over, and what is left over of those that are gone. Returns how many.
  func sweep(now: Timestamp) throws -> Int {
    var count = 0
    try forEachName(in: Self.roles) { name in
      guard let role = try role(named: name) else { return }
      try forEachName(in: Self.secretIDs(role)) { digest in
        guard let stored = try storage.get(Self.secretIDs(role) + digest),
          let known = try? SecretID(stored.bytes), known.isOver(at: now)
        else { return }
        try storage.transaction { transaction in try Self.destroy(digest: digest, of: role, &transaction) }
        count += 1
      }
      try forEachName(in: Self.accessors(role)) { accessor in
        try storage.transaction { transaction in
          guard let digest = try transaction.get(Self.accessors(role) + accessor) else { return }
          let key = Self.secretIDs(role) + String(decoding: digest, as: UTF8.self)
          if try transaction.get(key) == nil { transaction.delete(Self.accessors(role) + accessor) }
        }
      }
    }
    return count
  }

  private func forEachName(in folder: String, _ body: (String) throws -> Void) throws {
    var after: String?
    while true {
      let names = try storage.list(folder, after: after, limit: 256)
      for name in names { try body(name) }
      guard let last = names.last else { return }
      after = last
    }
  }
}
