package import JSONText
package import Primitives

/// The mount that answers a request, as entries name it.
package final class AuditMount: Sendable {
  /// Such as `secret/` or `auth/userpass/`.
  package let point: String
  package let type: String
  /// Empty where the caller may not know the mount, as without a valid token.
  package let accessor: String
  /// `secret` or `auth`.
  package let mountClass: String
  /// The version of the engine that runs.
  package let version: String
  /// Names of members whose texts stay readable (`audit_non_hmac_request_keys`, `audit_non_hmac_response_keys`).
  package let clearRequestKeys: [String]
  package let clearResponseKeys: [String]
  /// What entries say of the mount, as members of a request's object and of an answer's: made once, written with each.
  let requestMembers: [UInt8]
  let responseMembers: [UInt8]

  package init(
    point: String, type: String, accessor: String, mountClass: String, version: String,
    clearRequestKeys: [String] = [], clearResponseKeys: [String] = []
  ) {
    self.point = point
    self.type = type
    self.accessor = accessor
    self.mountClass = mountClass
    self.version = version
    self.clearRequestKeys = clearRequestKeys
    self.clearResponseKeys = clearResponseKeys
    func members(_ versionName: StaticString) -> [UInt8] {
      var json = JSONWriter()
      json.beginObject()
      let texts: [(StaticString, String)] = [
        ("mount_accessor", accessor), ("mount_class", mountClass), ("mount_point", point), (versionName, version),
        ("mount_type", type),
      ]
      for (name, text) in texts where !text.isEmpty {
        json.name(name)
        json.string(text)
      }
      json.endObject()
      return Array(json.bytes.dropFirst().dropLast())
    }
    requestMembers = members("mount_running_version")
    responseMembers = members("mount_running_plugin_version")
  }
}

/// What an entry tells about a request. Empty members are left out of the entry.
package struct AuditRequest: Sendable {
  package var id: String
  package var operation: String
  /// The whole path with its mount, relative to the namespace.
  package var path: String
  package var namespaceID = "root"
  /// Empty for the root namespace, otherwise with a trailing slash.
  package var namespacePath = ""
  /// Nil where nothing is mounted.
  package var mount: AuditMount?
  package var clientToken = ""
  package var clientTokenAccessor = ""
  package var clientID = ""
  /// The fields; every text and number of them is hashed.
  package var data: JSONObject = [:]
  /// Looks up a header by its name in lower case. Only those that operators chose are asked for.
  package var headers: @Sendable (String) -> [String] = { _ in [] }
  package var policyOverride = false
  /// Nil where no wrapping was asked for.
  package var wrapTTL: TimeSpan?
  package var remoteAddress = ""
  package var remotePort = 0
  package var requestURI = ""
  package var replicationCluster = ""
  package var clientCertificateSerialNumber = ""

  package init(id: String, operation: String, path: String) {
    self.id = id
    self.operation = operation
    self.path = path
  }
}

/// What an entry tells about who asks, or about the token that a login gave.
package struct AuditAuth: Sendable {
  package struct GrantingPolicy: Sendable, Equatable {
    package var name: String
    package var namespaceID: String
    package var namespacePath: String
    package var type: String

    package init(name: String, namespaceID: String = "root", namespacePath: String = "", type: String = "acl") {
      self.name = name
      self.namespaceID = namespaceID
      self.namespacePath = namespacePath
      self.type = type
    }
  }

  package struct PolicyResults: Sendable, Equatable {
    package var allowed: Bool
    package var grantingPolicies: [GrantingPolicy]

    package init(allowed: Bool, grantingPolicies: [GrantingPolicy] = []) {
      self.allowed = allowed
      self.grantingPolicies = grantingPolicies
    }
  }

  package var clientToken = ""
  package var accessor = ""
  package var displayName = ""
  package var policies: [String] = []
  package var tokenPolicies: [String] = []
  package var identityPolicies: [String] = []
  package var noDefaultPolicy = false
  /// Nil where policies were not asked, as for the token of a login.
  package var policyResults: PolicyResults?
  package var metadata: [String: String] = [:]
  package var entityID = ""
  /// True where the login made the entity.
  package var entityCreated = false
  /// `service`, `batch`, or `default` before there is a token.
  package var tokenType = ""
  package var tokenTTL: TimeSpan = .zero
  package var tokenIssueTime: Timestamp?
  package var numUses: Int64 = 0
  package var remainingUses: Int64 = 0

  package init() {}
}
