internal import EngineAPI
internal import Primitives
internal import StorageAPI

/// Users that are there already and whose passwords are rotated when they are due.
extension DatabaseMount {
  /// How many rotations are tried before others get their turn in the background.
  private static let batchSize = 32

  func staticRole(_ name: String) throws -> StaticRoleRecord? {
    try storage.get(Folder.staticRoles + name).map { try Self.staticRole(name, $0.bytes) }
  }

  static func staticRole(_ name: String, _ bytes: [UInt8]) throws -> StaticRoleRecord {
    guard let role = StaticRoleRecord(bytes: bytes) else {
      throw StoreError.damaged("the static database role \(name) cannot be read; restore a snapshot")
    }
    return role
  }

  /// Rotates what is due; returns when the next rotation is.
  func rotateStaticRoles(now: Timestamp) throws -> Timestamp? {
    if !rotations.queue.withLock({ $0.isFilled }) { try fillQueue(now) }
    // Where one database cannot be reached, its other roles would only cost time.
    var unavailable: Set<String> = []
    for name in rotations.queue.withLock({ $0.takeDue(now, limit: Self.batchSize) }) {
      let done: Void? = rotations.turn(name, patience: .zero) { rotateIfDue(name, now: now, &unavailable) }
      if done == nil { rotations.queue.withLock { $0.postpone(name, until: now + .seconds(1)) } }
    }
    return rotations.queue.withLock { $0.next() }
  }

  private func fillQueue(_ now: Timestamp) throws {
    var times: [String: Timestamp] = [:]
    for name in try storage.list(Folder.staticRoles) {
      do { times[name] = try staticRole(name)?.due } catch StoreError.damaged(let reason) {
        context.log("a static role is not rotated", ["role": name, "error": reason])
      }
    }
    for name in try storage.list(Folder.staticRotations) { times[name] = now }
    let filled = times
    rotations.queue.withLock { $0.fill(filled) }
  }

  private func rotateIfDue(_ name: String, now: Timestamp, _ unavailable: inout Set<String>) {
    var connection = ""
    do {
      let isInterrupted = try storage.get(Folder.staticRotations + name) != nil
      if let role = try staticRole(name) {
        connection = role.connection
        if !isInterrupted, try isToWait(name, role, now: now) { return }
      } else if !isInterrupted {
        return rotations.queue.withLock { $0.cancel(name) }
      }
      if unavailable.contains(connection) { return rotations.queue.withLock { $0.failed(name, at: now) } }
      try rotate(name)
    } catch {
      var reason = "internal error"
      switch error {
      case let failure as RotationFailure:
        reason = failure.error.message
        if failure.error.isUnavailable && !connection.isEmpty { unavailable.insert(connection) }
      case let error as DatabaseError: reason = error.message
      case let error as EngineError: reason = error.messages.joined(separator: "; ")
      default: break
      }
      context.log("a password could not be rotated; it will be tried again", ["role": name, "error": reason])
      rotations.queue.withLock { $0.failed(name, at: now) }
    }
  }

  /// Whether the role's time is not now; then the queue knows when it is.
  private func isToWait(_ name: String, _ role: StaticRoleRecord, now: Timestamp) throws -> Bool {
    guard case .wait(let time) = role.timing.decide(due: role.due, now: now) else { return false }
    if time != role.due {
      context.log("a password was not rotated within its window", ["role": name, "next": time.rfc3339])
      try storage.transaction { transaction in
        guard let bytes = try transaction.get(Folder.staticRoles + name) else { return }
        var role = try Self.staticRole(name, bytes)
        role.due = time
        transaction.put(Folder.staticRoles + name, role.bytes)
      }
    }
    rotations.queue.withLock { $0.schedule(name, at: time) }
    return true
  }
}
