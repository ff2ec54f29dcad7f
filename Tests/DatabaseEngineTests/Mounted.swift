import EngineAPI
import JSONText
import Primitives
import SecretMemory
import StorageAPI
import Testing

@testable import DatabaseEngine

/// A database of users that fails as it is told to.
final class FakeDatabase: Sendable {
  enum Failure: Sendable { case refused, unavailable, brokeBefore, brokeAfter }

  struct State: Sendable {
    var users: [String: Timestamp] = [:]
    var passwords: [String: String] = ["root": "rootpw"]
    /// Of the next calls, in order; nil for success.
    var failures: [Failure?] = []
    var made = 0
    var closed = 0
    var deletedWith: [[String]] = []
  }

  let state = Locked(State())
  var users: Set<String> { state.withLock { Set($0.users.keys) } }
  func fail(_ failures: Failure?...) { state.withLock { $0.failures = failures } }

  var type: DatabasePluginType {
    DatabasePluginType(name: "fake", credentialTypes: [.password]) { (surroundings) throws(DatabaseError) in
      self.state.withLock { $0.made += 1 }
      return Session(
        database: self, password: surroundings.secrets["password"]?.withBytes { String(decoding: $0, as: UTF8.self) })
    }
  }

  private struct Session: DatabasePlugin {
    let database: FakeDatabase
    let password: String?

    private func act(_ body: (inout State) -> Void) throws(DatabaseError) {
      let failure = database.state.withLock { state -> Failure? in
        let failure = state.failures.isEmpty ? nil : state.failures.removeFirst()
        if state.passwords["root"] != password { return .unavailable }
        if failure == nil || failure == .brokeAfter { body(&state) }
        return failure
      }
      switch failure {
      case nil: return
      case .refused: throw DatabaseError("refused")
      case .unavailable: throw DatabaseError("not there", isUnavailable: true)
      case .brokeBefore, .brokeAfter: throw DatabaseError("broke", isUnavailable: true, isOutcomeUnknown: true)
      }
    }

    func verify() throws(DatabaseError) { try act { _ in } }
    func username(for subject: UsernameSubject, template: String?) throws(DatabaseError) -> String {
      "v-\(subject.displayName)-\(database.state.withLock { $0.users.count + $0.deletedWith.count })"
    }
    func createUser(_ user: NewUser) throws(DatabaseError) {
      try act { $0.users[user.name] = user.expiration }
    }
    func updateUser(_ name: String, _ change: UserChange, statements: [String]) throws(DatabaseError) {
      try act { if case .expiration(let time) = change { $0.users[name] = time } }
    }
    func deleteUser(_ name: String, statements: [String]) throws(DatabaseError) {
      try act {
        $0.users[name] = nil
        $0.deletedWith.append(statements)
      }
    }
    func rotateRoot(to password: SecretBytes, statements: [String]) throws(DatabaseError) {
      let text = password.withBytes { String(decoding: $0, as: UTF8.self) }
      try act { $0.passwords["root"] = text }
    }
    func close() { database.state.withLock { $0.closed += 1 } }
  }
}

private struct NoOrigin: CallOrigin {}

/// A mount with the connection `lab` and the role `app`, on a store that outlives it.
final class Mounted: Sendable {
  let database = FakeDatabase()
  let store = MortalStore()
  let now = Locked(Timestamp(seconds: 1_800_000_000))
  /// When work was asked for.
  let wakes = Locked<[Timestamp]>([])
  private let current = Locked<DatabaseMount?>(nil)

  init() throws {
    restart()
    try call(
      .update, "config/lab", ["plugin_name": "fake", "username": "root", "password": "rootpw", "allowed_roles": "*"])
    try call(
      .update, "roles/app",
      ["db_name": "lab", "creation_statements": "CREATE", "default_ttl": 3600, "max_ttl": 7200])
  }

  var mount: DatabaseMount { get throws { try #require(current.withLock { $0 }) } }
  var storage: StorageView { StorageView(store, prefix: "m/") }
  func step(_ span: TimeSpan) { now.withLock { $0 = $0 + span } }

  /// The process died; another one has the same storage.
  func restart() {
    let now = now
    let wakes = wakes
    let context = MountContext(
      path: { "db/" }, accessor: "database_1", uuid: "u", type: "database", storage: storage,
      clock: WallClock { now.withLock { $0 } }, random: .seeded(5),
      settings: { MountSettings(defaultTTL: .hours(768), maxTTL: .hours(768), options: [:]) }, log: { _, _ in },
      requestWork: { time in wakes.withLock { $0.append(time) } },
      password: { SecretBytes(copying: "by-\($0)".utf8) })
    current.withLock { $0 = DatabaseMount(context: context, plugins: [database.type]) }
  }

  @discardableResult
  func call(_ operation: EngineAPI.Operation, _ path: String, _ fields: JSONObject = [:]) throws -> Reply {
    let engine = MountedEngine(try mount)
    let (route, captures) = try #require(engine.route(path))
    return try route.run(
      Call(
        id: "1", operation: operation, mountPoint: "db/", path: path, captures: captures, fields: fields, rawBody: [],
        headers: [:], remoteAddress: "", now: now.withLock { $0 },
        principal: nil, wrapTTL: nil, origin: NoOrigin()))
  }

  func data(_ reply: Reply) throws -> JSONObject {
    guard case .data(let text) = reply.content else { return [:] }
    return try text.parsed().objectValue ?? [:]
  }

  /// What the kernel does with the answer: the lease is kept with what it settles.
  func keep(_ reply: Reply) throws -> LeaseRequest {
    var lease = try #require(reply.lease)
    _ = try store.commit(lease.settling)
    lease.settling = WriteBatch()
    lease.issued = now.withLock { $0 }
    return lease
  }

  @discardableResult
  func work() throws -> Timestamp? { try mount.work(now: now.withLock { $0 }) }

  var creations: [String] { get throws { try storage.list(DatabaseMount.Folder.creations) } }
}
