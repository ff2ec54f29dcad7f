internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory
internal import StorageAPI

extension DatabaseMount {
  static let credentialRoutes: [Route<DatabaseMount>] = [
    Route(
      "creds/{name}", fields: [Fields.name.description], summary: "Credentials of a new user, with a lease",
      [.read: { mount, call in try mount.issue(call) }])
  ]

  /// How much later than the lease's end the database itself refuses the user.
  static let grace = TimeSpan.seconds(5)

  private func issue(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let role = try role(name) else { throw EngineError.invalid("unknown role: \(name)") }
    guard let (connection, _) = try connection(role.connection) else {
      throw EngineError.list(status: 400, [Self.noConnection(role.connection)])
    }
    guard connection.allows(role: name) else {
      throw EngineError.list(status: 400, ["\"\(name)\" is not an allowed role"])
    }
    let plugin = plugins.first { $0.name == connection.pluginName }
    guard plugin?.credentialTypes.contains(role.credential.type) == true else {
      throw EngineError.invalid("unsupported credential_type: \"\(role.credential.type.rawValue)\"")
    }
    if role.creationStatements.isEmpty { throw EngineError.list(status: 400, ["empty creation statements"]) }

    let settings = context.settings()
    var limits = LifeSpan.Limits(defaultTTL: settings.uncappedDefaultTTL, maxTTL: settings.maxTTL)
    limits.methodMaxTTL = role.maxTTL
    guard let life = LifeSpan.granted(role.defaultTTL, within: limits, age: .zero) else {
      throw EngineError.invalid("no time to live is left")
    }
    do {
      let database = try database(role.connection)
      let username = try database.username(
        for: UsernameSubject(displayName: call.principal?.displayName ?? "", roleName: name, now: call.now),
        template: role.credential.nameTemplate)
      let end = call.now + life.ttl + Self.grace
      let credential = try makeCredential(
        role.credential, username: username, connection: connection, now: call.now, until: end)
      return try create(
        NewUser(
          name: username, credential: credential.kept, expiration: end,
          statements: role.creationStatements, rollbackStatements: role.rollbackStatements),
        role: role, named: name, in: database, credential: credential, now: call.now)
    } catch let error as DatabaseError {
      throw error.answer
    }
  }

  private func create(
    _ user: NewUser, role: RoleRecord, named name: String, in database: any DatabasePlugin,
    credential: IssuedCredential, now: Timestamp
  ) throws -> Reply {
    let id = context.random.uuid()
    let key = Folder.creations + id
    let record = CreationRecord(
      connection: role.connection, role: name, username: user.name, revocationStatements: role.revocationStatements,
      begun: now)
    creations.withLock { $0.begin(id) }
    var batch = WriteBatch()
    batch.put(key, record.bytes)
    let index: CommitIndex
    do {
      index = try storage.commit(batch)
      try database.createUser(user)
    } catch {
      abandon(id, outcomeIsKnown: (error as? DatabaseError)?.isOutcomeUnknown == false)
      throw error
    }
    creations.withLock { $0.handOver(id, context.clock.now()) }
    context.requestWork(context.clock.now() + RunningCreations.patience)

    var lease = LeaseRequest(
      kind: Self.leaseKind, internalData: LeasedUser(role: role, named: name, username: user.name, creation: id).data,
      ttl: role.defaultTTL, maxTTL: role.maxTTL, renewable: credential.isRenewable)
    var settling = WriteBatch()
    settling.delete(key)
    settling.preconditions = [.unchanged(key: key, since: index)]
    lease.settling = storage.absolute(settling)
    var reply = Reply.data(credential.answer)
    reply.lease = lease
    return reply
  }

  /// Ends a creation that failed: at once where there is certainly no user, otherwise in the background.
  private func abandon(_ id: String, outcomeIsKnown: Bool) {
    creations.withLock { $0.forget(id) }
    if outcomeIsKnown, (try? storage.delete(Folder.creations + id)) != nil { return }
    context.requestWork(context.clock.now())
  }
}
