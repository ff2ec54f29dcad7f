internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let path = Field.string("path", "Where the engine is mounted.")
  static let type = Field.string("type", "Which engine it is.", required: true)
  static let config = Field.object("config", "Times, lists and switches of the mount; see tune.")
  static let local = Field.bool("local", "Kept out of replication.")
  static let sealWrap = Field.bool("seal_wrap", "Accepted for old clients.")
  static let entropy = Field.bool("external_entropy_access", "Accepted for old clients.")
  static let pluginName = Field.string("plugin_name", "The engine's name where `type` is `plugin`.", deprecated: true)
  static let from = Field.string("from", "Where the mount is.", required: true)
  static let to = Field.string("to", "Where it shall be.", required: true)

  static let enabling: [FieldDescription] = [
    path.description, type.description, config.description, local.description, sealWrap.description,
    entropy.description, pluginName.description, MountTuning.description.description, MountTuning.options.description,
    MountTuning.pluginVersion.description,
  ]
}

extension SystemEngine {
  static let mountRoutes: [Route<SystemEngine>] = [
    Route("mounts/", traits: [.dataAtTop], summary: "All secrets engines", [.read: { try list(.secret, $1) }]),
    Route(
      "mounts/auth/{path:any}/tune", traits: [.dataAtTop], fields: MountTuning.fields,
      summary: "Times and switches of an auth method",
      [.read: { try tuning(.auth, $1) }, .update: { try tune(.auth, $1) }]),
    // The path may have several segments, so that these routes take the whole rest and look at its end themselves.
    Route(
      "mounts/{path...}", traits: [.dataAtTop], fields: Fields.enabling + MountTuning.fields,
      summary: "One secrets engine: enable, read, tune (below /tune), disable",
      [
        .read: { try read(.secret, $1) }, .update: { try write(.secret, $1) }, .delete: { try disable(.secret, $1) },
      ]),
  ]

  static let authMountRoutes: [Route<SystemEngine>] = [
    Route("auth/", traits: [.dataAtTop], summary: "All auth methods", [.read: { try list(.auth, $1) }]),
    Route(
      "auth/{path...}", traits: [.dataAtTop, .sudo], fields: Fields.enabling + MountTuning.fields,
      summary: "One auth method: enable, read, tune (below /tune), disable",
      [.read: { try read(.auth, $1) }, .update: { try write(.auth, $1) }, .delete: { try disable(.auth, $1) }]),
  ]

  static let remountRoutes: [Route<SystemEngine>] = [
    Route(
      "remount", traits: [.sudo, .dataAtTop], fields: [Fields.from.description, Fields.to.description],
      summary: "Moves a mount to another path", [.update: { try remount($1) }]),
    Route(
      "remount/status/{id}", summary: "How a move of a mount went", [.read: { try migration($1) }]),
  ]

  // MARK: Reading

  private static func list(_ mountClass: MountClass, _ call: Call) throws -> Reply {
    let table = try call.active.state.mounts
    return .data(
      JSONObject(table.all(mountClass).map { ($0.entry.path, .object(MountInfo.object($0, in: table))) }))
  }

  private static func read(_ mountClass: MountClass, _ call: Call) throws -> Reply {
    if call.path.hasSuffix("/tune") { return try tuning(mountClass, call) }
    let table = try call.active.state.mounts
    let path = MountPath.normalised(call.capture("path"))
    // The one table is asked for the mount that a path lies in, the other for that very path.
    guard let mount = mountClass == .auth ? table.mount(.auth, path) : table.resolve(path)?.mount else {
      throw EngineError.invalid(
        mountClass == .auth ? "No auth engine at \(path)" : "No secret engine mount at \(path)")
    }
    return .data(MountInfo.object(mount, in: table))
  }

  private static func tuning(_ mountClass: MountClass, _ call: Call) throws -> Reply {
    let table = try call.active.state.mounts
    let path = MountPath.tuned(call, mountClass)
    guard let mount = table.resolve(path)?.mount else {
      throw EngineError.invalid("cannot fetch sysview for path \"\(path)\"")
    }
    return .data(MountInfo.tuning(mount.entry, table.settings(of: mount.entry)))
  }

