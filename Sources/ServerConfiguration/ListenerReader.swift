internal import Glibc
internal import JSONText
internal import Primitives

/// Reads `listener` stanzas.
struct ListenerReader {
  let defaultMaxRequestDuration: TimeSpan
  var warnings: [String] = []

  init(defaultMaxRequestDuration: TimeSpan) { self.defaultMaxRequestDuration = defaultMaxRequestDuration }

  mutating func listener(_ stanza: Stanza) throws(ConfigurationError) -> ListenerConfiguration {
    let isTCP = stanza.labels == ["tcp"]
    guard isTCP || stanza.labels == ["unix"] else {
      throw stanza.error("there are listeners of type \"tcp\" and \"unix\" only")
    }
    warnings += try stanza.review(isTCP ? Self.tcpKeys : Self.unixKeys)
    let address = isTCP ? try Self.tcpAddress(stanza, "address") : try Self.unixAddress(stanza)
    var listener = ListenerConfiguration(
      address: address, maxRequestDuration: try stanza.duration("max_request_duration") ?? defaultMaxRequestDuration)
    if case .tcp(let host, let port) = address {
      if try stanza.string("cluster_address") != nil {
        listener.clusterAddress = Self.text(try Self.tcpAddress(stanza, "cluster_address"))
      } else {
        listener.clusterAddress = Self.text(.tcp(host: host, port: port == 0 ? 0 : port + 1))
      }
      if port == 65_535, try stanza.string("cluster_address") == nil {
        throw stanza.error("there is no port after 65535 for \"cluster_address\": set it", at: "address")
      }
    }
    listener.tls = try tls(stanza, isTCP: isTCP)
    if let size = try stanza.int("max_request_size"), size != 0 { listener.maxRequestSize = size < 0 ? nil : size }
    if let size = try stanza.int("max_token_header_size", in: 0 ... .max), size > 0 {
      listener.maxTokenHeaderSize = size
    }
    listener.jsonLimits = try jsonLimits(stanza)
    try Self.timeouts(stanza, &listener)
    listener.forwardedFor = try Self.forwardedFor(stanza)
    listener.customResponseHeaders = try Self.customHeaders(stanza)
    listener.requireRequestHeader = try stanza.bool("require_request_header") ?? false
    listener.redactAddresses = try stanza.bool("redact_addresses") ?? false
    listener.redactClusterName = try stanza.bool("redact_cluster_name") ?? false
    listener.redactVersion = try stanza.bool("redact_version") ?? false
    listener.disableReplicationStatusEndpoints = try stanza.bool("disable_replication_status_endpoints") ?? false
    if stanza.isSet("role"), try stanza.string("role") != "default" {
      throw stanza.error("\"role\" is not supported here: a listener of the server answers everything", at: "role")
    }
    if try stanza.bool("disable_unauthed_rekey_endpoints") == false {
      throw stanza.error(
        "list \"rekey\" in \"enable_unauthenticated_access\" instead", at: "disable_unauthed_rekey_endpoints")
    }
    try subordinate(stanza, &listener)
    return listener
  }

  /// `host:port`, with brackets around IPv6.
  static func text(_ address: ListenerConfiguration.Address) -> String {
    switch address {
    case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .unix(let path, _, _, _): path
    }
  }

  // MARK: Addresses

  private static func tcpAddress(_ stanza: Stanza, _ key: String) throws(ConfigurationError)
    -> ListenerConfiguration.Address
  {
    guard let text = try stanza.string(key) else { return .tcp(host: "127.0.0.1", port: 8200) }
    if text.contains("{{") {
      throw stanza.error("templates in \"\(key)\" are not supported yet: write the address", at: key)
    }
    let wrong = stanza.error("\"\(key)\" must be host:port, such as 127.0.0.1:8200 or [::]:8200", at: key)
    if text.contains("/") { throw wrong }
    let host: Substring
    var rest: Substring
    if text.utf8.first == UInt8(ascii: "[") {
      guard let close = text.firstIndex(of: "]") else { throw wrong }
      host = text[text.index(after: text.startIndex)..<close]
      rest = text[text.index(after: close)...]
      guard isAddress(String(host)), host.contains(":") else { throw wrong }
    } else {
      let colon = text.firstIndex(of: ":") ?? text.endIndex
      host = text[..<colon]
      rest = text[colon...]
      // An IPv6 address without brackets.
      if rest.dropFirst().contains(":") { throw wrong }
      if host.utf8.contains(where: { $0 <= 0x20 }) { throw wrong }
    }
    if rest.isEmpty { return .tcp(host: String(host), port: 8200) }
    rest = rest.dropFirst()
    guard !rest.isEmpty, rest.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(rest), port <= 65_535
    else { throw stanza.error("\"\(key)\" has no valid port (0 to 65535)", at: key) }
    return .tcp(host: String(host), port: port)
  }

