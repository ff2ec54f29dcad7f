import Glibc
import JSONText
import Primitives
import Testing

@testable import ServerConfiguration

/// A disk of texts; a name that ends in "/" is a folder without files.
private func disk(_ texts: [String: String]) -> ConfigurationFiles {
  ConfigurationFiles { (path) throws(ConfigurationError) in
    if let text = texts[path] { return .file(Array(text.utf8)) }
    let folder = path.hasSuffix("/") ? path : path + "/"
    let inside = texts.keys.filter { $0.hasPrefix(folder) }
    if inside.isEmpty { throw ConfigurationError(file: path, message: "cannot be opened: No such file or directory") }
    let names = Set(inside.map { String($0.dropFirst(folder.count).prefix { $0 != "/" }) }.filter { !$0.isEmpty })
    return .folder(names.shuffled())
  }
}

private func read(_ text: String, _ environment: [String: String] = [:]) throws(ConfigurationError)
  -> ServerConfiguration
{
  try ConfigurationReader(environment: environment, files: disk(["c.hcl": text])).read(paths: ["c.hcl"])
}

/// A whole configuration around what a test is about, which begins at line 3.
private func whole(_ text: String) -> String {
  #"""
  storage "inmem" {}
  listener "tcp" { tls_disable = true }
  """# + "\n" + text
}

private func listener(_ text: String) -> String {
  "storage \"inmem\" {}\nlistener \"tcp\" {\n\(text)\n}"
}

struct GoodConfigurationTests {
  @Test func theSmallestHasDefaults() throws {
    let configuration = try read(whole(""))
    #expect(configuration.storage == .memory)
    #expect(configuration.activeSeal == .shamir)
    #expect(configuration.warnings.isEmpty)
    #expect(configuration.defaultLeaseTTL == .hours(768) && configuration.maxLeaseTTL == .hours(768))
    #expect(configuration.log == LogConfiguration())
    let listener = try #require(configuration.listeners.first)
    #expect(listener.address == .tcp(host: "127.0.0.1", port: 8200))
    #expect(listener.clusterAddress == "127.0.0.1:8201")
    #expect(listener.tls == nil && listener.maxRequestSize == 32 << 20 && listener.jsonLimits == .standard)
  }

  @Test func everythingIsRead() throws {
    let configuration = try read(
      #"""
      ui = true
      api_addr = "https://node1.example.com:8200/"
      cluster_addr = "https://[fd00::1]:8201"
      cluster_name = "home"
      disable_mlock = "true"
      default_lease_ttl = "24h"
      max_lease_ttl = 172800
      default_max_request_duration = "30s"
      log_level = "WARN" log_format = "json" log_file = "/var/log/c.log"
      log_rotate_bytes = 1048576 log_rotate_duration = "1h" log_rotate_max_files = -1
      log_requests_level = "debug"
      pid_file = "/run/c.pid"
      raw_storage_endpoint = true
      introspection_endpoint = true
      enable_response_header_hostname = true
      enable_response_header_raft_node_id = true
      allow_audit_log_prefixing = true
      enable_unauthenticated_access = ["rekey"]
      storage "raft" {
        path = "/data"
        node_id = "node1"
        trailing_logs = 5000
        snapshot_threshold = 100
        max_entry_size = 2097152
      }
      seal "static" {
        current_key_id = "2026"
        current_key = "file:///etc/c.key"
        previous_key_id = "2025"
        previous_key = "env://OLD"
      }
      listener "tcp" {
        address = "[::]:443"
        cluster_address = "10.0.0.1:9000"
        tls_cert_file = "/c.pem"
        tls_key_file = "/k.pem"
        tls_min_version = "tls13"
        tls_cipher_suites = "A,B"
        tls_client_ca_file = "/ca.pem"
        tls_require_and_verify_client_cert = 1
        max_request_size = -1
        max_request_duration = "5s"
        max_json_depth = 50
        max_json_token = 10
        http_idle_timeout = "1m"
        x_forwarded_for_authorized_addrs = ["10.0.0.0/8", "::1"]
        x_forwarded_for_hop_skips = "1"
        x_forwarded_for_reject_not_present = false
        custom_response_headers {
          "default" = { "Strict-Transport-Security" = ["max-age=31536000", "includeSubDomains"] }
          "2xx" = { "X-Ok" = "a, b" }
          "404" { "X-Gone" = "1" }
        }
        telemetry { unauthenticated_metrics_access = true }
        inflight_requests_logging { unauthenticated_in_flight_requests_access = true }
        profiling { unauthenticated_pprof_access = true }
        redact_addresses = true redact_cluster_name = true redact_version = true
      }
      listener "unix" {
        address = "/run/c.sock" socket_mode = "0660" socket_user = "c" socket_group = "1000"
      }
      telemetry { prometheus_retention_time = "30s" disable_hostname = true prefix_filter = ["+vault.a", "-vault.b"] }
      user_lockout "all" { lockout_threshold = "3" lockout_duration = "1m" disable_lockout = "false" }
      """#)
    #expect(configuration.warnings.isEmpty)
    #expect(configuration.ui && configuration.rawStorageEndpoint && configuration.introspectionEndpoint)
    #expect(configuration.apiAddress == "https://node1.example.com:8200/")
    #expect(configuration.clusterAddress == "https://[fd00::1]:8201" && configuration.clusterName == "home")
    #expect(configuration.disableMlock == true)
    #expect(configuration.defaultLeaseTTL == .hours(24) && configuration.maxLeaseTTL == .hours(48))
    #expect(configuration.unauthenticatedAccess == ["rekey"] && configuration.pidFile == "/run/c.pid")
    #expect(configuration.enableResponseHeaderHostname && configuration.enableResponseHeaderRaftNodeID)
    var log = LogConfiguration()
    log.level = "warn"
    log.format = .json
    log.file = "/var/log/c.log"
    log.rotateBytes = 1 << 20
    log.rotateDuration = .hours(1)
    log.rotateMaxFiles = -1
    log.requestsLevel = "debug"
    #expect(configuration.log == log)
    var raft = RaftConfiguration(path: "/data")
    raft.nodeID = "node1"
    raft.trailingLogs = 5000
    raft.snapshotThreshold = 100
    raft.maxEntrySize = 2 << 20
    #expect(configuration.storage == .raft(raft))
    #expect(
      configuration.activeSeal
        == .staticKey(
          currentKeyID: "2026", currentKey: "file:///etc/c.key", previousKeyID: "2025", previousKey: "env://OLD"))
    #expect(configuration.telemetry.prometheusRetention == .seconds(30))
    #expect(configuration.telemetry.prefixFilter == ["+vault.a", "-vault.b"])
    #expect(configuration.userLockout["all"]?.threshold == 3)

    let tcp = configuration.listeners[0]
    #expect(tcp.address == .tcp(host: "::", port: 443) && tcp.clusterAddress == "10.0.0.1:9000")
    var tls = TLSConfiguration(certificateFile: "/c.pem", keyFile: "/k.pem")
    tls.minVersion = .tls13
    tls.cipherSuites = ["A", "B"]
    tls.clientCAFile = "/ca.pem"
    tls.requireClientCertificate = true
    #expect(tcp.tls == tls)
    #expect(tcp.maxRequestSize == nil && tcp.maxRequestDuration == .seconds(5))
    #expect(tcp.jsonLimits.depth == 50 && tcp.jsonLimits.tokens == 10 && tcp.jsonLimits.objectEntries == 10_000)
    #expect(tcp.idleTimeout == .minutes(1) && tcp.readHeaderTimeout == .seconds(10))
    #expect(tcp.forwardedFor.authorizedAddresses == ["10.0.0.0/8", "::1"] && tcp.forwardedFor.hopSkips == 1)
    #expect(!tcp.forwardedFor.rejectsNotPresent && tcp.forwardedFor.rejectsNotAuthorized)
    #expect(
      tcp.customResponseHeaders == [
        CustomResponseHeaders(
          statuses: .all,
          headers: [.init(name: "Strict-Transport-Security", values: ["max-age=31536000", "includeSubDomains"])]),
        CustomResponseHeaders(statuses: .hundreds(2), headers: [.init(name: "X-Ok", values: ["a, b"])]),
        CustomResponseHeaders(statuses: .one(404), headers: [.init(name: "X-Gone", values: ["1"])]),
      ])
    #expect(tcp.unauthenticatedMetricsAccess && tcp.unauthenticatedInFlightRequestAccess)
    #expect(tcp.unauthenticatedProfileAccess)
    #expect(tcp.redactAddresses && tcp.redactClusterName && tcp.redactVersion)
    let unix = configuration.listeners[1]
    #expect(unix.address == .unix(path: "/run/c.sock", mode: 0o660, user: "c", group: "1000"))
    #expect(unix.tls == nil && unix.maxRequestDuration == .seconds(30))
  }

  @Test func jsonMeansTheSame() throws {
    let json = try read(
      #"""
      {
        "backend": {"inmem": {}},
        "listener": [{"tcp": {"address": ":8200", "tls_disable": "true", "custom_response_headers":
          {"default": {"A": ["1", "2"]}}}}, {"unix": {"address": "/s"}}],
        "default_lease_ttl": "768h", "ui": true,
        "telemetry": {"disable_hostname": true}
      }
      """#)
    let hcl = try read(
      #"""
      backend "inmem" {}
      listener "tcp" {
        address = ":8200" tls_disable = true
        custom_response_headers { default { "A" = ["1", "2"] } }
      }
      listener "unix" { address = "/s" }
      default_lease_ttl = "768h" ui = 1
      telemetry { disable_hostname = true }
      """#)
    #expect(json == hcl)
    #expect(json.listeners.count == 2 && json.listeners[0].customResponseHeaders[0].headers[0].values == ["1", "2"])
  }

  @Test func theLastOfSeveralFilesWinsAndStanzasAddUp() throws {
    let files = disk([
      "first.hcl": "ui = true\nlog_level = \"debug\"\nstorage \"inmem\" {}",
      "more/20.json": #"{"listener": {"tcp": {"tls_disable": true}}, "log_level": "error"}"#,
      "more/10.hcl": "log_level = \"warn\"\nlistener \"unix\" { address = \"/a\" }",
      "more/README": "not configuration {",
      "more/.hidden.hcl": "neither {",
      "more/folder.hcl/x.hcl": "nor this {",
    ])
    let configuration = try ConfigurationReader(files: files).read(paths: ["first.hcl", "more"])
    #expect(configuration.ui && configuration.log.level == "error")
    #expect(configuration.listeners.map { ListenerReader.text($0.address) } == ["/a", "127.0.0.1:8200"])
    let turned = try ConfigurationReader(files: files).read(paths: ["more/", "first.hcl"])
    #expect(turned.log.level == "debug")
  }

  @Test func theEnvironmentWins() throws {
    let text = """
      api_addr = "https://file:1"
      log_level = "error"
      storage "raft" { path = "/file" node_id = "file" }
      listener "tcp" { tls_disable = true }
      """
    let configuration = try read(
      text,
      [
        "VAULT_API_ADDR": "https://env:2", "VAULT_CLUSTER_ADDR": "https://env:3", "VAULT_RAFT_PATH": "/env",
        "VAULT_RAFT_NODE_ID": "env", "VAULT_LOG_LEVEL": "trace", "VAULT_LOG_FORMAT": "json", "VAULT_UI": "1",
        "VAULT_DISABLE_MLOCK": "true", "VAULT_DISABLE_USER_LOCKOUT": "true", "VAULT_SEAL_TYPE": "shamir",
      ])
    var raft = RaftConfiguration(path: "/env")
    raft.nodeID = "env"
    #expect(configuration.storage == .raft(raft))
    #expect(configuration.apiAddress == "https://env:2" && configuration.clusterAddress == "https://env:3")
    #expect(configuration.log.level == "trace" && configuration.log.format == .json)
    #expect(configuration.ui && configuration.disableMlock == true)
    #expect(configuration.userLockout["all"]?.isDisabled == true)
    let empty = try read(text, ["VAULT_API_ADDR": "", "VAULT_RAFT_PATH": ""])
    #expect(empty.apiAddress == "https://file:1")
  }

  @Test(arguments: [
    (":8200", "", 8200), ("0.0.0.0", "0.0.0.0", 8200), ("localhost:1", "localhost", 1), ("[::1]:65534", "::1", 65_534),
    ("[fe80::1]", "fe80::1", 8200), ("127.0.0.1:0", "127.0.0.1", 0),
  ]) func addresses(text: String, host: String, port: Int) throws {
    let configuration = try read(listener("tls_disable = true\naddress = \"\(text)\""))
    #expect(configuration.listeners[0].address == .tcp(host: host, port: port))
  }

  @Test func aSealOnItsWayOutIsKept() throws {
    let configuration = try read(
      whole("seal \"static\" {\n current_key_id = \"a\"\n current_key = \"k\"\n disabled = \"true\"\n}"))
    #expect(configuration.activeSeal == .shamir)
    #expect(configuration.seals.map(\.isDisabled) == [true])
  }
}

struct WarningTests {
  static let warnings: [(String, String)] = [
    ("colour = \"blue\"", "c.hcl:3: unknown key \"colour\" is ignored"),
    ("\nplugin_directory = \"/p\"", "c.hcl:4: \"plugin_directory\" has no effect: all engines are built in"),
    ("service_registration \"kubernetes\" {}", "c.hcl:3: \"service_registration\" has no effect: pods"),
    ("license_path = \"/l\"", "\"license_path\" has no effect"),
    ("telemetry {\n statsd_address = \"a:1\"\n}", "c.hcl:4: telemetry: \"statsd_address\" has no effect"),
    ("telemetry {\n colour = 1\n}", "c.hcl:4: telemetry: unknown key \"colour\""),
    ("listener \"unix\" {\n address = \"/a\"\n purpose = \"x\"\n}", "c.hcl:5: listener \"unix\": \"purpose\""),
    (
      "listener \"unix\" {\n address = \"/a\"\n max_json_depth = 500\n}",
      "c.hcl:5: listener \"unix\": \"max_json_depth\" is 300, the most there is"
    ),
    ("seal \"shamir\" {\n priority = 1\n}", "c.hcl:4: seal \"shamir\": \"priority\" has no effect"),
    ("user_lockout \"all\" { colour = 1 }", "user_lockout \"all\": unknown key"),
  ]

  @Test(arguments: warnings) func whatTheServerCanDoWithout(text: String, expected: String) throws {
    let configuration = try read(whole(text))
    #expect(configuration.warnings.count == 1)
    #expect(configuration.warnings.first?.contains(expected) == true, "\(configuration.warnings)")
  }

  @Test func whatSteersOtherNodesIsRemarkedOnAndChecked() throws {
    func configuration(_ line: String) throws -> ServerConfiguration {
      try read("storage \"raft\" {\n path = \"/d\"\n \(line)\n}\nlistener \"tcp\" { tls_disable = true }")
    }
    for line in ["performance_multiplier = 8", "snapshot_interval = \"30s\"", "snapshot_delay = 5"] {
      let warnings = try configuration(line).warnings
      #expect(warnings.count == 1)
      #expect(warnings.first?.hasPrefix("c.hcl:3: storage \"raft\": ") == true)
      #expect(warnings.first?.contains("has no effect") == true)
    }
    #expect(throws: ConfigurationError.self) { try configuration("snapshot_interval = \"soon\"") }
  }

  @Test func joiningItselfIsNothing() throws {
    let configuration = try read(
      """
      api_addr = "https://a:8200"
      storage "raft" {
        path = "/d"
        retry_join { leader_api_addr = "https://a:8200/" }
      }
      listener "tcp" { tls_disable = true }
      """)
    #expect(configuration.warnings.count == 1)
    #expect(configuration.warnings.first?.hasPrefix("c.hcl:4: ") == true)
  }

  @Test(arguments: [
    "detect_deadlocks = \"\"", "disable_performance_standby = false", "remove_irrevocable_lease_after = 0",
    "audit = []", "plugin_file_uid = \"0\"",
  ]) func whatAsksForNothingIsNotRemarkedOn(text: String) throws {
    #expect(try read(whole(text)).warnings.isEmpty)
  }
}

struct AuditStanzaTests {
  @Test func devicesInBothNotations() throws {
    let text = whole(
      """
      audit "file" "main" {
        description = "d"
        local = true
        options { file_path = "/a.log" log_raw = false }
      }
      audit "socket" "/far/away/" { options = { address = "a:1" write_timeout = 2 } }
      audit "syslog" "s" {}
      """)
    var first = AuditDeviceConfiguration(type: "file", path: "main")
    first.description = "d"
    first.isLocal = true
    first.options = ["file_path": "/a.log", "log_raw": "false"]
    var second = AuditDeviceConfiguration(type: "socket", path: "far/away")
    second.options = ["address": "a:1", "write_timeout": "2"]
    let configuration = try read(text)
    #expect(configuration.auditDevices == [first, second, AuditDeviceConfiguration(type: "syslog", path: "s")])
    #expect(configuration.warnings.isEmpty)
    let json = """
      {"storage": {"inmem": {}}, "listener": {"tcp": {"tls_disable": true}},
       "audit": [{"file": {"main": {"description": "d", "local": true,
       "options": {"file_path": "/a.log", "log_raw": "false"}}}}]}
      """
    let other = try ConfigurationReader(files: disk(["c.json": json])).read(paths: ["c.json"])
    #expect(other.auditDevices == [first])
  }

  @Test func unknownKeysAreRemarkedOn() throws {
    let configuration = try read(whole("audit \"file\" \"a\" {\n file_path = \"/a\"\n}"))
    #expect(configuration.warnings.count == 1 && configuration.warnings[0].contains("\"file_path\" is ignored"))
  }
}

struct BadConfigurationTests {
  /// What is refused, at which line, and words of the reason.
  static let refused: [(String, Int, String)] = [
    ("", 0, "\"storage\" stanza is required"),
    ("storage \"inmem\" {}", 0, "\"listener\" stanza is required"),
    ("storage \"inmem\" {}\nstorage \"raft\" { path = \"/d\" }", 2, "one at c.hcl:1 already"),
    ("storage \"inmem\" {}\nbackend \"inmem\" {}", 2, "a second storage"),
    ("storage {\n path = 1 }", 1, "needs one label"),
    ("\nstorage \"file\" { path = \"/d\" }", 2, "not supported yet"),
    ("\nstorage \"tape\" {}", 2, "unknown storage"),
    ("storage \"raft\" {}", 1, "\"path\" is required"),
    ("storage \"raft\" {\n path = \"/d\"\n performance_multiplier = 11\n}", 3, "from 0 to 10"),
    ("storage \"raft\" {\n path = \"/d\"\n max_entry_size = 1\n}", 3, "from 4096"),
    ("storage \"raft\" {\n path = \"/d\"\n snapshot_threshold = \"x\"\n}", 3, "a whole number"),
    (
      "storage \"raft\" {\n path = \"/d\"\n retry_join {\n leader_api_addr = \"https://b\" }\n}", 3,
      "joining other nodes"
    ),
    ("storage \"raft\" {\n path = \"/d\"\n retry_join {}\n}", 3, "\"leader_api_addr\" or \"auto_join\""),
    (whole("ha_storage \"raft\" {}"), 3, "not supported yet"),
    (whole("\naudit \"file\" { options { file_path = \"/a\" } }"), 4, "needs 2 labels"),
    (whole("audit \"tape\" \"f\" {}"), 3, "\"syslog\""),
    (whole("audit \"file\" \"/\" {}"), 3, "must be a path"),
    (whole("audit \"file\" \"a\" {}\naudit \"syslog\" \"a/b\" {}"), 4, "has this path already"),
    (whole("audit \"file\" \"a\" {\n options { file_path = [] }\n}"), 4, "a string"),
    (whole("initialize \"a\" {}"), 3, "not supported yet"),
    (whole("api_addr = \"node1:8200\""), 3, "must be a URL"),
    (whole("api_addr = \"https://a:b\""), 3, "no valid port"),
    (whole("api_addr = \"https://a:65536\""), 3, "no valid port"),
    (whole("api_addr = \"https://a/v1\""), 3, "must not have a path"),
    (whole("cluster_addr = \"https://{{ GetPrivateIP }}:8201\""), 3, "template"),
    (whole("ui = \"maybe\""), 3, "a boolean"),
    (whole("log_level = \"loud\""), 3, "trace, debug, info, warn or error"),
    (whole("log_format = \"xml\""), 3, "standard or json"),
    (whole("max_lease_ttl = \"1h\""), 3, "shorter"),
    (whole("default_lease_ttl = \"soon\""), 3, "a length of time"),
    (whole("default_lease_ttl = \"-1h\""), 3, "must not be negative"),
    (whole("ui = true\nui = false"), 4, "second time"),
    (whole("enable_unauthenticated_access = [\"all\"]"), 3, "\"rekey\""),
    (whole("seal \"awskms\" {}"), 3, "not supported yet"),
    (whole("seal \"wax\" {}"), 3, "unknown seal"),
    (whole("seal \"static\" { current_key = \"k\" }"), 3, "\"current_key_id\" is required"),
    (whole("seal \"static\" {\n current_key_id = \"a\"\n}"), 3, "\"current_key\" is required"),
    (
      whole("seal \"static\" {\n current_key_id = \"a\"\n current_key = \"k\"\n previous_key = \"p\"\n}"), 6,
      "go together"
    ),
    (whole("seal \"shamir\" {}\nseal \"shamir\" {}"), 4, "a second seal"),
    (whole("telemetry {\n prefix_filter = [\"vault\"]\n}"), 4, "begin with + or -"),
    (whole("user_lockout \"cert\" {}"), 3, "user_lockout \"cert\""),
    (whole("listener \"tcp\" { tls_disable = true }"), 3, "another listener has this address"),
    (whole("listener \"udp\" {}"), 3, "\"tcp\" and \"unix\" only"),
    (whole("listener \"unix\" {}"), 3, "\"address\" is required"),
    (whole("listener \"unix\" {\n address = \"/a\"\n socket_mode = \"rw\"\n}"), 5, "octal"),
    (listener("address = \"1.2.3.4:8200\""), 2, "\"tls_cert_file\" and \"tls_key_file\" are required"),
    (listener("tls_cert_file = \"/c\""), 3, "\"tls_key_file\" is required"),
    (listener("\ntls_key_file = \"/k\""), 4, "\"tls_cert_file\" is required"),
    (listener("tls_disable = true\naddress = \"a:70000\""), 4, "no valid port"),
    (listener("tls_disable = true\naddress = \"a:\""), 4, "no valid port"),
    (listener("tls_disable = true\naddress = \"::1:8200\""), 4, "host:port"),
    (listener("tls_disable = true\naddress = \"https://a:1\""), 4, "host:port"),
    (listener("tls_disable = true\naddress = \"a:65535\""), 4, "no port after 65535"),
    (listener("tls_disable = true\nmax_json_depth = -1"), 4, "at least 0"),
    (listener("tls_disable = true\nhttp_idle_timeout = \"-1s\""), 4, "negative"),
    (listener("tls_disable = true\nproxy_protocol_behavior = \"use_always\""), 4, "not supported yet"),
    (listener("tls_disable = true\nchroot_namespace = \"a\""), 4, "not supported yet"),
    (listener("tls_disable = true\ndisable_unauthed_generate_root_endpoints = true"), 4, "not supported yet"),
    (listener("tls_disable = true\nrole = \"metrics_only\""), 4, "\"role\""),
    (listener("tls_disable = true\ntelemetry {\n metrics_only = true\n}"), 5, "\"metrics_only\" is not supported"),
    (listener("tls_disable = true\nx_forwarded_for_authorized_addrs = \"10.0.0.0/33\""), 4, "CIDR"),
    (listener("tls_disable = true\nx_forwarded_for_authorized_addrs = \"proxy\""), 4, "CIDR"),
    (listener("tls_cert_file = \"/c\"\ntls_key_file = \"/k\"\ntls_min_version = \"ssl3\""), 5, "tls10, tls11"),
    (
      listener("tls_cert_file = \"/c\"\ntls_key_file = \"/k\"\ntls_max_version = \"tls11\""), 5, "older"
    ),
    (
      listener(
        "tls_cert_file = \"/c\"\ntls_key_file = \"/k\"\ntls_require_and_verify_client_cert = true\n"
          + "tls_disable_client_certs = true"), 6, "exclude each other"
    ),
    (
      listener("tls_disable = true\ncustom_response_headers {\n \"6xx\" = { A = \"1\" }\n}"), 5, "a status such as"
    ),
    (
      listener("tls_disable = true\ncustom_response_headers {\n default = {\n  X-Vault-Token = \"1\" }\n}"), 6,
      "the server's own"
    ),
    (
      listener("tls_disable = true\ncustom_response_headers {\n default = {\n  A = \"a\\nb\" }\n}"), 6,
      "control characters"
    ),
    ("storage \"inmem\" {\n", 2, ""),
    ("{\n \"storage\": {\"inmem\": {}},,\n}", 2, "invalid JSON"),
  ]

  @Test(arguments: refused) func whatIsRefused(text: String, line: Int, words: String) {
    do throws(ConfigurationError) {
      _ = try read(text)
      Issue.record("accepted: \(text)")
    } catch {
      #expect(error.file == "c.hcl")
      #expect(error.line == line, "\(error)")
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test func raftNeedsClustering() {
    let text = "disable_clustering = true\nstorage \"raft\" { path = \"/d\" }\nlistener \"tcp\" { tls_disable = true }"
    #expect(throws: ConfigurationError.self) { try read(text) }
  }

  @Test(arguments: [
    ["VAULT_UI": "perhaps"], ["VAULT_LOG_LEVEL": "loud"], ["VAULT_API_ADDR": "a:1"], ["VAULT_SEAL_TYPE": "awskms"],
  ]) func badVariablesAreNamed(environment: [String: String]) {
    do throws(ConfigurationError) {
      _ = try read(whole(""), environment)
      Issue.record("accepted: \(environment)")
    } catch {
      #expect(error.file.isEmpty)
      #expect(environment.keys.allSatisfy { error.message.contains($0) }, "\(error)")
    }
  }

  @Test func filesThatAreNotThere() {
    for paths in [[], ["absent.hcl"], ["empty"]] {
      let reader = ConfigurationReader(files: disk(["empty/readme.txt": ""]))
      #expect(throws: ConfigurationError.self) { try reader.read(paths: paths) }
    }
    #expect(throws: ConfigurationError.self) {
      try ConfigurationReader().read(paths: ["/nonexistent/coffer.hcl"])
    }
  }

  @Test func theMachinesFilesAreRead() throws {
    var template = Array("/tmp/configuration-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let folder = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = folder + "/c.hcl"
    defer {
      unlink(path)
      rmdir(folder)
    }
    let text = whole("ui = true")
    let file = open(path, O_WRONLY | O_CREAT, 0o600)
    #expect(write(file, text, text.utf8.count) == text.utf8.count)
    close(file)
    for named in [folder, path] { #expect(try ConfigurationReader().read(paths: [named]).ui) }
  }

  @Test func theFileAtFaultIsNamed() {
    let files = disk(["a/1.hcl": "storage \"inmem\" {}", "a/2.hcl": "\nui = \"x\""])
    do throws(ConfigurationError) {
      _ = try ConfigurationReader(files: files).read(paths: ["a"])
      Issue.record("accepted")
    } catch { #expect(error.description.hasPrefix("a/2.hcl:2: ")) }
  }

  @Test func keysAreNeverInErrors() {
    let text = whole("seal \"static\" {\n current_key_id = \"a\"\n current_key = [\"hunter2\"]\n}")
    do throws(ConfigurationError) {
      _ = try read(text)
      Issue.record("accepted")
    } catch { #expect(!error.description.contains("hunter2") && error.line == 5) }
  }

  @Test func noTextStopsTheProgram() {
    let random = RandomSource.seeded(11)
    let good = Array(whole("telemetry { a = [1, \"x\"] }\nseal \"static\" { current_key = \"k\" }\nui = true").utf8)
    let signs = Array("{}[]\"=,:#\\\n 0a-".utf8)
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<(random.below(6) + 1) where !bytes.isEmpty {
        let at = Int(random.below(UInt64(bytes.count)))
        switch random.below(3) {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(signs[Int(random.below(UInt64(signs.count)))], at: at)
        default: bytes[at] = UInt8(truncatingIfNeeded: random.below(256))
        }
      }
      let mutated = bytes
      _ = try? ConfigurationReader(files: ConfigurationFiles { _ in .file(mutated) }).read(paths: ["x"])
    }
  }
}
