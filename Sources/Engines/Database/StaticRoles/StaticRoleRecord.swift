internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory

/// A static role as it is stored: a user that is there already, its password, and when that changes.
struct StaticRoleRecord: Sendable, Equatable {
  /// The name of its connection.
  var connection: String
  var username: String
  /// Empty for the database's own.
  var rotationStatements: [String] = []
  var timing: RotationTiming
  var credential = CredentialSettings.password(policy: "")
  /// The first password was not rotated away when the role was made.
  var skipsImportRotation = false
  /// The user changes its password itself: rotations log in as it.
  var isSelfManaged = false
  /// Nil where nobody has told it, and it has not been rotated yet.
  var password: SecretBytes?
  var lastRotation: Timestamp?
  /// When the next rotation is to be.
  var due: Timestamp

  init(connection: String, username: String, timing: RotationTiming, due: Timestamp) {
    self.connection = connection
    self.username = username
    self.timing = timing
    self.due = due
  }

  /// The user has a new password since `now`.
  mutating func rotated(to password: SecretBytes, at now: Timestamp) {
    self.password = password
    lastRotation = now
    due = timing.next(after: now)
  }
}

// MARK: Answers

extension StaticRoleRecord {
  /// `data` of a read of the role, without the password.
  var answer: JSONObject {
    var object: JSONObject = [
      "db_name": .string(connection), "username": .string(username),
      "credential_type": .string(credential.type.rawValue),
      "rotation_statements": .strings(rotationStatements), "skip_import_rotation": .bool(skipsImportRotation),
    ]
    if !credential.answer.isEmpty { object["credential_config"] = .object(credential.answer) }
    if let lastRotation { object["last_vault_rotation"] = .string(lastRotation.rfc3339) }
    add(timing, to: &object)
    return object
  }

  /// `data` of a read of the credentials.
  func credentials(now: Timestamp) -> JSONObject {
    var object: JSONObject = [
      "username": .string(username),
      "password": .string(password?.withBytes { String(decoding: $0, as: UTF8.self) } ?? ""),
      "ttl": .int(max(0, (due - now).seconds)),
      // A time that clients can read, for one that never was.
      "last_vault_rotation": .string(lastRotation?.rfc3339 ?? "0001-01-01T00:00:00Z"),
    ]
    add(timing, to: &object)
    return object
  }

  private func add(_ timing: RotationTiming, to object: inout JSONObject) {
    switch timing {
    case .period(let period): object["rotation_period"] = .int(period.seconds)
    case .schedule(let schedule, let window):
      object["rotation_schedule"] = .string(schedule.text)
      if window > .zero { object["rotation_window"] = .int(window.seconds) }
    }
  }
}

// MARK: Storage

extension StaticRoleRecord {
  var object: JSONObject {
    var object: JSONObject = [
      "db_name": .string(connection), "username": .string(username),
      "credential_type": .string(credential.type.rawValue),
      "credential_config": .object(credential.config), "rotation_statements": .strings(rotationStatements),
      "skip_import_rotation": .bool(skipsImportRotation), "self_managed": .bool(isSelfManaged),
      "due": .int(due.nanoseconds),
    ]
    if let password { object["password"] = .string(password.withBytes { String(decoding: $0, as: UTF8.self) }) }
    if let lastRotation { object["last_rotation"] = .int(lastRotation.nanoseconds) }
    switch timing {
    case .period(let period): object["period"] = .int(period.nanoseconds)
    case .schedule(let schedule, let window):
      object["schedule"] = .string(schedule.text)
      object["window"] = .int(window.nanoseconds)
    }
    return object
  }

  var bytes: [UInt8] { JSONText(object).bytes }

  /// Nil where the object is no role.
  init?(_ object: JSONObject) {
    guard let connection = object["db_name"]?.stringValue, let username = object["username"]?.stringValue,
      let type = object["credential_type"]?.stringValue.flatMap(CredentialType.init(rawValue:)),
      let due = object["due"]?.int64Value
    else { return nil }
    let timing: RotationTiming
    if let text = object["schedule"]?.stringValue {
      guard let schedule = try? CronSchedule(text) else { return nil }
      timing = .schedule(schedule, window: TimeSpan(nanoseconds: object["window"]?.int64Value ?? 0))
    } else {
      guard let period = object["period"]?.int64Value else { return nil }
      timing = .period(TimeSpan(nanoseconds: period))
    }
    self.init(connection: connection, username: username, timing: timing, due: Timestamp(nanoseconds: due))
    let config = (try? Coercion.keyValues(object["credential_config"] ?? .null)) ?? [:]
    guard let credential = try? CredentialSettings(type, config: config) else { return nil }
    self.credential = credential
    rotationStatements = object.strings("rotation_statements")
    skipsImportRotation = object["skip_import_rotation"]?.boolValue ?? false
    isSelfManaged = object["self_managed"]?.boolValue ?? false
    password = object["password"]?.stringValue.map { SecretBytes(copying: $0.utf8) }
    lastRotation = object["last_rotation"]?.int64Value.map { Timestamp(nanoseconds: $0) }
  }

  init?(bytes: [UInt8]) {
    guard let object = (try? JSONText(trusted: bytes).parsed())?.objectValue else { return nil }
    self.init(object)
  }
}