  private static func unixAddress(_ stanza: Stanza) throws(ConfigurationError) -> ListenerConfiguration.Address {
    guard let path = try stanza.string("address") else {
      throw stanza.error("\"address\" is required: the path of the socket")
    }
    // The kernel's structure has room for 107 bytes and a zero.
    if path.utf8.count > 107 {
      throw stanza.error("\"address\" is longer than the 107 bytes that a socket may have", at: "address")
    }
    var mode: UInt32?
    if let text = try stanza.string("socket_mode") {
      guard let value = UInt32(text, radix: 8), value <= 0o777 else {
        throw stanza.error("\"socket_mode\" must be an octal number, such as \"0660\"", at: "socket_mode")
      }
      mode = value
    }
    return .unix(
      path: path, mode: mode, user: try stanza.string("socket_user"), group: try stanza.string("socket_group"))
  }

  /// A numeric address of either family.
  static func isAddress(_ text: String) -> Bool {
    var buffer = in6_addr()
    return inet_pton(AF_INET, text, &buffer) == 1 || inet_pton(AF_INET6, text, &buffer) == 1
  }

  /// An address, or one with the length of a prefix.
  private static func isBlock(_ text: String) -> Bool {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = parts.first.map(String.init), isAddress(address) else { return false }
    guard parts.count == 2 else { return true }
    guard let bits = UInt8(parts[1]) else { return false }
    return bits <= (address.contains(":") ? 128 : 32)
  }

  // MARK: TLS

  private func tls(_ stanza: Stanza, isTCP: Bool) throws(ConfigurationError) -> TLSConfiguration? {
    let certificate = try stanza.string("tls_cert_file")
    let key = try stanza.string("tls_key_file")
    if try stanza.bool("tls_disable") ?? (!isTCP && certificate == nil && key == nil) { return nil }
    guard let certificate, let key else {
      let missing =
        certificate == nil && key == nil
        ? "\"tls_cert_file\" and \"tls_key_file\" are"
        : certificate == nil ? "\"tls_cert_file\" is" : "\"tls_key_file\" is"
      let place = certificate != nil ? "tls_cert_file" : key != nil ? "tls_key_file" : nil
      throw stanza.error("\(missing) required, or \"tls_disable = true\"", at: place)
    }
    var tls = TLSConfiguration(certificateFile: certificate, keyFile: key)
    tls.minVersion = try Self.version(stanza, "tls_min_version") ?? tls.minVersion
    tls.maxVersion = try Self.version(stanza, "tls_max_version") ?? tls.maxVersion
    if tls.maxVersion < tls.minVersion {
      throw stanza.error("\"tls_max_version\" is older than \"tls_min_version\"", at: "tls_max_version")
    }
    tls.cipherSuites = try stanza.strings("tls_cipher_suites") ?? []
    tls.clientCAFile = try stanza.string("tls_client_ca_file")
    tls.requireClientCertificate = try stanza.bool("tls_require_and_verify_client_cert") ?? false
    tls.disableClientCertificates = try stanza.bool("tls_disable_client_certs") ?? false
    if tls.requireClientCertificate && tls.disableClientCertificates {
      throw stanza.error(
        "\"tls_disable_client_certs\" and \"tls_require_and_verify_client_cert\" exclude each other",
        at: "tls_disable_client_certs")
    }
    return tls
  }

  private static func version(_ stanza: Stanza, _ key: String) throws(ConfigurationError) -> TLSConfiguration.Version? {
    switch try stanza.string(key) {
    case nil: return nil
    case "tls10": return .tls10
    case "tls11": return .tls11
    case "tls12": return .tls12
    case "tls13": return .tls13
    default: throw stanza.error("\"\(key)\" must be tls10, tls11, tls12 or tls13", at: key)
    }
  }

  // MARK: Limits and times

  private mutating func jsonLimits(_ stanza: Stanza) throws(ConfigurationError) -> JSONLimits {
    var limits = JSONLimits.standard
    func limit(_ key: String, _ standing: Int) throws(ConfigurationError) -> Int {
      guard let value = try stanza.int(key, in: 0 ... .max), value > 0 else { return standing }
      return Int(clamping: value)
    }
    let depth = try limit("max_json_depth", limits.depth)
    // What is stored is read again within the limit for texts of our own, and readers recurse.
    if depth > limits.depth {
      warnings.append(
        stanza.error("\"max_json_depth\" is \(limits.depth), the most there is", at: "max_json_depth").description)
    }
    limits.depth = min(depth, limits.depth)
    limits.stringBytes = try limit("max_json_string_value_length", limits.stringBytes)
    limits.objectEntries = try limit("max_json_object_entry_count", limits.objectEntries)
    limits.arrayElements = try limit("max_json_array_element_count", limits.arrayElements)
    limits.tokens = try limit("max_json_token", limits.tokens)
    return limits
  }

