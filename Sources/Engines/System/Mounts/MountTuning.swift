internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

/// What can be set about a mount when it is enabled (in `config`) and tuned (at the top).
enum MountTuning {
  static let defaultTTL = Field.string("default_lease_ttl", "The usual life of what this mount gives out.")
  static let maxTTL = Field.string("max_lease_ttl", "The longest life of what this mount gives out.")
  static let description = Field.string("description", "What the mount is for.")
  static let visibility = Field.string("listing_visibility", "`unauth` shows the mount to clients without a token.")
  static let requestKeys = Field.commaStrings(
    "audit_non_hmac_request_keys", "Request fields that the audit log holds in the clear.")
  static let responseKeys = Field.commaStrings(
    "audit_non_hmac_response_keys", "Answer fields that the audit log holds in the clear.")
  static let passthrough = Field.commaStrings("passthrough_request_headers", "Request headers that the engine sees.")
  static let responseHeaders = Field.commaStrings("allowed_response_headers", "Answer headers that the engine may set.")
  static let managedKeys = Field.commaStrings("allowed_managed_keys", "Managed keys that the engine may use.")
  static let delegated = Field.commaStrings(
    "delegated_auth_accessors", "Auth methods that the engine may pass requests on to.")
  static let identityKey = Field.string("identity_token_key", "The key that signs the mount's identity tokens.")
  static let trim = Field.bool("trim_request_trailing_slashes", "Accepts writes to paths that end in a slash.")
  static let noCache = Field.bool("force_no_cache", "Accepted for old clients; nothing is cached above storage.")
  static let tokenType = Field.string("token_type", "Which kind of token logins get.")
  static let lockout = Field.object("user_lockout_config", "When failing logins lock a user out.")
  static let options = Field.keyValues("options", "Options of the engine, such as the version of a KV store.")
  static let pluginVersion = Field.string("plugin_version", "Accepted where it names the version that is built in.")

  static let fields: [FieldDescription] = [
    defaultTTL.description, maxTTL.description, description.description, visibility.description,
    requestKeys.description, responseKeys.description, passthrough.description, responseHeaders.description,
    managedKeys.description, delegated.description, identityKey.description, trim.description, noCache.description,
    tokenType.description, lockout.description, options.description, pluginVersion.description,
  ]

  /// Applies the `config` of a mount that is being enabled.
  static func enable(with config: JSONObject, _ entry: inout MountEntry) throws(EngineError) {
    let isAuth = entry.mountClass == .auth
    let kind = isAuth ? "auth" : "mount"
    guard config.members.allSatisfy({ isOfItsKind($0.name, $0.value) }) else {
      throw .invalid("unable to convert given \(kind) config information")
    }
    if let raw = config[defaultTTL.name] {
      entry.configuration.defaultTTL =
        try time(raw, "default", error: { "unable to parse default TTL of \($0): \($1)" }) ?? .zero
    }
    if let raw = config[maxTTL.name] {
      entry.configuration.maxTTL = try time(raw, "max", error: { "unable to parse max TTL of \($0): \($1)" }) ?? .zero
    }
    if let raw = config[noCache.name] { entry.configuration.forceNoCache = try noCache.decode(raw) }
    if isAuth, let raw = config[tokenType.name] { entry.configuration.tokenType = try tokenType(raw) }
    if isAuth, let raw = config[lockout.name], !raw.isNull {
      try LockoutTuning.apply(try lockout.decode(raw), to: &entry)
    }
    try applyCommon(config, to: &entry.configuration)
  }

  /// Whether a member of `config` has the JSON type that it must have; what is unknown may be anything.
  private static func isOfItsKind(_ name: String, _ value: JSONValue) -> Bool {
    if value.isNull { return true }
    let isText = value.stringValue != nil || value.numberValue != nil
    switch name {
    case defaultTTL.name, maxTTL.name, visibility.name, identityKey.name, tokenType.name, pluginVersion.name:
      return isText
    case noCache.name, trim.name: return value.boolValue != nil
    case requestKeys.name, responseKeys.name, passthrough.name, responseHeaders.name, managedKeys.name, delegated.name:
      return isText || value.arrayValue != nil
    default: return true
    }
  }

