internal import JSONText
internal import Primitives

/// Writes the parts of entries for one device. Members come sorted by name, empty ones not at all.
///
/// A token or accessor that comes twice in an entry is hashed once.
struct EntryWriter {
  private let options: AuditOptions
  private let hash: SaltedHash
  private var json = JSONWriter(reserving: 768)
  private var hashed: [(value: String, quoted: JSONText)] = []

  init(options: AuditOptions, hash: SaltedHash) {
    self.options = options
    self.hash = hash
  }

  /// The part that was written since the last call, if any.
  mutating func finish() -> [UInt8] {
    defer { json = JSONWriter(reserving: 512) }
    return json.bytes
  }

  /// One whole entry as a JSON object after `prefix`, with room for a line feed. The parts are objects written before,
  /// empty for none.
  static func entry(
    _ kind: StaticString, prefix: String, time: Timestamp, error: String, auth: [UInt8], request: [UInt8],
    response: [UInt8]
  ) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(160 &+ prefix.utf8.count &+ error.utf8.count &+ auth.count &+ request.count &+ response.count)
    func literal(_ text: StaticString) { text.withUTF8Buffer { out.append(contentsOf: $0) } }
    func part(_ name: StaticString, _ bytes: [UInt8]) {
      if bytes.isEmpty { return }
      literal(name)
      out.append(contentsOf: bytes)
      literal(",")
    }
    out.append(contentsOf: prefix.utf8)
    literal("{")
    part("\"auth\":", auth)
    if !error.isEmpty {
      var text = JSONWriter(reserving: error.utf8.count &+ 16)
      text.string(error)
      part("\"error\":", text.bytes)
    }
    part("\"request\":", request)
    part("\"response\":", response)
    literal("\"time\":\"")
    out.append(contentsOf: time.rfc3339.utf8)
    literal("\",\"type\":\"")
    literal(kind)
    literal("\"}")
    return out
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
    if let time = auth.tokenIssueTime { string("token_issue_time", time.rfc3339) }
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
      json.text(
        RedactedJSON.copy(
          data,
          RedactedJSON.Rules(
            hash: options.isRaw ? nil : hash, hashesNumbers: true, clearKeys: request.mount?.clearRequestKeys ?? [])))
    }
    if !headers.isEmpty {
      json.name("headers")
      json.beginObject()
      for header in headers {
        json.name(header.name)
        json.beginArray()
        // Whoever asked for a header to be hashed did not ask for it to be readable on some devices.
        for value in header.values { if header.isHashed { json.text(hash.quoted(value)) } else { json.string(value) } }
        json.endArray()
      }
      json.endObject()
    }
    string("id", request.id)
    mount(request.mount, version: "mount_running_version")
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

  mutating func response(_ response: AuditResponse, isList: Bool) {
    json.beginObject()
    if let auth = response.auth {
      json.name("auth")
      self.auth(auth)
    }
    if let data = response.data, !data.isNull, data != .emptyObject {
      json.name("data")
      json.text(
        RedactedJSON.copy(
          data,
          RedactedJSON.Rules(
            hash: options.isRaw ? nil : hash, clearKeys: response.mount?.clearResponseKeys ?? [],
            elidesLists: isList && options.elidesLists)))
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
    mount(response.mount, version: "mount_running_plugin_version")
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
      string("creation_time", wrap.creationTime.rfc3339)
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

  private mutating func mount(_ mount: AuditMount?, version: StaticString) {
    guard let mount else { return }
    string("mount_accessor", mount.accessor)
    string("mount_class", mount.mountClass)
    string("mount_point", mount.point)
    string(version, mount.version)
    string("mount_type", mount.type)
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
    if let known = hashed.first(where: { $0.value == value }) { return json.text(known.quoted) }
    let quoted = hash.quoted(value)
    hashed.append((value, quoted))
    json.text(quoted)
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