  private static func timeouts(_ stanza: Stanza, _ listener: inout ListenerConfiguration) throws(ConfigurationError) {
    listener.readTimeout = try stanza.duration("http_read_timeout") ?? listener.readTimeout
    listener.readHeaderTimeout = try stanza.duration("http_read_header_timeout") ?? listener.readHeaderTimeout
    listener.writeTimeout = try stanza.duration("http_write_timeout") ?? listener.writeTimeout
    listener.idleTimeout = try stanza.duration("http_idle_timeout") ?? listener.idleTimeout
  }

  // MARK: Headers

  private static func forwardedFor(_ stanza: Stanza) throws(ConfigurationError) -> ForwardedForConfiguration {
    var forwarded = ForwardedForConfiguration()
    let addresses = "x_forwarded_for_authorized_addrs"
    forwarded.authorizedAddresses = try stanza.strings(addresses) ?? []
    for address in forwarded.authorizedAddresses where !isBlock(address) {
      throw stanza.error("\"\(addresses)\" must hold addresses and CIDR blocks", at: addresses)
    }
    forwarded.hopSkips = try stanza.int("x_forwarded_for_hop_skips", in: 0...1000) ?? 0
    forwarded.rejectsNotPresent = try stanza.bool("x_forwarded_for_reject_not_present") ?? true
    forwarded.rejectsNotAuthorized = try stanza.bool("x_forwarded_for_reject_not_authorized") ?? true
    return forwarded
  }

  private static func customHeaders(_ stanza: Stanza) throws(ConfigurationError) -> [CustomResponseHeaders] {
    var found: [CustomResponseHeaders] = []
    for group in try stanza.stanzas("custom_response_headers", labels: 0) {
      for key in group.body.keys {
        guard let statuses = statuses(key) else {
          throw group.error(
            "\"\(key)\" must be \"default\", a status such as \"404\" or a class such as \"2xx\"", at: key)
        }
        var headers: [CustomResponseHeaders.Header] = []
        for set in try group.stanzas(key, labels: 0) {
          for name in set.body.keys { headers.append(try header(set, name)) }
        }
        found.append(CustomResponseHeaders(statuses: statuses, headers: headers))
      }
    }
    return found
  }

  private static func header(_ set: Stanza, _ name: String) throws(ConfigurationError) -> CustomResponseHeaders.Header {
    let isToken =
      !name.isEmpty
      && name.utf8.allSatisfy { c in
        (0x30...0x39).contains(c) || (0x41...0x5A).contains(c) || (0x61...0x7A).contains(c)
          || "!#$%&'*+-.^_`|~".utf8.contains(c)
      }
    if !isToken { throw set.error("a header has an invalid name", at: name) }
    if name.lowercased().hasPrefix("x-vault-") {
      throw set.error("\"\(name)\" is the server's own and cannot be set", at: name)
    }
    // Commas are part of many values, so that a text is one value.
    let values: [String]
    switch set.body.item(name)?.value {
    case .list: values = try set.strings(name) ?? []
    default: values = [try set.string(name) ?? ""]
    }
    for value in values where value.utf8.contains(where: { $0 < 0x20 && $0 != 9 || $0 == 0x7F }) {
      throw set.error("\"\(name)\" has a value with control characters", at: name)
    }
    return CustomResponseHeaders.Header(name: name, values: values)
  }

  private static func statuses(_ key: String) -> CustomResponseHeaders.Statuses? {
    if key.lowercased() == "default" { return .all }
    let bytes = Array(key.lowercased().utf8)
    guard bytes.count == 3, (0x31...0x35).contains(bytes[0]) else { return nil }
    if bytes[1] == UInt8(ascii: "x") && bytes[2] == UInt8(ascii: "x") { return .hundreds(Int(bytes[0]) - 0x30) }
    return Int(key).map { .one($0) }
  }

  // MARK: Stanzas within the listener

