internal import JSONText
internal import Primitives

/// A text that was hashed, with what became of it as a JSON text.
struct HashedText: Sendable {
  let text: String
  let quoted: [UInt8]
}

/// Writes entries, or parts of them, for one device. Members come sorted by name, empty ones not at all.
struct EntryWriter: ~Copyable {
  private let options: AuditOptions
  private let hash: SaltedHash
  private var json: JSONWriter
  /// Tokens and accessors come more than once, and are hashed once.
  private var hashed: [HashedText]

  init(_ device: AuditDeviceHandle, knowing hashed: [HashedText] = [], reserving capacity: Int) {
    options = device.options
    hash = device.hash
    json = JSONWriter(reserving: capacity)
    self.hashed = hashed
  }

  /// What became of a text in what was written; empty where it was not hashed.
  func hashed(_ text: String) -> [UInt8] {
    for known in hashed where known.text == text { return known.quoted }
    return []
  }

  /// What was written.
  var bytes: [UInt8] { json.bytes }

  /// Writes an entry with what goes before it and a line feed.
  mutating func line(_ prefix: String, _ entry: AuditEntry) {
    json.prefix(prefix)
    self.entry(entry)
    json.endLine()
  }

  mutating func entry(_ entry: AuditEntry) {
    json.beginObject()
    if !entry.part.auth.isEmpty {
      json.name("auth")
      json.raw(entry.part.auth)
    }
    string("error", entry.error)
    if !entry.part.request.isEmpty {
      json.name("request")
      json.raw(entry.part.request)
    }
    if let response = entry.response {
      json.name("response")
      self.response(response, isList: entry.isList)
    }
    json.name("time")
    json.time(entry.time)
    json.name("type")
    json.text(entry.kind)
    json.endObject()
  }

  mutating func auth(_ auth: AuditAuth) {
    json.beginObject()
    accessor("accessor", auth.accessor)
    secret("client_token", auth.clientToken)
    string("display_name", auth.displayName)
    flag("entity_created", auth.entityCreated)
    string("entity_id", auth.entityID)
    strings("identity_policies", auth.identityPolicies)
    if !auth.metadata.isEmpty {
      json.name("metadata")
      json.beginObject()
      for (name, value) in auth.metadata.sorted(by: { $0.key < $1.key }) {
        json.name(name)
        json.string(value)
      }
      json.endObject()
    }
    flag("no_default_policy", auth.noDefaultPolicy)
    number("num_uses", auth.numUses)
    strings("policies", auth.policies)
    if let results = auth.policyResults { policyResults(results) }
    number("remaining_uses", auth.remainingUses)
    if let time = auth.tokenIssueTime {
      json.name("token_issue_time")
      json.time(time)
    }
    strings("token_policies", auth.tokenPolicies)
    number("token_ttl", auth.tokenTTL.seconds)
    string("token_type", auth.tokenType)
    json.endObject()
  }

  /// `data` is the request's as JSON text, nil for none; `headers` those to write, with whether they are hashed.
  mutating func request(
    _ request: AuditRequest, data: JSONText?, headers: [(name: String, values: [String], isHashed: Bool)]
  ) {
    json.beginObject()
    string("client_certificate_serial_number", request.clientCertificateSerialNumber)
    string("client_id", request.clientID)
    secret("client_token", request.clientToken)
    accessor("client_token_accessor", request.clientTokenAccessor)
    if let data {
      json.name("data")
      let rules = RedactedJSON.Rules(
        hash: options.isRaw ? nil : hash, hashesNumbers: true, clearKeys: request.mount?.clearRequestKeys ?? [])
      json.raw { RedactedJSON.copy(data, rules, to: &$0) }
    }
    if !headers.isEmpty {
      json.name("headers")
      json.beginObject()
      for header in headers {
        json.name(header.name)
        json.beginArray()
        // Whoever asked for a header to be hashed did not ask for it to be readable on some devices.
        for value in header.values { if header.isHashed { json.raw(hash.quoted(value)) } else { json.string(value) } }
        json.endArray()
      }
      json.endObject()
    }
    string("id", request.id)
    if let mount = request.mount { json.members(mount.requestMembers) }
    json.name("namespace")
    json.beginObject()
    string("id", request.namespaceID)
    string("path", request.namespacePath)
    json.endObject()
    string("operation", request.operation)
    string("path", request.path)
    flag("policy_override", request.policyOverride)
    string("remote_address", request.remoteAddress)
    number("remote_port", Int64(request.remotePort))
    string("replication_cluster", request.replicationCluster)
    string("request_uri", request.requestURI)
    if let ttl = request.wrapTTL { number("wrap_ttl", ttl.seconds) }
    json.endObject()
  }

