internal import EngineAPI
internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// Making and changing static roles.
extension DatabaseMount {
  private static let shortestPeriod = TimeSpan.seconds(5)
  private static let shortestWindow = TimeSpan.hours(1)

  func writeStaticRole(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    if let known = try staticRole(name) {
      try update(name, known, call)
      if call.has(StaticFields.skipImportRotation) {
        return .warning("skip_import_rotation has no effect on updates")
      }
    } else {
      try make(name, call)
    }
    return .none
  }

  private func make(_ name: String, _ call: Call) throws {
    if try storage.get(Folder.roles + name) != nil {
      throw EngineError.invalid("Role and Static Role names must be unique")
    }
    let connectionName = try call.value(Fields.connection) ?? ""
    if connectionName.isEmpty { throw EngineError.invalid("database name is a required field") }
    let username = try call.value(StaticFields.username) ?? ""
    if username.isEmpty { throw EngineError.invalid("username is a required field to create a static account") }
    guard let timing = try timing(call, known: nil) else {
      throw EngineError.invalid(
        "one of rotation_schedule or rotation_period must be provided to create a static account")
    }
    let now = context.clock.now()
    var role = StaticRoleRecord(
      connection: connectionName, username: username, timing: timing, due: timing.next(after: now))
    try role.apply(call)
    let connection = try connectionForRotation(of: name, role)
    if role.isSelfManaged && !connection.takesPassword {
      throw EngineError.invalid("self_managed_password needs {{username}} and {{password}} in the connection_url")
    }
    role.skipsImportRotation =
      try call.value(StaticFields.skipImportRotation) ?? connection.skipsStaticRoleImportRotation
    if let password = try call.value(StaticFields.password), !password.isEmpty {
      role.password = SecretBytes(copying: password.utf8)
    }
    if !role.skipsImportRotation { return try rotateForRequest(name, making: role) }
    var batch = WriteBatch()
    batch.put(Folder.staticRoles + name, role.bytes)
    // What an interrupted try to make it left behind.
    batch.delete(Folder.staticRotations + name)
    batch.preconditions = [.absent(key: Folder.staticRoles + name), .absent(key: Folder.roles + name)]
    _ = try storage.commit(batch)
    enqueue(name, role)
  }

  private func update(_ name: String, _ known: StaticRoleRecord, _ call: Call) throws {
    guard try call.value(StaticFields.username) == known.username else {
      throw EngineError.invalid("cannot update static account username")
    }
    let now = context.clock.now()
    let timing = try timing(call, known: known.timing)
    let connectionName = try call.value(Fields.connection)
    if connectionName == "" { throw EngineError.invalid("database name is a required field") }
    let role = try storage.transaction { transaction -> StaticRoleRecord? in
      guard let bytes = try transaction.get(Folder.staticRoles + name) else { return nil }
      var role = try Self.staticRole(name, bytes)
      if let connectionName { role.connection = connectionName }
      if let timing, timing != role.timing {
        role.timing = timing
        // A period counts from the last rotation; a schedule's past times are past.
        if case .period = timing {
          role.due = timing.next(after: role.lastRotation ?? now)
        } else {
          role.due = timing.next(after: now)
        }
      }
      try role.apply(call)
      if role.connection != known.connection { _ = try connectionForRotation(of: name, role) }
      transaction.put(Folder.staticRoles + name, role.bytes)
      return role
    }
    if let role { enqueue(name, role) }
  }

  private func enqueue(_ name: String, _ role: StaticRoleRecord) {
    rotations.queue.withLock { $0.schedule(name, at: role.due) }
    context.requestWork(role.due)
  }

  /// What the request says of when to rotate; nil where it says nothing.
  private func timing(_ call: Call, known: RotationTiming?) throws -> RotationTiming? {
    let period = try call.value(StaticFields.rotationPeriod)
    let schedule = try call.value(StaticFields.rotationSchedule).flatMap { $0.isEmpty ? nil : $0 }
    let window = try call.value(StaticFields.rotationWindow)
    if period != nil && schedule != nil {
      throw EngineError.invalid(
        "mutually exclusive fields rotation_period and rotation_schedule were both specified; only one of them can be "
          + "provided")
    }
    if let period {
      if period < Self.shortestPeriod {
        throw EngineError.invalid("rotation_period must be \(Self.shortestPeriod.seconds) seconds or more")
      }
      if window != nil { throw EngineError.invalid("rotation_window is invalid with use of rotation_period") }
      return .period(period)
    }
    if let window, window < Self.shortestWindow {
      throw EngineError.invalid("rotation_window must be \(Self.shortestWindow.seconds) seconds or more")
    }
    if let schedule {
      do throws(CronSchedule.Mistake) {
        let parsed = try CronSchedule(schedule)
        if case .schedule(_, let kept) = known { return .schedule(parsed, window: window ?? kept) }
        return .schedule(parsed, window: window ?? .zero)
      } catch { throw EngineError.invalid("could not parse rotation_schedule: \(error.reason)") }
    }
    guard let window else { return nil }
    switch known {
    case .schedule(let schedule, _): return .schedule(schedule, window: window)
    case .period: throw EngineError.invalid("rotation_window is invalid with use of rotation_period")
    case nil: return nil
    }
  }
}

extension StaticRoleRecord {
  /// Takes over what the request has; what it does not have stays.
  fileprivate mutating func apply(_ call: Call) throws {
    typealias Fields = DatabaseMount.Fields
    if let value = try call.value(DatabaseMount.StaticFields.rotationStatements) { rotationStatements = value }
    if let value = try call.value(DatabaseMount.StaticFields.selfManagedPassword), !value.isEmpty {
      isSelfManaged = true
      password = SecretBytes(copying: value.utf8)
    }
    let type = try call.value(Fields.credentialType).map { (text) throws(EngineError) in
      try CredentialType(field: text.isEmpty ? "password" : text)
    }
    let config = try call.value(Fields.credentialConfig)
    guard type != nil || config != nil else { return }
    let chosen = type ?? credential.type
    let kept = chosen == credential.type ? (try? Coercion.keyValues(.object(credential.config))) ?? [:] : [:]
    credential = try CredentialSettings(chosen, config: config ?? kept)
    // Of no database that is supported a user could use another.
    if chosen != .password { throw EngineError.invalid("unsupported credential_type: \"\(chosen.rawValue)\"") }
  }
}
