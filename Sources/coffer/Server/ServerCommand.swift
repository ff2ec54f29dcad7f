internal import Commands
internal import Glibc
internal import Logging
internal import Primitives
internal import ServerConfiguration

/// `coffer server`: everything that runs until a signal ends it.
struct ServerCommand: Command {
  static let config = Flag<[String]>("config", "A file or folder with configuration; may be given again.")
  static let test = Flag<Bool>("test", "Check the configuration and what it points to, and stop.")
  static let logLevel = Flag<String>("log-level", variable: "VAULT_LOG_LEVEL", "trace, debug, info, warn or error.")
  static let logFormat = Flag<String>("log-format", variable: "VAULT_LOG_FORMAT", "standard or json.")
  static let logFile = Flag<String>("log-file", variable: "VAULT_LOG_FILE", "A file for the log beside standard error.")
  static let logRotateBytes = Flag<Int64>(
    "log-rotate-bytes", default: 0, "The size at which the log begins a new file.")
  static let logRotateDuration = Flag<TimeSpan>(
    "log-rotate-duration", "The age at which the log begins a new file.")
  static let logRotateMaxFiles = Flag<Int64>(
    "log-rotate-max-files", default: 0,
    "How many old files of the log stay; 0 for all, -1 for none.")
  static let disableGatedLogs = Flag<Bool>(
    "disable-gated-logs", "Accepted for old scripts: no line of the log is held back.")
  static let experiments = Flag<[String]>("experiment", "Accepted for old scripts: there are no experiments.")
  static let exitOnCoreShutdown = Flag<Bool>("exit-on-core-shutdown", "Accepted for old scripts.")
  static let recovery = Flag<Bool>("recovery", "Recovery mode, which this server does not have.")
  static let dev = Flag<Bool>("dev", "A server for trying things out: in memory, unsealed, gone when it ends.")
  static let devRootToken = Flag<String>(
    "dev-root-token-id", variable: "VAULT_DEV_ROOT_TOKEN_ID", "The root token of the development server.")
  static let devAddress = Flag<String>(
    "dev-listen-address", variable: "VAULT_DEV_LISTEN_ADDRESS", "Where the development server listens.")
  static let devNoStoreToken = Flag<Bool>("dev-no-store-token", "Do not keep the root token for later commands.")
  static let devNoKV = Flag<Bool>("dev-no-kv", "Mount nothing at secret/.")
  static let devPluginFolder = Flag<String>(
    "dev-plugin-dir", "Accepted for old scripts: all engines are built in.")
  static let devPlainKV = Flag<Bool>("dev-kv-v1", "Mount version 1 of KV at secret/.")
  static let devTLS = Flag<Bool>("dev-tls", "Serve TLS with a certificate made for this run.")
  static let devCertificateFolder = Flag<String>("dev-tls-cert-dir", "Where that certificate and its key are put.")
  static let devNames = Flag<[String]>("dev-tls-san", "Another name or address for that certificate.")

  let words = ["server"]
  let synopsis = "Start a server"
  let usage = "-dev | -config=FILE"
  let details = """
    Starts a server that runs until SIGTERM or SIGINT. SIGHUP makes it read certificates, the log level and the log files again.

    Try it out, in memory:          coffer server -dev
    Run it:                         coffer server -config=/etc/coffer/coffer.hcl
    Check a configuration first:    coffer server -config=/etc/coffer/coffer.hcl -test
    """
  let shares: SharedFlags = []
  let flags: [any AnyFlag] = [
    config, test, logLevel, logFormat, logFile, logRotateBytes, logRotateDuration, logRotateMaxFiles, disableGatedLogs,
    experiments, exitOnCoreShutdown, recovery, dev, devRootToken, devAddress, devNoStoreToken, devNoKV, devPlainKV,
    devPluginFolder, devTLS, devCertificateFolder, devNames,
  ]

  func run(_ call: Invocation) throws(CommandFailure) {
    do { try start(call) } catch let failure as CommandFailure { throw failure } catch {
      throw .local("\(error)")
    }
  }

  private func start(_ call: Invocation) throws {
    if call[Self.recovery] { throw CommandFailure.local("Recovery mode is not part of this server") }
    for (isSet, name, reason) in [
      (call.isSet(Self.experiments), "experiment", "there are no experiments"),
      (call.isSet(Self.devPluginFolder), "dev-plugin-dir", "all engines are built in"),
    ] where isSet {
      call.warn("-\(name) has no effect: \(reason)")
    }
    let overrides = LogOverrides(
      level: call.given(Self.logLevel), format: call.given(Self.logFormat), file: call.given(Self.logFile),
      rotateBytes: call.given(Self.logRotateBytes), rotateDuration: call.given(Self.logRotateDuration),
      rotateMaxFiles: call.given(Self.logRotateMaxFiles))
    var plan: ServerPlan
    if call[Self.dev] || call[Self.devTLS] || call.isSet(Self.devRootToken) && !call.isSet(Self.config) {
      plan = try DevelopmentServer(call).plan()
    } else {
      let paths = call[Self.config]
      guard !paths.isEmpty else {
        throw CommandFailure.local("Must specify at least one config path using -config")
      }
      let reader = ConfigurationReader(environment: call.environment.variables)
      if call[Self.test] {
        try Diagnosis(reader: reader, paths: paths, environment: call.environment.variables).run { call.print($0) }
        return
      }
      plan = try ConfiguredServer(
        configuration: try reader.read(paths: paths), environment: call.environment.variables,
        reread: { try reader.read(paths: paths) }
      ).plan()
    }
    try overrides.apply(to: &plan.log)
    try ServerProcess(plan).run { call.print($0) }
  }
}

/// What flags and variables say about the log, over what the files say.
struct LogOverrides {
  var level: String?
  var format: String?
  var file: String?
  var rotateBytes: Int64?
  var rotateDuration: TimeSpan?
  var rotateMaxFiles: Int64?

  func apply(to log: inout LogPlan) throws {
    if let level, !level.isEmpty {
      guard let known = LogLevel(api: level) else { throw CommandFailure.local("Unknown log level: \(level)") }
      log.level = known
    }
    if let format, !format.isEmpty {
      guard format == "standard" || format == "json" else {
        throw CommandFailure.local("Unknown log format: \(format)")
      }
      log.format = format == "json" ? .json : .standard
    }
    if let file, !file.isEmpty { log.file = file }
    if let rotateBytes {
      guard rotateBytes >= 0 else { throw CommandFailure.local("-log-rotate-bytes must not be negative") }
      log.rotation.bytes = rotateBytes
    }
    if let rotateDuration {
      guard rotateDuration >= .zero else { throw CommandFailure.local("-log-rotate-duration must not be negative") }
      log.rotation.after = rotateDuration
    }
    if let rotateMaxFiles {
      guard rotateMaxFiles >= -1 else { throw CommandFailure.local("-log-rotate-max-files must be -1 or more") }
      log.rotation.keeping = Int(clamping: rotateMaxFiles)
    }
  }
}
