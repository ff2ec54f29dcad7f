internal import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory
internal import StorageAPI

extension DatabaseMount {
  private static let settingFields: [FieldDescription] = [
    Fields.name.description, Fields.pluginName.description, Fields.pluginVersion.description,
    Fields.verifyConnection.description, Fields.allowedRoles.description, Fields.rootRotationStatements.description,
    Fields.passwordPolicy.description, Fields.rotationPeriod.description, Fields.rotationSchedule.description,
    Fields.rotationWindow.description, Fields.rotationPolicy.description,
    Fields.disableAutomatedRotation.description, Fields.skipStaticRoleImportRotation.description,
  ]

  static let connectionRoutes: [Route<DatabaseMount>] = [
    Route(
      "config/", summary: "The names of all connections",
      [.list: { mount, _ in .keys(try mount.storage.list(Folder.connections)) }]),
    Route(
      "config/{name}", traits: [.freeFields], fields: settingFields, summary: "A connection to a database",
      help: "All other fields are the plugin's: connection_url, username, password, username_template and so on.",
      exists: { mount, call in try mount.storage.get(Folder.connections + call.capture("name")) != nil },
      [
        .read: { mount, call in try mount.readConnection(call) },
        .update: { mount, call in try mount.writeConnection(call) },
        .delete: { mount, call in try mount.deleteConnection(call) },
      ]),
    Route(
      "reset/{name}", fields: [Fields.name.description],
      summary: "Closes a connection, which is opened again when it is used",
      [.update: { mount, call in try mount.resetConnection(call) }]),
    Route(
      "reload/{plugin_name}", fields: [Fields.pluginName.description],
      summary: "Closes all connections of one plugin, which are opened again when they are used",
      [.update: { mount, call in try mount.reloadPlugin(call) }]),
  ]

  private func readConnection(_ call: Call) throws -> Reply {
    guard let (record, _) = try connection(call.capture("name")) else { return .none }
    return .data(record.answer)
  }

  private func deleteConnection(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    try storage.delete(Folder.connections + name)
    databases.close(name)
    return .none
  }

  private func resetConnection(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    guard try connection(name) != nil else { throw EngineError.list(status: 400, [Self.noConnection(name)]) }
    databases.close(name)
    return .none
  }

  private func reloadPlugin(_ call: Call) throws -> Reply {
    let plugin = call.capture("plugin_name")
    let names = try storage.list(Folder.connections).filter { try connection($0)?.record.pluginName == plugin }
    for name in names { databases.close(name) }
    return .data(["connections": .strings(names), "count": .int(names.count)])
  }

  // MARK: Writing

  private func writeConnection(_ call: Call) throws -> Reply {
    let name = call.capture("name")
    let known = try connection(name)
    let pluginName = try call.value(Fields.pluginName) ?? known?.record.pluginName ?? ""
    if pluginName.isEmpty { throw EngineError.invalid("empty plugin name") }
    var record = known?.record ?? ConnectionRecord(pluginName: pluginName)
    record.pluginName = pluginName
    try Self.checkRotation(call)
    try record.apply(call)

    do {
      let database = try open(record)
      defer { database.close() }
      if record.isVerified {
        do throws(DatabaseError) { try database.verify() } catch {
          throw error.prefixed("error verifying connection: ")
        }
      }
    } catch let error as DatabaseError {
      throw EngineError.invalid("error creating database object: " + error.message)
    }

    var batch = WriteBatch()
    batch.put(Folder.connections + name, record.bytes)
    // What a rotation of the former password left behind is of no more use where there is another one.
    if call.fields["password"] != nil { batch.delete(Folder.rootRotations + name) }
    // Two that write at once: the second would take for granted what it read before the first.
    let key = Folder.connections + name
    batch.preconditions = [known.map { .unchanged(key: key, since: $0.stored.index) } ?? .absent(key: key)]
    _ = try storage.commit(batch)
    databases.close(name)
    guard record.showsPassword else { return .none }
    return .warning(
      "Password found in connection_url, use a templated url to enable root rotation and prevent read access to password "
        + "information.")
  }

  /// Automated rotation of the root password is not offered; what asks for it is refused.
  private static func checkRotation(_ call: Call) throws {
    let period = try call.value(Fields.rotationPeriod) ?? .zero
    let schedule = try call.value(Fields.rotationSchedule) ?? ""
    let window = try call.value(Fields.rotationWindow) ?? .zero
    if period > .zero && !schedule.isEmpty {
      throw EngineError.invalid(
        "mutually exclusive fields rotation_schedule and rotation_period were both specified; only one of them can be "
          + "provided")
    }
    if window > .zero && schedule.isEmpty {
      throw EngineError.invalid(
        period > .zero
          ? "rotation_window does not apply to period" : "cannot use rotation_window without rotation_schedule")
    }
    if period > .zero || !schedule.isEmpty {
      throw EngineError.invalid("rotation manager capabilities not supported: rotate with rotate-root")
    }
  }
}

extension ConnectionRecord {
  /// Takes over what the request has; what it does not have stays.
  fileprivate mutating func apply(_ call: Call) throws {
    typealias Fields = DatabaseMount.Fields
    if let value = try call.value(Fields.pluginVersion) { pluginVersion = value }
    if let value = try call.value(Fields.verifyConnection) { isVerified = value }
    if let value = try call.value(Fields.allowedRoles) { allowedRoles = value }
    if let value = try call.value(Fields.rootRotationStatements) { rootRotationStatements = value }
    if let value = try call.value(Fields.passwordPolicy) { passwordPolicy = value }
    if let value = try call.value(Fields.disableAutomatedRotation) { automatedRotationIsDisabled = value }
    if let value = try call.value(Fields.skipStaticRoleImportRotation) { skipsStaticRoleImportRotation = value }
    for member in call.fields.members where !Self.engineFields.contains(member.name) {
      if Self.secretNames.contains(member.name) {
        guard let text = try? Coercion.string(member.value) else {
          throw EngineError.invalid("error creating database object: \(member.name) must be a text")
        }
        secrets[member.name] = SecretBytes(copying: text.utf8)
      } else {
        details[member.name] = member.value
      }
    }
  }

  private static let engineFields: Set<String> = [
    "name", "plugin_name", "plugin_version", "verify_connection", "allowed_roles", "root_rotation_statements",
    "password_policy", "rotation_period", "rotation_schedule", "rotation_window", "rotation_policy",
    "disable_automated_rotation", "skip_static_role_import_rotation",
  ]
}
