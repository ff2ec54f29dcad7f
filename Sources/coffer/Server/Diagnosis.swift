internal import Commands
internal import Glibc
internal import HTTPServer
internal import Kernel
internal import ServerConfiguration

/// `coffer server -config=… -test`: what can be found out about a configuration without serving.
struct Diagnosis {
  let reader: ConfigurationReader
  let paths: [String]
  let environment: [String: String]

  /// Prints a line for each check.
  /// - Throws: a `CommandFailure` where one failed.
  func run(_ say: (String) -> Void) throws {
    let configuration: ServerConfiguration
    do { configuration = try reader.read(paths: paths) } catch {
      say("[ failure ] configuration: \(error)")
      throw CommandFailure.local("The configuration cannot be used")
    }
    say("[ ok ] configuration: read")
    for warning in configuration.warnings { say("[ warning ] configuration: \(warning)") }
    var failures = 0
    func check(_ name: String, _ body: () throws -> String) {
      do { say("[ ok ] \(name): \(try body())") } catch {
        failures += 1
        say("[ failure ] \(name): \(error)")
      }
    }

    let server = ConfiguredServer(configuration: configuration, environment: environment, reread: { configuration })
    check("seal") { try server.seal().type }
    check("storage") { try storage(configuration.storage) }
    var plan: ServerPlan?
    check("listeners") {
      plan = try server.plan()
      return "\(configuration.listeners.count) configured"
    }
    for (index, listener) in (plan?.listeners ?? []).enumerated() {
      // Opening them finds ports that are taken, certificates that do not fit their keys, and folders without rights.
      check("listener \(index + 1)") {
        let opened = try HTTPServer(listeners: [listener.http], handler: NoHandler())
        opened.stop(grace: .zero)
        return "can be opened"
      }
    }
    check("file descriptors") { try descriptorLimit() }
    if failures > 0 { throw CommandFailure.local("\(failures) of the checks failed") }
    say("\nEverything that can be checked without serving is in order.")
  }

  private struct Fault: Error, CustomStringConvertible { let description: String }

  private func storage(_ storage: StorageConfiguration) throws -> String {
    guard case .raft(let raft) = storage else { return "in memory: everything is gone when the server stops" }
    var status = stat()
    guard stat(raft.path, &status) == 0 else { throw Fault(description: "the folder \(raft.path) does not exist") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw Fault(description: "\(raft.path) is not a folder") }
    guard access(raft.path, R_OK | W_OK | X_OK) == 0 else {
      throw Fault(description: "the folder \(raft.path) cannot be read and written by this user")
    }
    if status.st_mode & 0o077 != 0 {
      return
        "\(raft.path) can be used; others than its owner can look into it (mode \(String(status.st_mode & 0o777, radix: 8)))"
    }
    return "\(raft.path) can be used"
  }

  private func descriptorLimit() throws -> String {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return "unknown" }
    if limit.rlim_max < 1024 { throw Fault(description: "at most \(limit.rlim_max), which is too few for a server") }
    return "at most \(limit.rlim_max)"
  }
}

private struct NoHandler: HTTPHandler {
  func handle(_ request: HTTPRequest) -> HTTPResponse { HTTPResponse(status: 503) }
  func failure(_ failure: HTTPFailure, listener: Int) -> HTTPResponse { HTTPResponse(status: failure.status) }
}
