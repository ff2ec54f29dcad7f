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

  /// Applies those of `fields` that are there to `configuration`, lists and switches as well as times.
  static func apply(
    _ fields: JSONObject, to configuration: inout MountConfiguration, mountClass: MountClass
  ) throws(EngineError) {
    if let raw = fields[defaultTTL.name] { configuration.defaultTTL = try time(raw, "default") }
    if let raw = fields[maxTTL.name] { configuration.maxTTL = try time(raw, "max") }
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
    if let raw = fields[noCache.name] { configuration.forceNoCache = try noCache.decode(raw) }
    if let raw = fields[tokenType.name] {
      let type = try tokenType.decode(raw)
      guard mountClass == .auth else { throw .invalid("'token_type' can only be modified on auth mounts") }
      guard ["", "default-service", "default-batch", "service", "batch"].contains(type) else {
        throw .invalid("invalid value for 'token_type'")
      }
      configuration.tokenType = type.isEmpty ? "default-service" : type
    }
    if let raw = fields[lockout.name] {
      guard mountClass == .auth else { throw .invalid("'user_lockout_config' can only be modified on auth mounts") }
      configuration.userLockout = try lockout.decode(raw)
    }
  }

  private static func list(_ field: Field<[String]>, _ raw: JSONValue) throws(EngineError) -> [String]? {
    let values = try field.decode(raw)
    return values.isEmpty ? nil : values
  }

  private static func time(_ raw: JSONValue, _ which: String) throws(EngineError) -> TimeSpan {
    let text = raw.stringValue ?? raw.numberValue?.text ?? ""
    if text.isEmpty || text == "system" { return .zero }
    guard let span = TimeSpan(api: text) else {
      throw .invalid("unable to parse \(which) TTL of \(text): time: invalid duration \"\(text)\"")
    }
    guard span >= .zero else { throw .invalid("\(which) lease TTL must not be negative") }
    return span
  }
}