  private mutating func subordinate(_ stanza: Stanza, _ listener: inout ListenerConfiguration)
    throws(ConfigurationError)
  {
    for inner in try stanza.stanzas("telemetry", labels: 0) {
      warnings += try inner.review(Self.telemetryKeys)
      listener.unauthenticatedMetricsAccess = try inner.bool("unauthenticated_metrics_access") ?? false
    }
    for inner in try stanza.stanzas("profiling", labels: 0) {
      warnings += try inner.review(Self.profilingKeys)
      listener.unauthenticatedInFlightRequestAccess =
        try inner.bool("unauthenticated_in_flight_request_access") ?? listener.unauthenticatedInFlightRequestAccess
      listener.unauthenticatedProfileAccess = try inner.bool("unauthenticated_pprof_access") ?? false
    }
    for inner in try stanza.stanzas("inflight_requests_logging", labels: 0) {
      warnings += try inner.review(Self.inFlightKeys)
      listener.unauthenticatedInFlightRequestAccess =
        try inner.bool("unauthenticated_in_flight_requests_access") ?? listener.unauthenticatedInFlightRequestAccess
    }
  }

  // MARK: Keys

  private static let commonKeys = [
    "address", "tls_disable", "tls_cert_file", "tls_key_file", "tls_min_version", "tls_max_version",
    "tls_cipher_suites", "tls_client_ca_file", "tls_require_and_verify_client_cert", "tls_disable_client_certs",
    "http_read_timeout", "http_read_header_timeout", "http_write_timeout", "http_idle_timeout", "max_request_size",
    "max_request_duration", "require_request_header", "max_json_depth", "max_json_string_value_length",
    "max_json_object_entry_count", "max_json_array_element_count", "max_json_token", "max_token_header_size",
    "x_forwarded_for_authorized_addrs", "x_forwarded_for_hop_skips", "x_forwarded_for_reject_not_present",
    "x_forwarded_for_reject_not_authorized", "custom_response_headers",
    "telemetry", "profiling", "inflight_requests_logging", "redact_addresses", "redact_cluster_name", "redact_version",
    "disable_replication_status_endpoints", "role", "disable_unauthed_rekey_endpoints",
  ]
  private static let commonWithoutEffect = [
    (
      "no auth method takes certificates of clients",
      [
        "x_forwarded_for_client_cert_header", "x_forwarded_for_client_cert_header_decoders",
        "x_forwarded_for_client_cert_decoders",
      ]
    ),
    ("it describes the listener to people", ["purpose"]),
    ("there is no such limiter here", ["disable_request_limiter"]),
    (
      "cross-origin access is set at sys/config/cors", ["cors_enabled", "cors_allowed_origins", "cors_allowed_headers"]
    ),
    ("it belongs to the agent", ["agent_api", "proxy_api"]),
    ("certificates are read again on SIGHUP", ["tls_auto_reload", "tls_auto_reload_interval"]),
    ("the TLS library chooses", ["tls_prefer_server_cipher_suites", "tls_key_exchange_preferences"]),
    ("the max_json_ keys bound what a request may hold", ["max_request_json_memory", "max_request_json_strings"]),
  ]
  private static let commonNotBuilt = [
    ("without it clients' addresses would be wrong", ["proxy_protocol_behavior", "proxy_protocol_authorized_addrs"]),
    ("without it the listener would reach every namespace", ["chroot_namespace"]),
    ("without it these endpoints would stay open", ["disable_unauthed_generate_root_endpoints"]),
    (
      "certificates come from files",
      [
        "tls_acme_cache_path", "tls_acme_ca_directory", "tls_acme_ca_root", "tls_acme_domains", "tls_acme_eab_key_id",
        "tls_acme_eab_mac_key", "tls_acme_email", "tls_acme_key_type", "tls_acme_disable_http_challenge",
        "tls_acme_disable_alpn_challenge",
      ]
    ),
  ]
  private static let tcpKeys = treatments(
    used: commonKeys + ["cluster_address"],
    withoutEffect: commonWithoutEffect + [
      ("it belongs to Unix sockets", ["socket_mode", "socket_user", "socket_group"])
    ],
    notBuilt: commonNotBuilt)
  private static let unixKeys = treatments(
    used: commonKeys + ["socket_mode", "socket_user", "socket_group"],
    withoutEffect: commonWithoutEffect + [("it belongs to TCP", ["cluster_address"])], notBuilt: commonNotBuilt)
  private static let telemetryKeys = treatments(
    used: ["unauthenticated_metrics_access"],
    withoutEffect: [("metrics are at sys/metrics", ["metrics_path"])],
    notBuilt: [("without it the listener would answer more than it should", ["disallow_metrics", "metrics_only"])])
  private static let profilingKeys = treatments(
    used: ["unauthenticated_in_flight_request_access", "unauthenticated_pprof_access"])
  private static let inFlightKeys = treatments(used: ["unauthenticated_in_flight_requests_access"])
}
