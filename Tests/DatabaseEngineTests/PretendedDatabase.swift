import EngineAPI
import JSONText
import MemoryStore
import Primitives
import SecretMemory
import StorageAPI
import Testing

@testable import DatabaseEngine

/// A database of users and their passwords that does what a test wants it to.
final class PretendedDatabase: Sendable {
  enum Mood: Sendable, CaseIterable {
    case well
    case unreachable
    case refusing
    /// The connection breaks before or after the statement took effect.
    case breakingBefore, breakingAfter
  }

  struct State: Sendable {
    var passwords: [String: String] = [:]
    var mood = Mood.well
    /// How often a password was changed.
    var changes = 0
    /// The users that the last change was made by.
    var changedBy = ""
  }

  let state = Locked(State())

  func add(_ user: String, password: String) { state.withLock { $0.passwords[user] = password } }
  func remove(_ user: String) { state.withLock { $0.passwords[user] = nil } }
  func be(_ mood: Mood) { state.withLock { $0.mood = mood } }
  func password(of user: String) -> String? { state.withLock { $0.passwords[user] } }
  var changes: Int { state.withLock { $0.changes } }

  var type: DatabasePluginType {
    DatabasePluginType(name: "pretended", credentialTypes: [.password, .rsaPrivateKey]) { surroundings in
      Login(
        database: self, user: surroundings.details["username"]?.stringValue ?? "",
        password: surroundings.secrets["password"]?.withBytes { String(decoding: $0, as: UTF8.self) } ?? "")
    }
  }

  private struct Login: DatabasePlugin {
    let database: PretendedDatabase
    /// Who has logged in, and with what.
    let user: String
    let password: String

    func verify() throws(DatabaseError) {}
    func username(for subject: UsernameSubject, template: String?) throws(DatabaseError) -> String { "user" }
    func createUser(_ new: NewUser) throws(DatabaseError) {}
    func deleteUser(_ name: String, statements: [String]) throws(DatabaseError) {}
    func rotateRoot(to password: SecretBytes, statements: [String]) throws(DatabaseError) {}
    func close() {}

    func updateUser(_ name: String, _ change: UserChange, statements: [String]) throws(DatabaseError) {
      guard case .credential(.password(let password)) = change else { return }
      let text = password.withBytes { String(decoding: $0, as: UTF8.self) }
      try database.state.withLock { state throws(DatabaseError) in
        switch state.mood {
        case .unreachable: throw DatabaseError("no answer", isUnavailable: true)
        case .refusing: throw DatabaseError("no, thank you", isRefusal: true)
        case .breakingBefore: throw DatabaseError("broken off", isOutcomeUnknown: true)
        case .well, .breakingAfter: break
        }
        if user != "root", state.passwords[user] != self.password {
          throw DatabaseError("password authentication failed")
        }
        guard state.passwords[name] != nil else {
          throw DatabaseError("role \"\(name)\" does not exist", isRefusal: true)
        }
        state.passwords[name] = text
        state.changes += 1
        state.changedBy = user
        if state.mood == .breakingAfter { throw DatabaseError("broken off", isOutcomeUnknown: true) }
      }
    }
  }
}

/// A store that stops taking writes, as for a process that is about to die.
final class MortalStore: LogicalStore {
  let store = MemoryStore()
  /// How many commits are left; nil for any number.
  let life = Locked<Int?>(nil)

  func get(_ key: String) throws(StoreError) -> StoredValue? { try store.get(key) }
  func list(_ prefix: String, after: String?, limit: Int) throws(StoreError) -> [String] {
    try store.list(prefix, after: after, limit: limit)
  }
  func commit(_ batch: WriteBatch) throws(StoreError) -> CommitIndex {
    let lives = life.withLock { life in
      guard let left = life else { return true }
      life = max(0, left - 1)
      return left > 0
    }
    if !lives { throw .unavailable("dead") }
    return try store.commit(batch)
  }
}

private struct NoOrigin: CallOrigin {}

/// A database mount with one connection `lab`, and a clock that tests step.
final class MountWithStaticRoles: Sendable {
  let database = PretendedDatabase()
  let store = MortalStore()
  let now = Locked(Timestamp(seconds: 1_780_000_000))
  private let random: RandomSource
  private let current: Locked<DatabaseMount?> = Locked(nil)

  init(seed: UInt64 = 1) throws {
    random = .seeded(seed)
    restart()
    var connection = ConnectionRecord(pluginName: "pretended")
    connection.allowedRoles = ["*"]
    connection.details = ["username": "root"]
    try mount.storage.put(DatabaseMount.Folder.connections + "lab", connection.bytes)
  }

  var mount: DatabaseMount {
    guard let mount = current.withLock({ $0 }) else { preconditionFailure("there is a mount from the beginning on") }
    return mount
  }

  /// The process dies and another one takes over.
  func restart() {
    store.life.withLock { $0 = nil }
    let now = now
    let context = MountContext(
      path: { "database/" }, accessor: "database_1", uuid: "u", type: "database",
      storage: StorageView(store, prefix: "mount/"), clock: WallClock { now.withLock { $0 } }, random: random,
      settings: { MountSettings(defaultTTL: .hours(768), maxTTL: .hours(768), options: [:]) }, log: { _, _ in })
    let mount = DatabaseMount(context: context, plugins: [database.type])
    current.withLock { $0 = mount }
  }

  func step(_ span: TimeSpan) { now.withLock { $0 = $0 + span } }

  /// What the background does now; returns when it wants to be called next.
  @discardableResult func work() throws -> Timestamp? { try mount.rotateStaticRoles(now: now.withLock { $0 }) }

  /// The answer's data, or nil for an answer without any.
  @discardableResult
  func call(_ operation: EngineAPI.Operation, _ path: String, _ fields: JSONObject = [:]) throws -> JSONObject? {
    let engine = MountedEngine(mount)
    let (route, captures) = try #require(engine.route(path))
    let reply = try route.run(
      Call(
        id: "id", operation: operation, mountPoint: "database/", path: path, captures: captures, fields: fields,
        rawBody: [], headers: [:], remoteAddress: "127.0.0.1", now: now.withLock { $0 }, principal: nil, wrapTTL: nil,
        origin: NoOrigin()))
    guard case .data(let text) = reply.content else { return nil }
    return try text.parsed().objectValue
  }

  /// The error's text; nil where there is none.
  func refusal(_ operation: EngineAPI.Operation, _ path: String, _ fields: JSONObject = [:]) throws -> String? {
    do {
      try call(operation, path, fields)
      return nil
    } catch let error as EngineError { return error.messages.first } catch is StoreError { return "store" }
  }

  func make(_ name: String = "app", user: String = "app_static", _ more: JSONObject = ["rotation_period": 3600]) throws
  {
    var fields: JSONObject = ["db_name": "lab", "username": .string(user)]
    for member in more.members { fields[member.name] = member.value }
    try call(.update, "static-roles/\(name)", fields)
  }

  func password(_ name: String = "app") throws -> String? {
    try call(.read, "static-creds/\(name)")?["password"]?.stringValue
  }
}