  private mutating func response(_ response: AuditResponse, isList: Bool) {
    json.beginObject()
    if let auth = response.auth {
      json.name("auth")
      self.auth(auth)
    }
    if let data = response.data, !data.isNull, data != .emptyObject {
      json.name("data")
      let rules = RedactedJSON.Rules(
        hash: options.isRaw ? nil : hash, clearKeys: response.mount?.clearResponseKeys ?? [],
        elidesLists: isList && options.elidesLists)
      json.raw { RedactedJSON.copy(data, rules, to: &$0) }
    }
    if !response.headers.isEmpty {
      json.name("headers")
      json.beginObject()
      for (name, values) in Self.grouped(response.headers) {
        json.name(name)
        json.strings(values)
      }
      json.endObject()
    }
    if let mount = response.mount { json.members(mount.responseMembers) }
    string("redirect", response.redirect)
    if !response.leaseID.isEmpty {
      json.name("secret")
      json.beginObject()
      string("lease_id", response.leaseID)
      json.endObject()
    }
    strings("warnings", response.warnings)
    if let wrap = response.wrapInfo {
      json.name("wrap_info")
      json.beginObject()
      accessor("accessor", wrap.accessor)
      string("creation_path", wrap.creationPath)
      json.name("creation_time")
      json.time(wrap.creationTime)
      secret("token", wrap.token)
      number("ttl", wrap.ttl.seconds)
      accessor("wrapped_accessor", wrap.wrappedAccessor)
      json.endObject()
    }
    json.endObject()
  }

  private mutating func policyResults(_ results: AuditAuth.PolicyResults) {
    json.name("policy_results")
    json.beginObject()
    json.name("allowed")
    json.bool(results.allowed)
    if !results.grantingPolicies.isEmpty {
      json.name("granting_policies")
      json.beginArray()
      for policy in results.grantingPolicies {
        json.beginObject()
        string("name", policy.name)
        string("namespace_id", policy.namespaceID)
        string("namespace_path", policy.namespacePath)
        string("type", policy.type)
        json.endObject()
      }
      json.endArray()
    }
    json.endObject()
  }

  private mutating func string(_ name: StaticString, _ value: String) {
    if value.isEmpty { return }
    json.name(name)
    json.string(value)
  }

  private mutating func strings(_ name: StaticString, _ values: [String]) {
    if values.isEmpty { return }
    json.name(name)
    json.strings(values)
  }

  private mutating func number(_ name: StaticString, _ value: Int64) {
    if value == 0 { return }
    json.name(name)
    json.int(value)
  }

  private mutating func flag(_ name: StaticString, _ value: Bool) {
    if !value { return }
    json.name(name)
    json.bool(true)
  }

  private mutating func accessor(_ name: StaticString, _ value: String) {
    if options.hashesAccessors { secret(name, value) } else { string(name, value) }
  }

  private mutating func secret(_ name: StaticString, _ value: String) {
    if value.isEmpty { return }
    json.name(name)
    if options.isRaw { return json.string(value) }
    for known in hashed where known.text == value { return json.raw(known.quoted) }
    let quoted = hash.quoted(value)
    hashed.append(HashedText(text: value, quoted: quoted))
    json.raw(quoted)
  }

  private static func grouped(_ headers: [(name: String, value: String)]) -> [(String, [String])] {
    var out: [(name: String, values: [String])] = []
    for (name, value) in headers {
      if let at = out.firstIndex(where: { $0.name == name }) {
        out[at].values.append(value)
      } else {
        out.append((name, [value]))
      }
    }
    return out.map { ($0.name, $0.values) }
  }
}
