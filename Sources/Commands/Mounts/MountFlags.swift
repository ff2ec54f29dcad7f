internal import JSONText
internal import Primitives

/// What can be said about a mount when it is made and when it is tuned.
struct MountFlags {
  let description = Flag<String>("description", "A note for people.")
  let defaultTTL = Flag<TimeSpan>("default-lease-ttl", "Lifetime of leases and tokens that ask for none.")
  let maxTTL = Flag<TimeSpan>("max-lease-ttl", "Longest lifetime of leases and tokens.")
  let requestKeys = Flag<[String]>(
    "audit-non-hmac-request-keys", "Member of requests that the audit log shows as it is. Repeatable.")
  let responseKeys = Flag<[String]>(
    "audit-non-hmac-response-keys", "Member of responses that the audit log shows as it is. Repeatable.")
  let visibility = Flag<String>("listing-visibility", "\"unauth\" to show the mount to users who are not logged in.")
  let passedHeaders = Flag<[String]>(
    "passthrough-request-headers", "Request header that the mount may see. Repeatable.")
  let allowedHeaders = Flag<[String]>(
    "allowed-response-headers", "Response header that the mount may set. Repeatable.")
  let options = Flag<KeyedTexts>("options", "Option of the mount, as KEY=VALUE. Repeatable.")
  let pluginVersion = Flag<String>("plugin-version", "Version of the plugin.")
  let identityTokenKey = Flag<String>("identity-token-key", "Key that signs identity tokens of plugins.")
  let trimSlashes = Flag<Bool>("trim-request-trailing-slashes", "Take slashes from the end of request paths.")

  var common: [any AnyFlag] {
    [
      description, defaultTTL, maxTTL, requestKeys, responseKeys, visibility, passedHeaders, allowedHeaders, options,
      pluginVersion, identityTokenKey, trimSlashes,
    ]
  }

  // Engines only.
  let forceNoCache = Flag<Bool>("force-no-cache", "Do not cache what the engine stores.")
  let version = Flag<Int64>("version", default: 0, "Version of the KV engine.")
  let managedKeys = Flag<[String]>("allowed-managed-keys", "Managed key that the mount may use. Repeatable.")
  let delegated = Flag<[String]>(
    "delegated-auth-accessors", "Accessor of an auth method that the engine may log in with. Repeatable.")

  var engine: [any AnyFlag] { [forceNoCache, version, managedKeys, delegated] }

  // Auth methods only.
  let tokenType = Flag<String>(
    "token-type", "\"default-service\", \"default-batch\", \"service\" or \"batch\".")
  let lockoutThreshold = Flag<Int64>("user-lockout-threshold", default: 0, "Failed logins before a user is locked out.")
  let lockoutDuration = Flag<TimeSpan>("user-lockout-duration", "How long a user stays locked out.")
  let lockoutReset = Flag<TimeSpan>(
    "user-lockout-counter-reset-duration", "When failed logins are forgotten.")
  let lockoutDisable = Flag<Bool>("user-lockout-disable", "Lock nobody out.")

  var auth: [any AnyFlag] { [tokenType, lockoutThreshold, lockoutDuration, lockoutReset, lockoutDisable] }

  // At making only.
  let path = Flag<String>("path", "Where to mount; the type's name where not given.")
  let local = Flag<Bool>("local", "Keep the mount on this cluster.")
  let sealWrap = Flag<Bool>("seal-wrap", "Encrypt critical values with the seal as well.")
  let entropy = Flag<Bool>("external-entropy-access", "Let the mount use external entropy.")
  let pluginName = Flag<String>("plugin-name", "Plugin to run, where the type is \"plugin\".")

  var making: [any AnyFlag] { [path, local, sealWrap, entropy, pluginName] }

  /// The settings that were given, as the tuning endpoint wants them.
  func settings(_ call: Invocation) -> JSONObject {
    var body = JSONObject()
    func lists(_ flag: Flag<[String]>, _ name: String) {
      guard let values = call.given(flag) else { return }
      let parts = values.flatMap { $0.split(separator: ",").map(String.init) }
      body[name] = .strings(parts)
    }
    func times(_ flag: Flag<TimeSpan>, _ name: String) {
      // Less than nothing gives the mount back to the system's defaults.
      if let time = call.given(flag) { body[name] = .string(time < .zero ? "system" : time.goDescription) }
    }
    func texts(_ flag: Flag<String>, _ name: String) { if let text = call.given(flag) { body[name] = .string(text) } }
    func bools(_ flag: Flag<Bool>, _ name: String) { if let value = call.given(flag) { body[name] = .bool(value) } }
    times(defaultTTL, "default_lease_ttl")
    times(maxTTL, "max_lease_ttl")
    lists(requestKeys, "audit_non_hmac_request_keys")
    lists(responseKeys, "audit_non_hmac_response_keys")
    texts(visibility, "listing_visibility")
    lists(passedHeaders, "passthrough_request_headers")
    lists(allowedHeaders, "allowed_response_headers")
    texts(pluginVersion, "plugin_version")
    texts(identityTokenKey, "identity_token_key")
    bools(trimSlashes, "trim_request_trailing_slashes")
    bools(forceNoCache, "force_no_cache")
    lists(managedKeys, "allowed_managed_keys")
    lists(delegated, "delegated_auth_accessors")
    texts(tokenType, "token_type")
    if let lockout = lockout(call) { body["user_lockout_config"] = .object(lockout) }
    return body
  }

  private func lockout(_ call: Invocation) -> JSONObject? {
    var body = JSONObject()
    if let count = call.given(lockoutThreshold) { body["lockout_threshold"] = .string(String(count)) }
    if let time = call.given(lockoutDuration) { body["lockout_duration"] = .string(time.goDescription) }
    if let time = call.given(lockoutReset) { body["lockout_counter_reset_duration"] = .string(time.goDescription) }
    if let off = call.given(lockoutDisable) { body["lockout_disable"] = .bool(off) }
    return body.isEmpty ? nil : body
  }

  func options(_ call: Invocation) -> JSONObject? {
    var entries = call[options].entries.map { ($0.key, JSONValue.string($0.value)) }
    if call[version] > 0 { entries.append(("version", .string(String(call[version])))) }
    return entries.isEmpty ? nil : JSONObject(entries)
  }

  /// The body of a tuning request.
  func tuning(_ call: Invocation) -> JSONObject {
    var body = settings(call)
    if let text = call.given(description) { body["description"] = .string(text) }
    if let options = options(call) { body["options"] = .object(options) }
    return body
  }

  /// The body of a request that makes a mount.
  func making(_ call: Invocation, type: String) -> JSONObject {
    var body: JSONObject = ["type": .string(type), "description": .string(call[description])]
    var config = settings(call)
    if call[pluginVersion] != "" { body["plugin_version"] = .string(call[pluginVersion]) }
    if let name = call.given(pluginName) { config["plugin_name"] = .string(name) }
    body["config"] = .object(config)
    if let options = options(call) { body["options"] = .object(options) }
    body["local"] = .bool(call[local])
    body["seal_wrap"] = .bool(call[sealWrap])
    body["external_entropy_access"] = .bool(call[entropy])
    return body
  }
}