  // MARK: Enabling

  private static func write(_ mountClass: MountClass, _ call: Call) throws -> Reply {
    call.path.hasSuffix("/tune") ? try tune(mountClass, call) : try enable(mountClass, call)
  }

  private static func enable(_ mountClass: MountClass, _ call: Call) throws -> Reply {
    let (session, state) = try call.active
    let path = MountPath.normalised(call.capture("path"))
    var name = try call[Fields.type] ?? ""
    guard !name.isEmpty else { throw EngineError.invalid("backend type must be specified as a string") }
    if name == "plugin" {
      name = try call[Fields.pluginName] ?? ""
      guard !name.isEmpty else { throw EngineError.invalid("plugin_name must be provided for plugin backend") }
    }
    try MountPath.check(path)
    if mountClass == .secret, let reserved = BuiltinMounts.reserved.first(where: path.hasPrefix), !reserved.isEmpty {
      throw EngineError.invalid("cannot mount \"\(path)\"")
    }
    if mountClass == .auth && name == "token" && path != "token/" {
      throw EngineError.invalid("token credential backend cannot be instantiated")
    }
    if mountClass == .secret, ["cubbyhole", "identity", "system", "token"].contains(name) {
      throw EngineError.invalid("mount type of \"\(name)\" is not mountable")
    }
    guard let named = state.mounts.type(name, mountClass) else {
      throw EngineError.invalid("plugin not found in the catalog: \(name)")
    }
    let type = named.type
    if type.isSingleton && type.name != "token" {
      throw EngineError.invalid("mount type of \"\(type.name)\" is not mountable")
    }

    let config = try call[Fields.config] ?? [:]
    if let wanted = try call[MountTuning.pluginVersion] ?? config[MountTuning.pluginVersion.name]?.stringValue {
      guard try wanted.isEmpty || PluginVersion.canonical(wanted) == type.version else {
        throw EngineError.invalid(
          "cannot select non-builtin version of \(mountClass == .auth ? "auth" : "secrets") plugin \(name)")
      }
    }
    var options = try call[MountTuning.options] ?? [:]
    options.merge(named.options) { _, implied in implied }
    if type.name == "kv", let version = options["version"], version != "1" && version != "2" {
      throw EngineError.invalid("nil backend of type \"kv\" returned from factory")
    }
    if options["version"] != nil && type.name != "kv" {
      let kind = mountClass == .auth ? "auth method" : "secrets engine"
      throw EngineError.invalid("\(kind) \"\(type.name)\" does not allow setting a version")
    }
    var entry = BuiltinMounts.entry(
      mountClass, path, named.shownName, try call[MountTuning.description] ?? "", random: state.random)
    entry.options = options
    entry.local = try call[Fields.local] ?? false
    entry.sealWrap = try call[Fields.sealWrap] ?? false
    entry.externalEntropyAccess = try call[Fields.entropy] ?? false
    if mountClass == .auth { entry.configuration.tokenType = "default-service" }
    try MountTuning.enable(with: config, &entry)
    let times = entry.configuration
    if times.maxTTL > .zero && times.defaultTTL > times.maxTTL {
      throw EngineError.invalid("given default lease TTL greater than given max lease TTL")
    }
    let systemMaximum = session.node.settings.maxLeaseTTL
    if times.maxTTL == .zero && times.defaultTTL > systemMaximum {
      throw EngineError.invalid("given default lease TTL greater than system max lease TTL of \(systemMaximum.seconds)")
    }
    try state.mounts.add(entry, type)
    session.node.log.info("enabled", [("path", entry.requestPath), ("type", entry.type)])
    return .none
  }

  // MARK: Tuning

