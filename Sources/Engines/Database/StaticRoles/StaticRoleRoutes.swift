internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

extension DatabaseMount {
  enum StaticFields {
    static let username = Field.string("username", "The user of the database, which is there already.", required: true)
    static let password = Field.string(
      "password", "The user's password as it is now, for a role that does not rotate it at once.", secret: true)
    static let selfManagedPassword = Field.string(
      "self_managed_password", "The user's password as it is now; rotations log in with it, as the user itself.",
      secret: true)
    static let rotationPeriod = Field.duration(
      "rotation_period", "How long a password lasts, at least 5 seconds. Not together with rotation_schedule.")
    static let rotationSchedule = Field.string(
      "rotation_schedule", "When passwords change: five fields as in cron, in UTC. Not together with rotation_period.")
    static let rotationWindow = Field.duration(
      "rotation_window", "How long after a time of the schedule it may still be done, at least an hour.")
    static let rotationStatements = Fields.statements(
      "rotation_statements", "Statements that change the password: {{name}}, {{password}}.")
    static let skipImportRotation = Field.bool(
      "skip_import_rotation", "Whether the user keeps its password when the role is made.")
  }

  /// How long a request waits for another that changes the same role.
  private static let patience = TimeSpan.seconds(30)

  static let staticRoleRoutes: [Route<DatabaseMount>] = [
    Route(
      "static-roles/", summary: "The names of all static roles",
      [.list: { mount, _ in .keys(try mount.storage.list(Folder.staticRoles)) }]),
    Route(
      "static-roles/{name}",
      fields: [
        Fields.name.description, Fields.connection.description, StaticFields.username.description,
        StaticFields.password.description, StaticFields.selfManagedPassword.description,
        StaticFields.rotationPeriod.description, StaticFields.rotationSchedule.description,
        StaticFields.rotationWindow.description, StaticFields.rotationStatements.description,
        StaticFields.skipImportRotation.description, Fields.credentialType.description,
        Fields.credentialConfig.description,
      ], summary: "A static role: a user that is there already, whose password is rotated",
      help: """
        The password is rotated when the role is made, unless skip_import_rotation says otherwise, and then after each \
        rotation_period or by the rotation_schedule. Deleting the role leaves the user as it is.
        """,
      exists: { mount, call in try mount.storage.get(Folder.staticRoles + call.capture("name")) != nil },
      [
        .read: { mount, call in
          guard let role = try mount.staticRole(call.capture("name")) else { return .none }
          return .data(role.answer)
        },
        .update: { mount, call in try mount.inTurn(call) { try mount.writeStaticRole(call) } },
        .delete: { mount, call in try mount.inTurn(call) { try mount.deleteStaticRole(call.capture("name")) } },
      ]),
    Route(
      "static-creds/{name}", fields: [Fields.name.description], summary: "The password of a static role as it is now",
      [.read: { mount, call in try mount.readStaticCredentials(call) }]),
    Route(
      "rotate-role/{name}", fields: [Fields.name.description], summary: "Rotates the password of a static role now",
      [.update: { mount, call in try mount.inTurn(call) { try mount.rotateNow(call.capture("name")) } }]),
  ]

  private func inTurn(_ call: Call, _ body: () throws -> Reply) throws -> Reply {
    guard let reply = try rotations.turn(call.capture("name"), patience: Self.patience, body) else {
      throw EngineError.list(status: 503, ["another change of this role is under way; try again"])
    }
    return reply
  }

  private func deleteStaticRole(_ name: String) throws -> Reply {
    try storage.transaction { transaction in
      transaction.delete(Folder.staticRoles + name)
      transaction.delete(Folder.staticRotations + name)
    }
    rotations.queue.withLock { $0.cancel(name) }
    return .none
  }

  private func readStaticCredentials(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard let role = try staticRole(name) else { throw EngineError.invalid("unknown role: \(name)") }
    _ = try connectionForRotation(of: name, role)
    return .data(role.credentials(now: call.now))
  }

  private func rotateNow(_ name: String) throws -> Reply {
    guard try staticRole(name) != nil else { throw EngineError.invalid("no static role found for role name") }
    try rotateForRequest(name)
    return .none
  }

  /// Rotates because a client wants it, and answers for what went wrong.
  func rotateForRequest(_ name: String, making new: StaticRoleRecord? = nil) throws {
    do { try rotate(name, making: new) } catch let failure as RotationFailure {
      let message = failure.error.message
      if failure.isToBeFinished {
        finishLater(name)
        throw EngineError.list(
          status: 500,
          [
            "unable to finish rotating credentials; retries will continue in the background but it is also safe to retry "
              + "manually: \(message)"
          ])
      }
      throw failure.error.isUnavailable ? failure.error.answer : EngineError.list(status: 400, [message])
    } catch let error as StoreError {
      finishLater(name)
      throw error
    }
  }

  private func finishLater(_ name: String) {
    let now = context.clock.now()
    let next = rotations.queue.withLock { queue -> Timestamp? in
      queue.failed(name, at: now)
      return queue.next()
    }
    if let next { context.requestWork(next) }
  }
}
