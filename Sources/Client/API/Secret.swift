package import JSONText

/// What the API answers with: an envelope around data, a token or a wrapping token.
package struct Secret: Sendable {
  package struct Auth: Sendable {
    package var clientToken: String
    package var accessor: String
    package var policies: [String]
    package var tokenPolicies: [String]
    package var identityPolicies: [String]
    package var metadata: JSONObject?
    package var orphan: Bool
    package var entityID: String
    /// Seconds.
    package var leaseDuration: Int64
    package var renewable: Bool
    package var multiFactor: JSONObject?

    /// A token that is known without an answer that brought it.
    package init(clientToken: String) {
      self.init(
        clientToken: clientToken, accessor: "", policies: [], tokenPolicies: [], identityPolicies: [], metadata: nil,
        orphan: false, entityID: "", leaseDuration: 0, renewable: false, multiFactor: nil)
    }

    init(
      clientToken: String, accessor: String, policies: [String], tokenPolicies: [String], identityPolicies: [String],
      metadata: JSONObject?, orphan: Bool, entityID: String, leaseDuration: Int64, renewable: Bool,
      multiFactor: JSONObject?
    ) {
      self.clientToken = clientToken
      self.accessor = accessor
      self.policies = policies
      self.tokenPolicies = tokenPolicies
      self.identityPolicies = identityPolicies
      self.metadata = metadata
      self.orphan = orphan
      self.entityID = entityID
      self.leaseDuration = leaseDuration
      self.renewable = renewable
      self.multiFactor = multiFactor
    }
  }

  package struct WrapInfo: Sendable {
    package var token: String
    package var accessor: String
    /// Seconds.
    package var ttl: Int64
    package var creationTime: String
    package var creationPath: String
    package var wrappedAccessor: String
  }

  package var requestID = ""
  package var leaseID = ""
  /// Seconds.
  package var leaseDuration: Int64 = 0
  package var renewable = false
  package var data: JSONObject?
  package var warnings: [String]?
  package var auth: Auth?
  package var wrapInfo: WrapInfo?
  package var mountType = ""

  package init() {}

  /// Reads an answer's body. An object without any member of the envelope becomes the data as a whole, which is how
  /// answers of the older system endpoints are read; one that holds nothing but errors is no secret.
  package init?(body: [UInt8]) throws(APIError) {
    guard !body.allSatisfy({ $0 <= 0x20 }) else { return nil }
    let parsed: JSONValue
    do throws(JSONError) { parsed = try JSONParser.parse(body, limits: .unlimited) } catch {
      throw .malformed("answer is not JSON: \(error)")
    }
    guard case .object(let object) = parsed else { throw .malformed("answer is not a JSON object") }
    self.init(object)
    guard !hasEnvelope(object) else { return }
    if object.count == 1, object["errors"] != nil { return nil }
    data = object.isEmpty ? nil : object
  }

  private func hasEnvelope(_ object: JSONObject) -> Bool {
    !requestID.isEmpty || !leaseID.isEmpty || leaseDuration != 0 || renewable || data != nil || warnings != nil
      || auth != nil || wrapInfo != nil
  }

  private init(_ object: JSONObject) {
    func text(_ object: JSONObject, _ name: String) -> String { object[name]?.stringValue ?? "" }
    requestID = text(object, "request_id")
    leaseID = text(object, "lease_id")
    leaseDuration = object["lease_duration"]?.int64Value ?? 0
    renewable = object["renewable"]?.boolValue ?? false
    data = object["data"]?.objectValue
    warnings = object["warnings"]?.arrayValue?.compactMap(\.stringValue)
    mountType = text(object, "mount_type")
    if let auth = object["auth"]?.objectValue {
      func list(_ name: String) -> [String] { auth[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
      self.auth = Auth(
        clientToken: text(auth, "client_token"), accessor: text(auth, "accessor"), policies: list("policies"),
        tokenPolicies: list("token_policies"), identityPolicies: list("identity_policies"),
        metadata: auth["metadata"]?.objectValue, orphan: auth["orphan"]?.boolValue ?? false,
        entityID: text(auth, "entity_id"), leaseDuration: auth["lease_duration"]?.int64Value ?? 0,
        renewable: auth["renewable"]?.boolValue ?? false, multiFactor: auth["mfa_requirement"]?.objectValue)
    }
    if let wrap = object["wrap_info"]?.objectValue {
      wrapInfo = WrapInfo(
        token: text(wrap, "token"), accessor: text(wrap, "accessor"), ttl: wrap["ttl"]?.int64Value ?? 0,
        creationTime: text(wrap, "creation_time"), creationPath: text(wrap, "creation_path"),
        wrappedAccessor: text(wrap, "wrapped_accessor"))
    }
  }

  /// The envelope as clients print it: members in the order of the API, data sorted by name.
  package var json: JSONValue {
    var object: JSONObject = [
      "request_id": .string(requestID), "lease_id": .string(leaseID), "lease_duration": .int(leaseDuration),
      "renewable": .bool(renewable), "data": data.map { JSONValue.object($0).sortedByName } ?? .null,
      "warnings": warnings.map { .strings($0) } ?? .null,
    ]
    if let auth {
      object["auth"] = [
        "client_token": .string(auth.clientToken), "accessor": .string(auth.accessor),
        "policies": .strings(auth.policies), "token_policies": .strings(auth.tokenPolicies),
        "identity_policies": auth.identityPolicies.isEmpty ? .null : .strings(auth.identityPolicies),
        "metadata": auth.metadata.map { JSONValue.object($0).sortedByName } ?? .null, "orphan": .bool(auth.orphan),
        "entity_id": .string(auth.entityID), "lease_duration": .int(auth.leaseDuration),
        "renewable": .bool(auth.renewable),
        "mfa_requirement": auth.multiFactor.map { JSONValue.object($0) } ?? .null,
      ]
    }
    if let wrapInfo {
      object["wrap_info"] = [
        "token": .string(wrapInfo.token), "accessor": .string(wrapInfo.accessor), "ttl": .int(wrapInfo.ttl),
        "creation_time": .string(wrapInfo.creationTime), "creation_path": .string(wrapInfo.creationPath),
        "wrapped_accessor": .string(wrapInfo.wrappedAccessor),
      ]
    }
    if !mountType.isEmpty { object["mount_type"] = .string(mountType) }
    return .object(object)
  }
}

extension JSONValue {
  /// The same value with the members of every object in order of their names.
  package var sortedByName: JSONValue {
    switch self {
    case .object(let object):
      .object(JSONObject(members: object.sorted.members.map { .init(name: $0.name, value: $0.value.sortedByName) }))
    case .array(let values): .array(values.map(\.sortedByName))
    default: self
    }
  }
}
