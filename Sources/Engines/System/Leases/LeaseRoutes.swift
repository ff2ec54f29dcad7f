internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Leases
internal import Primitives

private enum Fields {
  static let leaseID = Field.string("lease_id", "The lease's id.", required: true)
  static let urlLeaseID = Field.string("url_lease_id", "The lease's id, in the path.")
  static let increment = Field<TimeSpan>.duration("increment", "How long the secret is to live from now on.")
  static let sync = Field.bool("sync", "Answer when the secret has been given back; it is so where nothing is said.")
  static let prefix = Field.string("prefix", "The beginning of the ids, by whole parts between slashes.")
  static let type = Field.string("type", "Which leases: `irrevocable`.", required: true)
  static let limit = Field.string("limit", "How many leases are listed at most; `none` for all.")
  static let childNamespaces = Field.bool("include_child_namespaces", "Those of the namespaces below, too.")

  static let renewing = [leaseID.description, urlLeaseID.description, increment.description]
  static let revoking = [leaseID.description, urlLeaseID.description, sync.description]
  static let revokingPrefix = [prefix.description, sync.description]
}

extension SystemEngine {
  /// `sys/leases/…`, and the paths that some of it had before.
  static let leaseRoutes: [Route<SystemEngine>] =
    [
      Route(
        "leases", traits: .sudo,
        fields: [Fields.type.description, Fields.limit.description, Fields.childNamespaces.description],
        summary: "Leases that could not be revoked", [.read: { try list($1) }]),
      Route(
        "leases/count", fields: [Fields.type.description, Fields.childNamespaces.description],
        summary: "How many leases could not be revoked, by mount", [.read: { try count($1) }]),
      Route(
        "leases/lookup", fields: [Fields.leaseID.description], summary: "Properties of a lease",
        [.update: { try look(up: try id($1), $1) }]),
      Route(
        "leases/lookup/{prefix...?}", traits: .sudo, fields: [Fields.prefix.description],
        summary: "The leases below a path, level by level",
        [.list: { .keys(try $1.active.state.leases.names(below: $1.capture("prefix"))) }]),
      Route(
        "leases/tidy", summary: "Put the records of leases in order", help: "Runs in the background.",
        [.update: { try tidy($1) }]),
    ]
    + ["leases/", ""].flatMap(leaseChanges)

  private static func leaseChanges(below folder: String) -> [Route<SystemEngine>] {
    let isOld = folder.isEmpty
    let note = isOld ? "The old name of sys/leases/…" : ""
    func pattern(_ text: String) -> PathPattern { PathPattern(stringLiteral: folder + text) }
    return [
      Route(
        pattern("renew"), fields: Fields.renewing, summary: "Prolong a lease", help: note,
        [.update: { try renew(try id($1), $1) }]),
      Route(
        pattern("renew/{url_lease_id...}"), fields: Fields.renewing, summary: "Prolong a lease", help: note,
        [.update: { try renew($1.capture("url_lease_id"), $1) }]),
      Route(
        pattern("revoke"), fields: Fields.revoking, summary: "End a lease and give its secret back", help: note,
        [.update: { try revoke(try id($1), $1) }]),
      Route(
        pattern("revoke/{url_lease_id...}"), fields: Fields.revoking, summary: "End a lease and give its secret back",
        help: note, [.update: { try revoke($1.capture("url_lease_id"), $1) }]),
      Route(
        pattern("revoke-prefix/{prefix...}"), traits: .sudo, fields: Fields.revokingPrefix,
        summary: "End all leases and tokens below a path", help: note, [.update: { try revokePrefix($1) }]),
      Route(
        pattern("revoke-force/{prefix...}"), traits: .sudo, fields: [Fields.prefix.description],
        summary: "Forget all leases below a path, even where the secrets cannot be given back",
        help: "The secrets may go on working. " + note, [.update: { try revokeForce($1) }]),
    ]
  }

  private static func id(_ call: Call) throws -> String {
    guard let id = try call[Fields.leaseID], !id.isEmpty else {
      throw EngineError.invalid("lease_id must be specified")
    }
    return id
  }

  private static func look(up id: String, _ call: Call) throws -> Reply {
    guard let face = try call.active.state.leases.face(id, now: call.now) else {
      throw EngineError.invalid("invalid lease")
    }
    return .data(face.lookupObject(now: call.now))
  }

  private static func renew(_ id: String, _ call: Call) throws -> Reply {
    let increment = try call[Fields.increment] ?? .zero
    let (lease, warnings) = try call.active.state.leases.renew(id, increment: increment, now: call.now)
    var reply = Reply(.data(.null), warnings: warnings)
    reply.leaseID = lease.id
    reply.isRenewable = lease.renewable
    reply.leaseDuration = lease.ttl.seconds
    return reply
  }

  private static func revoke(_ id: String, _ call: Call) throws -> Reply {
    let sync = try call[Fields.sync] ?? true
    try call.active.state.leases.revoke(id, sync: sync, now: call.now)
    return Reply(.none, status: sync ? 204 : 202)
  }

  private static func revokePrefix(_ call: Call) throws -> Reply {
    let sync = try call[Fields.sync] ?? true
    try call.active.state.leases.revokePrefix(call.capture("prefix"), sync: sync, now: call.now)
    return Reply(.none, status: sync ? 204 : 202)
  }

  private static func revokeForce(_ call: Call) throws -> Reply {
    try call.active.state.leases.revokeForce(call.capture("prefix"), now: call.now)
    return .none
  }

  private static func tidy(_ call: Call) throws -> Reply {
    // Where it is under way already, one that began a moment ago is as good as another one.
    _ = try call.active.state.leases.startTidying()
    return .warning(
      "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
      status: 202)
  }

  // MARK: Leases that could not be revoked

  private static func count(_ call: Call) throws -> Reply {
    guard try call[Fields.type] == "irrevocable" else { return .none }
    var counts: [String: Int] = [:]
    for lease in try call.active.state.leases.irrevocable() { counts[lease.mountPath, default: 0] += 1 }
    return .data([
      "counts": .object(JSONObject(counts.sorted { $0.key < $1.key }.map { ($0.key, .int(Int64($0.value))) })),
      "lease_count": .int(Int64(counts.values.reduce(0, +))),
    ])
  }

  private static let usualLimit = 10_000

  private static func list(_ call: Call) throws -> Reply {
    guard try call[Fields.type] == "irrevocable" else { return .none }
    let leases = try call.active.state.leases
    let limit = try limit(call)
    let found = try leases.irrevocable(limit: limit)
    let count = try leases.irrevocableCount()
    return .data(
      [
        "lease_count": .int(Int64(count)),
        "leases": .array(found.map { ["error": .string($0.failure), "lease_id": .string($0.id)] }),
      ],
      warnings: count > limit ? ["only \(limit) of \(count) leases are listed; use limit=none for all"] : [])
  }

  private static func limit(_ call: Call) throws -> Int {
    guard let text = try call[Fields.limit], !text.isEmpty else { return usualLimit }
    if text == "none" { return .max }
    guard let limit = Int(text), limit > 0 else {
      throw EngineError.invalid("invalid 'limit' provided: it must be a number above 0 or \"none\"")
    }
    return limit
  }
}
