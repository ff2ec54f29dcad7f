internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

private enum Fields {
  static let name = Field.string("name", "The rule's name.")
  static let path = Field.string("path", "The mount, or a path below one, that it is for; empty for all requests.")
  static let rate = Field.double("rate", "So many requests in each interval.")
  static let interval = Field.duration("interval", "The interval; one second if not set.")
  static let block = Field.duration(
    "block_interval", "For so long a client that went beyond the rate is refused.")
  static let role = Field.string("role", "Only logins with that role.")
  static let inheritable = Field.bool("inheritable", "Whether namespaces below have the rule too.")
  static let grouping = Field.string("group_by", "`ip` for a count for each address, `none` for one for all.")
  static let secondaryRate = Field.double("secondary_rate", "For other groupings; ignored.")
  static let maxLeases = Field.int("max_leases", "So many leases and tokens may live at once.")
  static let type = Field.string("type", "`rate-limit` or `lease-count`.")
  static let exempt = Field.strings("rate_limit_exempt_paths", "Paths that no rule is for.")
  static let absolute = Field.strings("absolute_rate_limit_exempt_paths", "The same, from the root namespace on.")
  static let audits = Field.bool("enable_rate_limit_audit_logging", "Whether refused requests are recorded.")
  static let headers = Field.bool("enable_rate_limit_response_headers", "Whether answers tell what is left.")
}

extension SystemEngine {
  static let quotaRoutes: [Route<SystemEngine>] = [
    Route(
      "quotas/config",
      fields: [
        Fields.exempt.description, Fields.absolute.description, Fields.audits.description, Fields.headers.description,
      ], summary: "What is common to all rate limits",
      [.read: { .data(try $1.active.state.quotas.configuration.shown) }, .update: { try configureQuotas($1) }]),
    Route(
      "quotas/rate-limit/", summary: "The names of the rate limits",
      [.list: { .keys(try $1.active.state.quotas.rules.map(\.name)) }]),
    Route(
      "quotas/rate-limit/{name}",
      fields: [
        Fields.name.description, Fields.path.description, Fields.rate.description, Fields.interval.description,
        Fields.block.description, Fields.role.description, Fields.inheritable.description, Fields.grouping.description,
        Fields.secondaryRate.description, Fields.type.description,
      ], summary: "How many requests each client may make, and where",
      [
        .read: { try rateLimit($1) }, .update: { try setRateLimit($1) }, .delete: { try removeRateLimit($1) },
      ]),
    Route(
      "quotas/lease-count/", summary: "The names of the lease-count quotas",
      [.list: { .keys(try $1.active.state.leaseCounts.rules.map(\.name)) }]),
    Route(
      "quotas/lease-count/{name}",
      fields: [
        Fields.name.description, Fields.path.description, Fields.maxLeases.description, Fields.role.description,
        Fields.inheritable.description, Fields.type.description,
      ], summary: "How many leases may live at once, and where",
      [
        .read: { try leaseCount($1) }, .update: { try setLeaseCount($1) }, .delete: { try removeLeaseCount($1) },
      ]),
  ]

  private static func rateLimit(_ call: Call) throws -> Reply {
    guard let rule = try call.active.state.quotas.rule(call.capture("name")) else { return .none }
    return .data(rule.shown)
  }

  private static func setRateLimit(_ call: Call) throws -> Reply {
    let state = try call.active.state
    let rate = try call[Fields.rate] ?? 0
    guard rate > 0, rate.isFinite else { throw EngineError.invalid("'rate' is invalid") }
    let interval = try call[Fields.interval] ?? .zero
    let block = try call[Fields.block] ?? .zero
    var rule = RateLimit(name: call.capture("name"), path: try call[Fields.path] ?? "", rate: rate)
    rule.interval = interval == .zero ? .seconds(1) : interval
    rule.blockInterval = block
    if let text = try call[Fields.grouping], !text.isEmpty {
      guard let grouping = RateLimit.Grouping(rawValue: text) else {
        throw EngineError.invalid("invalid grouping mode \"\(text)\"")
      }
      rule.grouping = grouping
    }
    if try call[Fields.secondaryRate] ?? 0 != 0 {
      throw EngineError.invalid("secondary rate is only valid when using entity-based grouping")
    }
    try place(&rule, call)
    try state.quotas.set(rule)
    return .none
  }

  /// Finds out which requests the rule is for.
  private static func place(_ rule: inout some ScopedRule, _ call: Call) throws {
    rule.role = try call[Fields.role] ?? ""
    if rule.path.isEmpty {
      guard try call[Fields.inheritable] != false else {
        throw EngineError.invalid("all global quotas must be inheritable")
      }
      guard rule.role.isEmpty else { throw EngineError.invalid("a quota with a role needs the path of an auth mount") }
      rule.isInheritable = true
      return
    }
    let path = MountPath.normalised(rule.path)
    guard let (mount, rest) = try call.active.state.mounts.resolve(path) else {
      throw EngineError.invalid("invalid mount path \"\(path)\"")
    }
    rule.mount = mount.entry.requestPath
    rule.suffix = rest.hasSuffix("/") ? String(rest.dropLast()) : rest
    rule.path = rule.mount + rule.suffix
    if !rule.role.isEmpty {
      guard rule.suffix.isEmpty else {
        throw EngineError.invalid(
          "Quotas cannot contain both a path suffix and a role. If a role is provided, path must be a valid auth mount "
            + "with a concept of roles")
      }
      guard mount.entry.mountClass == .auth else {
        throw EngineError.invalid(
          "Mount path \"\(rule.mount)\" is not a valid auth method and therefore unsuitable for use with role-based quotas"
        )
      }
    }
    guard try call[Fields.inheritable] != true else {
      throw EngineError.invalid("only namespace quotas can be configured as inheritable")
    }
    rule.isInheritable = false
  }

  private static func leaseCount(_ call: Call) throws -> Reply {
    guard let (rule, count) = try call.active.state.leaseCounts.rule(call.capture("name")) else { return .none }
    return .data(rule.shown(counter: count))
  }

  private static func setLeaseCount(_ call: Call) throws -> Reply {
    let most = try call[Fields.maxLeases] ?? 0
    guard most > 0 else { throw EngineError.invalid("'max_leases' is invalid") }
    var rule = LeaseCount(name: call.capture("name"), path: try call[Fields.path] ?? "", maxLeases: most)
    try place(&rule, call)
    try call.active.state.leaseCounts.set(rule)
    return .none
  }

  private static func removeLeaseCount(_ call: Call) throws -> Reply {
    try call.active.state.leaseCounts.remove(call.capture("name"))
    return .none
  }

  private static func removeRateLimit(_ call: Call) throws -> Reply {
    try call.active.state.quotas.remove(call.capture("name"))
    return .none
  }

  private static func configureQuotas(_ call: Call) throws -> Reply {
    // A write says all of it: what it does not name is empty or off from then on.
    let exempt = try call[Fields.exempt] ?? []
    let absolute = try call[Fields.absolute] ?? []
    let audits = try call[Fields.audits] ?? false
    let headers = try call[Fields.headers] ?? false
    try call.active.state.quotas.configure { configuration in
      configuration.exemptPaths = exempt
      configuration.absoluteExemptPaths = absolute
      configuration.auditsRefusals = audits
      configuration.showsHeaders = headers
    }
    return .none
  }
}
