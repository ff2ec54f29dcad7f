internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let enable = Field.bool("enable", "Whether browsers of other origins may use the API.")
  static let origins = Field.strings("allowed_origins", "The origins that may, or `*`.")
  static let headers = Field.strings("allowed_headers", "Request headers that they may send beside the usual ones.")
  static let values = Field.strings("values", "The header's values.")
  static let multivalue = Field.bool("multivalue", "Answers a list.")
  static let header = Field.string("header", "The header's name.")
  static let subsystem = Field.string("subsystem", "What to read again.")
}

extension SystemEngine {
  static let configurationRoutes: [Route<SystemEngine>] = [
    Route(
      "config/cors", traits: [.sudo, .dataAtTop],
      fields: [Fields.enable.description, Fields.origins.description, Fields.headers.description],
      summary: "Which browsers may use the API",
      [.read: { try cors($1) }, .update: { try setCORS($1) }, .delete: { try clearCORS($1) }]),
    Route(
      "config/ui/headers/", traits: [.sudo], summary: "Headers of the interface's answers",
      [.list: { try headerNames($1) }]),
    Route(
      "config/ui/headers/{header:any}", traits: [.sudo, .foldedName],
      fields: [Fields.header.description, Fields.values.description, Fields.multivalue.description],
      summary: "One header of the interface's answers",
      [.read: { try header($1) }, .update: { try setHeader($1) }, .delete: { try removeHeader($1) }]),
    Route(
      "config/state/sanitized", summary: "The configuration without its secrets",
      [.read: { .data(try $1.session.node.settings.sanitizedConfiguration) }]),
    Route(
      "config/reload/{subsystem}", traits: [.sudo], fields: [Fields.subsystem.description],
      summary: "Reads a part of the configuration again", [.update: { try reload($1) }]),
  ]

  // MARK: CORS

  private static func cors(_ call: Call) throws -> Reply {
    let configuration = try call.active.state.cors.value
    guard configuration["enabled"] == true else { return .data(["enabled": false]) }
    return .data(configuration)
  }

  private static func setCORS(_ call: Call) throws -> Reply {
    let state = try call.active.state
    if try call[Fields.enable] == false { return try clearCORS(call) }
    let origins = try call[Fields.origins] ?? []
    guard !origins.isEmpty else {
      throw EngineError.list(status: 400, ["at least one origin or the wildcard must be provided"])
    }
    guard !origins.contains("*") || origins.count == 1 else {
      throw EngineError.list(status: 400, ["to allow all origins the '*' must be the only value for allowed_origins"])
    }
    let standard = [
      "Content-Type", "X-Requested-With", "X-Vault-AWS-IAM-Server-ID", "X-Vault-MFA", "X-Vault-No-Request-Forwarding",
      "X-Vault-Wrap-Format", "X-Vault-Wrap-TTL", "X-Vault-Policy-Override", "Authorization", "X-Vault-Token",
    ]
    let more = try call[Fields.headers] ?? []
    try state.cors.change { configuration in
      configuration = [
        "enabled": true, "allowed_origins": .strings(origins), "allowed_headers": .strings(standard + more),
      ]
    }
    return .none
  }

  private static func clearCORS(_ call: Call) throws -> Reply {
    try call.active.state.cors.change { $0 = [:] }
    return .none
  }

  // MARK: Headers

  private static func headerNames(_ call: Call) throws -> Reply {
    .keys(try call.active.state.responseHeaders.value.names.sorted())
  }

  private static func header(_ call: Call) throws -> Reply {
    guard let values = try call.active.state.responseHeaders.value[call.capture("header").lowercased()]?.arrayValue
    else { return .none }
    if try call[Fields.multivalue] == true { return .data(["values": .array(values)]) }
    return .data(["value": values.first ?? ""])
  }

  private static func setHeader(_ call: Call) throws -> Reply {
    let name = call.capture("header").lowercased()
    let values = try call[Fields.values] ?? []
    guard !values.isEmpty else { throw EngineError.invalid("header and values must be specified") }
    guard !name.hasPrefix("x-vault-") else { throw EngineError.invalid("X-Vault headers cannot be set") }
    for text in values + [name] where text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw EngineError.invalid("a header must not hold control characters")
    }
    try call.active.state.responseHeaders.change { $0[name] = .strings(values) }
    guard name == "content-security-policy" else { return .data(.null) }
    return .warning("overriding default Content-Security-Policy which is secure by default, proceed with caution")
  }

  private static func removeHeader(_ call: Call) throws -> Reply {
    try call.active.state.responseHeaders.change { $0[call.capture("header").lowercased()] = nil }
    return .none
  }

  private static func reload(_ call: Call) throws -> Reply {
    let subsystem = call.capture("subsystem")
    guard ["license", "log", "listener"].contains(subsystem) else {
      throw EngineError.invalid("unsupported subsystem \"\(subsystem)\"")
    }
    try call.session.node.composition.reload(subsystem)
    return .none
  }
}