  private static func tune(_ mountClass: MountClass, _ call: Call) throws -> Reply {
    let (_, state) = try call.active
    let path = MountPath.tuned(call, mountClass)
    if BuiltinMounts.untunable.contains(where: path.hasPrefix) {
      throw EngineError.invalid("cannot tune \"\(path)\"")
    }
    // What lies in a mount is read as the mount, but only the mount's own name changes it.
    guard let mount = state.mounts.resolve(path)?.mount, mount.entry.requestPath == path else {
      throw EngineError.invalid("tune of path \"\(path)\" failed: no mount entry found")
    }
    var upgrade: String?
    let changedOptions = try call[MountTuning.options]
    try state.mounts.change(mount) { entry in
      try MountTuning.tune(with: call.fields, &entry)
      if let description = try call[MountTuning.description] { entry.description = description }
      if let wanted = try call[MountTuning.pluginVersion] {
        let version = try wanted.isEmpty ? "" : PluginVersion.canonical(wanted)
        guard version.isEmpty || version == mount.type.version else {
          throw EngineError.invalid("plugin not found in the catalog: \(entry.type), version=\(version)")
        }
        entry.pluginVersion = version
      }
      if let changedOptions { upgrade = try Self.changeOptions(of: &entry, changedOptions) }
    }
    guard let upgrade else { return .none }
    return .warning(upgrade)
  }

  /// - Returns: a warning where the mount is about to be upgraded.
  private static func changeOptions(of entry: inout MountEntry, _ changes: [String: String]) throws -> String? {
    var options = entry.options ?? [:]
    let isVersioned = entry.type == "kv" || entry.type == "generic"
    var warning: String?
    if isVersioned, let text = changes["version"] {
      let before = options["version"].flatMap(Int.init) ?? 0
      guard let after = text.isEmpty ? 0 : Int(text) else {
        throw EngineError.invalid("unable to parse options: strconv.ParseInt: parsing \"\(text)\": invalid syntax")
      }
      guard after == 1 || after == 2 else { throw EngineError.invalid("invalid version provided: \(after)") }
      guard before <= after else { throw EngineError.invalid("cannot downgrade mount from version \(before)") }
      if before < after {
        warning =
          "Upgrading mount from version \(before) to version \(after). This mount will be unavailable for a brief "
          + "period and will resume service shortly."
      }
    }
    for (name, value) in changes { options[name] = value.isEmpty ? nil : value }
    entry.options = options
    return warning
  }

  // MARK: Moving and disabling

  private static func disable(_ mountClass: MountClass, _ call: Call) throws -> Reply {
    if call.path.hasSuffix("/tune") { throw EngineError.unsupportedOperation }
    let (session, state) = try call.active
    let path = MountPath.normalised(call.capture("path"))
    if mountClass == .secret && BuiltinMounts.reserved.contains(where: path.hasPrefix) {
      throw EngineError.invalid("cannot unmount \"\(path)\"")
    }
    if mountClass == .auth && path == "token/" {
      throw EngineError.invalid("token credential backend cannot be disabled")
    }
    guard let mount = state.mounts.mount(mountClass, path) else { return .none }
    try state.mounts.remove(mount) {
      let (path, now) = (mount.entry.requestPath, state.clock.now())
      // Nobody can ask an engine that is not there to take its secrets back.
      if mount.isServed {
        try state.leases.revokePrefix(path, now: now)
      } else {
        try state.leases.revokeForce(path, now: now)
      }
    }
    session.node.log.info("disabled", [("path", mount.entry.requestPath), ("type", mount.entry.type)])
    return .none
  }

