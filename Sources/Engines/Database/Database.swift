package import EngineAPI
internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// Users of databases, made on demand and taken back when their leases end, and passwords of users that are there already.
package enum Database {
  package static let type = EngineType(
    name: "database", mountClass: .secret, version: "v1.0.0+builtin.coffer",
    databasePlugins: PluginCatalog.types.map(\.name)
  ) { context in MountedEngine(DatabaseMount(context: context, plugins: PluginCatalog.types)) }
}

/// One mount: its connections, roles, and the databases that are open.
struct DatabaseMount: Engine {
  static let routes = connectionRoutes + rotationRoutes + roleRoutes + credentialRoutes + staticRoleRoutes

  let context: MountContext
  let plugins: [DatabasePluginType]
  let databases = OpenDatabases()
  /// Creations of users that this process is at, by the id of their record.
  let creations = Locked(RunningCreations())
  /// When static roles are to be rotated, and which are.
  let rotations = StaticRotations()
  /// Connections whose root password a request is rotating.
  let rotating = Locked<Set<String>>([])
  var storage: StorageView { context.storage }

  init(context: MountContext, plugins: [DatabasePluginType]) {
    self.context = context
    self.plugins = plugins
  }

  /// Where things lie in storage.
  enum Folder {
    static let connections = "connections/"
    static let roles = "roles/"
    static let staticRoles = "static-roles/"
    /// A record for each user that is being made and has no lease yet.
    static let creations = "creations/"
    /// The new password of a root rotation that is under way, by the connection's name.
    static let rootRotations = "root-rotations/"
    /// A `RotationIntent` for each rotation of a static role that is under way, by the role's name.
    static let staticRotations = "static-rotations/"
  }

  func work(now: Timestamp) throws -> Timestamp? {
    // What is wrong with one part must not keep the others from being done.
    let parts = [finishRootRotations, cleanUpCreations, rotateStaticRoles]
    let times = parts.map { part -> Timestamp? in
      do { return try part(now) } catch {
        context.log(
          "work in the background failed; it will be tried again",
          ["error": (error as? StoreError).map { "\($0)" } ?? ""])
        return now + Self.pauseAfterFailure
      }
    }
    return times.compactMap(\.self).min()
  }

  private static let pauseAfterFailure = TimeSpan.seconds(15)

  func close() { databases.closeAll() }

  // MARK: Connections

  /// The connection as it is stored now; nil where there is none.
  func connection(_ name: String) throws -> (record: ConnectionRecord, stored: StoredValue)? {
    guard let stored = try storage.get(Folder.connections + name) else { return nil }
    guard let record = ConnectionRecord(bytes: stored.bytes) else {
      throw StoreError.damaged("the database connection \(name) cannot be read; restore a snapshot")
    }
    return (record, stored)
  }

  static func noConnection(_ name: String) -> String { "failed to find entry for connection with name: \"\(name)\"" }

  /// The database of that connection, opened where it is not.
  /// - Throws: `DatabaseError` where there is no such connection, or it cannot be opened.
  func database(_ name: String) throws -> any DatabasePlugin {
    guard let (record, stored) = try connection(name) else { throw DatabaseError(Self.noConnection(name)) }
    return try databases.database(name, at: stored.index) { () throws(DatabaseError) in try open(record) }
  }

  /// Makes the plugin's value without keeping it.
  func open(_ record: ConnectionRecord) throws(DatabaseError) -> any DatabasePlugin {
    let type = try PluginCatalog.type(record.pluginName, version: record.pluginVersion, among: plugins)
    return try type.make(
      PluginSurroundings(details: record.details, secrets: record.secrets, random: context.random))
  }

  // MARK: Passwords

  /// A password by the role's policy, or else the connection's, or else of the engine's own kind.
  func newPassword(policy: String, connection: ConnectionRecord) throws -> SecretBytes {
    let policy = policy.isEmpty ? connection.passwordPolicy : policy
    return policy.isEmpty ? StandardPassword.make(context.random) : try context.password(policy)
  }
}