  /// Applies those of the fields of a tuning that are there. An empty time leaves what is, "system" takes it away.
  static func tune(with fields: JSONObject, _ entry: inout MountEntry) throws(EngineError) {
    var (usual, longest) = (entry.configuration.defaultTTL, entry.configuration.maxTTL)
    if let raw = fields[defaultTTL.name] { usual = try time(raw, "default", error: { $1 }) ?? usual }
    if let raw = fields[maxTTL.name] { longest = try time(raw, "max", error: { $1 }) ?? longest }
    if usual > .zero && longest > .zero && longest < usual {
      throw .invalid(
        "backend max lease TTL of \(longest.seconds) would be less than backend default lease TTL of \(usual.seconds)")
    }
    (entry.configuration.defaultTTL, entry.configuration.maxTTL) = (usual, longest)
    if let raw = fields[lockout.name] { try LockoutTuning.apply(try lockout.decode(raw), to: &entry) }
    if let raw = fields[tokenType.name] {
      guard entry.mountClass == .auth else { throw .invalid("'token_type' can only be modified on auth mounts") }
      guard entry.type != "token" else {
        throw .invalid("'token_type' cannot be set for 'token' or 'ns_token' auth mounts")
      }
      entry.configuration.tokenType = try tokenType(raw)
    }
    try applyCommon(fields, to: &entry.configuration)
  }

  private static func tokenType(_ raw: JSONValue) throws(EngineError) -> String {
    let type = try tokenType.decode(raw)
    guard ["", "default-service", "default-batch", "service", "batch"].contains(type) else {
      throw .invalid("invalid value for 'token_type'")
    }
    return type.isEmpty ? "default-service" : type
  }

  private static func applyCommon(_ fields: JSONObject, to configuration: inout MountConfiguration) throws(EngineError)
  {
    if let raw = fields[visibility.name] {
      let text = try visibility.decode(raw)
      guard ["", "unauth", "hidden"].contains(text) else { throw .invalid("invalid listing_visibility \(text)") }
      configuration.listingVisibility = text
    }
    if let raw = fields[requestKeys.name] { configuration.auditNonHMACRequestKeys = try list(requestKeys, raw) }
    if let raw = fields[responseKeys.name] { configuration.auditNonHMACResponseKeys = try list(responseKeys, raw) }
    if let raw = fields[passthrough.name] { configuration.passthroughRequestHeaders = try list(passthrough, raw) }
    if let raw = fields[responseHeaders.name] { configuration.allowedResponseHeaders = try list(responseHeaders, raw) }
    if let raw = fields[managedKeys.name] { configuration.allowedManagedKeys = try list(managedKeys, raw) }
    if let raw = fields[delegated.name] { configuration.delegatedAuthAccessors = try list(delegated, raw) }
    if let raw = fields[identityKey.name] { configuration.identityTokenKey = try identityKey.decode(raw) }
    if let raw = fields[trim.name] { configuration.trimRequestTrailingSlashes = try trim.decode(raw) }
  }

  private static func list(_ field: Field<[String]>, _ raw: JSONValue) throws(EngineError) -> [String]? {
    let values = try field.decode(raw)
    return values.isEmpty ? nil : values
  }

  /// Nil for the empty text.
  private static func time(
    _ raw: JSONValue, _ which: String, error: (_ text: String, _ reason: String) -> String
  ) throws(EngineError) -> TimeSpan? {
    let text = try defaultTTL.decode(raw)
    if text.isEmpty { return nil }
    if text == "system" { return .zero }
    guard let span = TimeSpan(api: text) else { throw .invalid(error(text, Coercion.durationReason(text))) }
    guard span >= .zero else { throw .invalid("\(which) lease TTL must not be negative") }
    return span
  }
}
