internal import EngineAPI
internal import JSONText
internal import Kernel
internal import Primitives

/// A mount as the API shows it.
enum MountInfo {
  /// - Parameter resolved: shows the times that apply instead of zero for the system's own.
  static func object(_ mount: Mount, in table: MountTable, resolved: Bool = false) -> JSONObject {
    let entry = mount.entry
    var info: JSONObject = ["accessor": .string(entry.accessor)]
    info["config"] = .object(configuration(entry, resolved ? table.settings(of: entry) : nil))
    if !mount.type.isSingleton { info["deprecation_status"] = mount.isServed ? "supported" : "unknown" }
    info["description"] = .string(entry.description)
    info["external_entropy_access"] = .bool(entry.externalEntropyAccess)
    info["local"] = .bool(entry.local)
    info["options"] = options(entry)
    info["plugin_version"] = .string(entry.pluginVersion)
    info["running_plugin_version"] = .string(mount.type.version)
    info["running_sha256"] = ""
    info["seal_wrap"] = .bool(entry.sealWrap)
    info["type"] = .string(entry.type)
    info["uuid"] = .string(entry.uuid)
    return info
  }

  static func options(_ entry: MountEntry) -> JSONValue {
    guard let options = entry.options else { return .null }
    return .object(JSONObject(options.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }

  private static func configuration(_ entry: MountEntry, _ settings: MountSettings?) -> JSONObject {
    let set = entry.configuration
    var object: JSONObject = [
      "default_lease_ttl": .int((settings?.defaultTTL ?? set.defaultTTL).seconds),
      "force_no_cache": .bool(set.forceNoCache),
      "max_lease_ttl": .int((settings?.maxTTL ?? set.maxTTL).seconds),
    ]
    addOptional(entry, to: &object)
    if let lockout = set.userLockout { object["user_lockout_config"] = .object(LockoutTuning.shown(lockout)) }
    return object
  }

  /// Members that are there only where somebody set them.
  private static func addOptional(_ entry: MountEntry, to object: inout JSONObject) {
    let set = entry.configuration
    for (name, values) in set.lists { if let values, !values.isEmpty { object[name] = .strings(values) } }
    if !set.listingVisibility.isEmpty { object["listing_visibility"] = .string(set.listingVisibility) }
    if !set.identityTokenKey.isEmpty { object["identity_token_key"] = .string(set.identityTokenKey) }
    if set.trimRequestTrailingSlashes { object["trim_request_trailing_slashes"] = true }
    if entry.mountClass == .auth { object["token_type"] = .string(set.tokenType) }
  }

  /// The answer of `…/tune`.
  static func tuning(_ entry: MountEntry, _ settings: MountSettings) -> JSONObject {
    var object: JSONObject = [
      "default_lease_ttl": .int(settings.uncappedDefaultTTL.seconds), "description": .string(entry.description),
      "force_no_cache": .bool(entry.configuration.forceNoCache), "max_lease_ttl": .int(settings.maxTTL.seconds),
    ]
    addOptional(entry, to: &object)
    if let lockout = entry.configuration.userLockout {
      for member in LockoutTuning.shown(lockout).members { object[member.name] = member.value }
    }
    if entry.externalEntropyAccess { object["external_entropy_access"] = true }
    if let options = entry.options, !options.isEmpty { object["options"] = Self.options(entry) }
    if !entry.pluginVersion.isEmpty { object["plugin_version"] = .string(entry.pluginVersion) }
    return object
  }
}