  private static func remount(_ call: Call) throws -> Reply {
    let (session, state) = try call.active
    let (source, target) = (try call[Fields.from] ?? "", try call[Fields.to] ?? "")
    guard !source.isEmpty && !target.isEmpty else {
      throw EngineError.invalid("both 'from' and 'to' path must be specified as a string")
    }
    for (name, path) in [("from", source), ("to", target)] where path.first == " " || path.last == " " {
      throw EngineError.invalid("'\(name)' path cannot contain trailing whitespace")
    }
    let (from, to) = (MountPath.normalised(source), MountPath.normalised(target))
    try MountPath.checkDestination(to)
    if MountPath.auth(from) != nil {
      guard MountPath.auth(to) != nil else {
        throw EngineError.invalid("cannot remount auth mount to non-auth mount \"\(to)\"")
      }
      if from == "auth/token/" { throw EngineError.invalid("cannot remount \"\(from)\"") }
      if to.hasPrefix("auth/token/") { throw EngineError.invalid("cannot remount to destination \"\(to)\"") }
    } else {
      if BuiltinMounts.reserved.contains(where: from.hasPrefix) {
        throw EngineError.invalid("cannot remount \"\(from)\"")
      }
      if BuiltinMounts.reserved.contains(where: to.hasPrefix) {
        throw EngineError.invalid("cannot remount to destination \(to)")
      }
    }
    let mountClass: MountClass = MountPath.auth(from) == nil ? .secret : .auth
    guard let mount = state.mounts.mount(mountClass, MountPath.auth(from) ?? from) else {
      throw EngineError.invalid("no matching mount at \"\(from)\"")
    }
    if let taken = from == to ? mount.entry : state.mounts.conflict(with: to, moving: mount) {
      throw EngineError.invalid("path already in use at \"\(taken.requestPath)\"")
    }
    let id = state.random.uuid()
    let details = [("from", from), ("to", to), ("migration_id", id)]
    // Clients ask by the id what became of it; that leases are in the way they learn there.
    var obstacle: EngineError?
    do {
      try state.mounts.move(mount, to: MountPath.auth(to) ?? to) {
        do { try state.leases.revokePrefix(from, now: state.clock.now()) } catch {
          obstacle = error as? EngineError
          throw error
        }
      }
      session.node.log.info("moved a mount", details)
    } catch {
      guard let obstacle else { throw error }
      session.node.log.error(
        "a mount could not be moved", details + [("error", obstacle.messages.joined(separator: "; "))])
    }
    let status = obstacle == nil ? "success" : "failure"
    state.migrations.record(id, .init(source: from, target: to, status: status))
    return .data(
      ["migration_id": .string(id)],
      warnings: [
        "Mount move has been queued. Progress will be reported in Vault's server log, tagged with the returned migration_id"
      ])
  }

  private static func migration(_ call: Call) throws -> Reply {
    let id = call.capture("id")
    guard let migration = try call.active.state.migrations[id] else { return .none }
    return .data([
      "migration_id": .string(id),
      "migration_info": [
        "source_mount": .string(migration.source), "target_mount": .string(migration.target),
        "status": .string(migration.status),
      ],
    ])
  }
}

/// Paths of mounts as clients write them.
enum MountPath {
  /// Without slashes at the beginning, with one at the end.
  static func normalised(_ path: String) -> String {
    var path = path[...]
    while path.first == "/" { path = path.dropFirst() }
    while path.last == "/" { path = path.dropLast() }
    return path + "/"
  }

  /// The path below `/v1/` of the mount that a request to `…/tune` is about.
  static func tuned(_ call: Call, _ mountClass: MountClass) -> String {
    let path = call.capture("path")
    let mount = path.hasSuffix("/tune") ? String(path.dropLast(5)) : path
    return (mountClass == .auth ? "auth/" : "") + normalised(mount)
  }

  /// - Throws: for a path with empty segments or dots, naming the path that it comes down to.
  static func checkDestination(_ path: String) throws(EngineError) {
    var kept: [Substring] = []
    for segment in path.split(separator: "/") where segment != "." {
      if segment == ".." { _ = kept.popLast() } else { kept.append(segment) }
    }
    let clean = kept.joined(separator: "/") + "/"
    guard path == clean else {
      throw .invalid("invalid destination mount: path '\(path)' does not match cleaned path '\(clean)'")
    }
    guard path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
      throw .invalid("invalid destination mount: path cannot contain non-printable characters")
    }
  }

  /// The rest below `auth/`; nil for a path that is not there.
  static func auth(_ path: String) -> String? { path.hasPrefix("auth/") ? String(path.dropFirst(5)) : nil }

  static func check(_ path: String) throws(EngineError) {
    for segment in path.dropLast().split(separator: "/", omittingEmptySubsequences: false) {
      if segment.isEmpty || segment == "." || segment == ".." {
        throw .invalid("path \"\(path)\" is not a path that something can be mounted at")
      }
      if segment.first == " " || segment.last == " " {
        throw .invalid("path \"\(path)\" has a segment that begins or ends with a blank")
      }
    }
  }
}
