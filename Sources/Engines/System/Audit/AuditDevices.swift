internal import EngineAPI
internal import JSONText
internal import Kernel

private enum Fields {
  static let path = Field.string("path", "The device's name.")
  static let type = Field.string("type", "Which kind of device: file, socket, syslog or http.", required: true)
  static let description = Field.string("description", "What the device is for.")
  static let options = Field.keyValues("options", "Options of the device, such as file_path.")
  static let local = Field.bool("local", "Kept out of replication.")
  static let input = Field.string("input", "The text to hash.", secret: true)
  static let hmac = Field.bool("hmac", "Whether the header's values are hashed.")
  static let header = Field.string("header", "The header's name.")
}

extension SystemEngine {
  static let auditRoutes: [Route<SystemEngine>] = [
    Route("audit/", traits: [.sudo, .dataAtTop], summary: "All audit devices", [.read: { try devices($1) }]),
    Route(
      "audit/{path...}", traits: [.sudo, .dataAtTop],
      fields: [
        Fields.path.description, Fields.type.description, Fields.description.description, Fields.options.description,
        Fields.local.description,
      ], summary: "One audit device: enable, disable",
      [.update: { try enableDevice($1) }, .delete: { try disableDevice($1) }]),
    Route(
      "audit-hash/{path...}", traits: [.dataAtTop], fields: [Fields.path.description, Fields.input.description],
      summary: "What a text looks like in a device's entries", [.update: { try hash($1) }]),
    Route(
      "audit-chain/{path...}", traits: [.sudo], fields: [Fields.path.description],
      summary: "The newest entry of a device that chains its entries", [.read: { try chainHead($1) }]),
    Route(
      "config/auditing/request-headers/", traits: [.sudo, .dataAtTop], summary: "Request headers that are recorded",
      [.read: { try auditedHeaders($1) }]),
    Route(
      "config/auditing/request-headers/{header:any}", traits: [.sudo, .dataAtTop, .foldedName],
      fields: [Fields.header.description, Fields.hmac.description], summary: "One request header that is recorded",
      [.read: { try auditedHeader($1) }, .update: { try auditHeader($1) }, .delete: { try stopAuditingHeader($1) }]),
  ]

  private static func devices(_ call: Call) throws -> Reply {
    .data(
      JSONObject(
        try call.active.state.audit.all.map { entry in
          (
            entry.path,
            [
              "description": .string(entry.description), "local": .bool(entry.local),
              "options": .object(
                JSONObject(entry.options.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
              "path": .string(entry.path), "type": .string(entry.type),
            ]
          )
        }))
  }

  private static func enableDevice(_ call: Call) throws -> Reply {
    let audit = try call.active.state.audit
    let entry = AuditTableEntry(
      path: MountPath.normalised(call.capture("path")), type: try call[Fields.type] ?? "",
      description: try call[Fields.description] ?? "", local: try call[Fields.local] ?? false,
      options: try call[Fields.options] ?? [:])
    let others = audit.all
    // Two devices in one file would write each other's chains and rotate each other's log.
    if entry.type == "file", let file = entry.options["file_path"], !file.isEmpty,
      others.contains(where: { $0.options["file_path"] == file }),
      !others.contains(where: { $0.path.hasPrefix(entry.path) || entry.path.hasPrefix($0.path) })
    {
      throw EngineError.invalid("file_path already in use: invalid configuration")
    }
    try audit.enable(entry)
    return .none
  }

  private static func disableDevice(_ call: Call) throws -> Reply {
    try call.active.state.audit.disable(MountPath.normalised(call.capture("path")))
    return .none
  }

  private static func hash(_ call: Call) throws -> Reply {
    guard let input = try call[Fields.input], !input.isEmpty else {
      throw EngineError.invalid("the \"input\" parameter is empty")
    }
    let path = MountPath.normalised(call.capture("path"))
    guard let hash = try call.active.state.audit.hash(path, input: input) else {
      throw EngineError.invalid("unknown audit backend \"\(path)\"")
    }
    return .data(["hash": .string(hash)])
  }

  private static func chainHead(_ call: Call) throws -> Reply {
    let path = MountPath.normalised(call.capture("path"))
    let audit = try call.active.state.audit
    guard audit.all.contains(where: { $0.path == path }) else {
      throw EngineError.invalid("unknown audit backend \"\(path)\"")
    }
    guard let head = audit.chainHead(path) else {
      throw EngineError.invalid("the audit device \"\(path)\" does not chain its entries")
    }
    return .data(["id": .string(head.id), "seq": .int(head.sequence), "hash": .string(head.hash)])
  }

  // MARK: Headers

  private static func auditedHeaders(_ call: Call) throws -> Reply {
    let headers = try call.active.state.audit.auditedHeaders.sorted { $0.key < $1.key }
    return .data(["headers": .object(JSONObject(headers.map { ($0.key, ["hmac": .bool($0.value)] as JSONValue) }))])
  }

  private static func auditedHeader(_ call: Call) throws -> Reply {
    let name = call.capture("header").lowercased()
    guard let isHashed = try call.active.state.audit.auditedHeaders[name] else {
      throw EngineError.invalid("Could not find header in config")
    }
    return .data(JSONObject([(name, ["hmac": .bool(isHashed)] as JSONValue)]))
  }

  private static func auditHeader(_ call: Call) throws -> Reply {
    try call.active.state.audit.auditHeader(call.capture("header"), isHashed: try call[Fields.hmac] ?? false)
    return .none
  }

  private static func stopAuditingHeader(_ call: Call) throws -> Reply {
    try call.active.state.audit.stopAuditingHeader(call.capture("header"))
    return .none
  }
}
