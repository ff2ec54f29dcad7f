package import EngineAPI
package import JSONText
package import Primitives

/// What an operator set for a mount. Zero times and absent lists mean the system's own.
package struct MountConfiguration: Sendable, Equatable {
  package var defaultTTL: TimeSpan = .zero
  package var maxTTL: TimeSpan = .zero
  package var forceNoCache = false
  /// `unauth`, `hidden`, or empty.
  package var listingVisibility = ""
  package var auditNonHMACRequestKeys: [String]?
  package var auditNonHMACResponseKeys: [String]?
  package var passthroughRequestHeaders: [String]?
  package var allowedResponseHeaders: [String]?
  package var allowedManagedKeys: [String]?
  package var delegatedAuthAccessors: [String]?
  package var identityTokenKey = ""
  package var trimRequestTrailingSlashes = false
  /// `default-service`, `default-batch`, `service` or `batch`; empty for secrets engines.
  package var tokenType = ""
  package var userLockout: JSONObject?

  package init() {}
}

/// One line of the mount table.
package struct MountEntry: Sendable, Equatable {
  package var mountClass: MountClass
  /// Below `/v1/`, for auth methods below `/v1/auth/`; ends in "/".
  package var path: String
  package var type: String
  package var description: String
  package let accessor: String
  package let uuid: String
  package var local = false
  package var sealWrap = false
  package var externalEntropyAccess = false
  package var options: [String: String]?
  package var configuration = MountConfiguration()
  package var pluginVersion = ""

  package init(
    mountClass: MountClass, path: String, type: String, description: String, accessor: String, uuid: String,
    options: [String: String]? = nil
  ) {
    self.mountClass = mountClass
    self.path = path
    self.type = type
    self.description = description
    self.accessor = accessor
    self.uuid = uuid
    self.options = options
  }

  /// The path as requests have it: with `auth/` before those of auth methods.
  package var requestPath: String { mountClass == .auth ? "auth/" + path : path }

  /// Where the mount's keys lie; follows the mount when it moves.
  package var storagePrefix: String { (mountClass == .auth ? "auth/" : "logical/") + uuid + "/" }

  package var storageKey: String { StoragePaths.mounts + uuid }
}

extension MountEntry {
  /// The form in which the entry is stored.
  var record: JSONObject {
    var object: JSONObject = [
      "class": .string(mountClass.rawValue), "path": .string(path), "type": .string(type),
      "description": .string(description), "accessor": .string(accessor), "uuid": .string(uuid), "local": .bool(local),
      "seal_wrap": .bool(sealWrap), "external_entropy_access": .bool(externalEntropyAccess),
      "plugin_version": .string(pluginVersion), "config": .object(configuration.record),
    ]
    if let options { object["options"] = .object(Self.texts(options)) }
    return object
  }

  init?(record: JSONObject) {
    guard let mountClass = record["class"]?.stringValue.flatMap(MountClass.init(rawValue:)),
      let path = record["path"]?.stringValue, let type = record["type"]?.stringValue,
      let accessor = record["accessor"]?.stringValue, let uuid = record["uuid"]?.stringValue
    else { return nil }
    self.init(
      mountClass: mountClass, path: path, type: type, description: record["description"]?.stringValue ?? "",
      accessor: accessor, uuid: uuid)
    local = record["local"]?.boolValue ?? false
    sealWrap = record["seal_wrap"]?.boolValue ?? false
    externalEntropyAccess = record["external_entropy_access"]?.boolValue ?? false
    pluginVersion = record["plugin_version"]?.stringValue ?? ""
    if let stored = record["options"]?.objectValue {
      options = Dictionary(
        stored.members.map { ($0.name, $0.value.stringValue ?? "") }, uniquingKeysWith: { _, last in last })
    }
    configuration = MountConfiguration(record: record["config"]?.objectValue ?? [:])
  }

  static func texts(_ map: [String: String]) -> JSONObject {
    JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
  }
}

extension MountConfiguration {
  fileprivate var record: JSONObject {
    var object: JSONObject = [
      "default_ttl": .int(defaultTTL.nanoseconds), "max_ttl": .int(maxTTL.nanoseconds),
      "force_no_cache": .bool(forceNoCache), "listing_visibility": .string(listingVisibility),
      "identity_token_key": .string(identityTokenKey), "trim_slashes": .bool(trimRequestTrailingSlashes),
      "token_type": .string(tokenType),
    ]
    for (name, list) in lists { if let list { object[name] = .strings(list) } }
    if let userLockout { object["user_lockout"] = .object(userLockout) }
    return object
  }

  fileprivate init(record: JSONObject) {
    defaultTTL = TimeSpan(nanoseconds: record["default_ttl"]?.int64Value ?? 0)
    maxTTL = TimeSpan(nanoseconds: record["max_ttl"]?.int64Value ?? 0)
    forceNoCache = record["force_no_cache"]?.boolValue ?? false
    listingVisibility = record["listing_visibility"]?.stringValue ?? ""
    identityTokenKey = record["identity_token_key"]?.stringValue ?? ""
    trimRequestTrailingSlashes = record["trim_slashes"]?.boolValue ?? false
    tokenType = record["token_type"]?.stringValue ?? ""
    userLockout = record["user_lockout"]?.objectValue
    func list(_ name: String) -> [String]? { record[name]?.arrayValue?.compactMap(\.stringValue) }
    auditNonHMACRequestKeys = list("audit_non_hmac_request_keys")
    auditNonHMACResponseKeys = list("audit_non_hmac_response_keys")
    passthroughRequestHeaders = list("passthrough_request_headers")
    allowedResponseHeaders = list("allowed_response_headers")
    allowedManagedKeys = list("allowed_managed_keys")
    delegatedAuthAccessors = list("delegated_auth_accessors")
  }

  /// The lists by the names that the API gives them.
  package var lists: [(name: String, values: [String]?)] {
    [
      ("allowed_managed_keys", allowedManagedKeys), ("allowed_response_headers", allowedResponseHeaders),
      ("audit_non_hmac_request_keys", auditNonHMACRequestKeys),
      ("audit_non_hmac_response_keys", auditNonHMACResponseKeys),
      ("delegated_auth_accessors", delegatedAuthAccessors),
      ("passthrough_request_headers", passthroughRequestHeaders),
    ]
  }
}
