internal import Glibc

/// A PostgreSQL cluster of the benchmark's own, with the settings that it comes with: what it says is done is on the disk.
/// The superuser `root` has the password `rootpw`.
final class PostgreSQLCluster {
  let port = freePort()
  private let programs: String
  private let folder: String
  private var server: ServedProcess?

  /// Nil where PostgreSQL is not installed.
  init?() throws {
    guard let programs = Self.installed() else { return nil }
    self.programs = programs
    var template = Array("/tmp/coffer-bench-postgresql-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Problem("no temporary folder") }
    folder = String(cString: made)
    // It refuses to run as root.
    if getuid() == 0 {
      guard let user = getpwnam("postgres"), chown(folder, user.pointee.pw_uid, user.pointee.pw_gid) == 0 else {
        throw Problem("PostgreSQL needs a user of its own, postgres")
      }
    }
    try writeFile("rootpw", to: folder + "/password", mode: 0o644)
    let data = folder + "/data"
    try run(["initdb", "-D", data, "-U", "root", "-A", "scram-sha-256", "--pwfile=\(folder)/password"])
    let command = [
      "postgres", "-D", data, "-p", "\(port)", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
    ]
    server = try ServedProcess(
      asOwner(command + ["-c", "unix_socket_directories=\(folder)"]), port: port, log: folder + "/log")
    let end = now() + 30
    while (try? run(["pg_isready", "-h", "127.0.0.1", "-p", "\(port)"])) == nil {
      if now() > end { throw Problem("PostgreSQL does not start: \(folder)/log") }
      usleep(20_000)
    }
  }

  deinit {
    server?.kill()
    removeFolder(folder)
  }

  private static func installed() -> String? {
    for version in stride(from: 30, through: 12, by: -1) {
      let folder = "/usr/lib/postgresql/\(version)/bin"
      if access(folder + "/pgbench", X_OK) == 0 { return folder }
    }
    return nil
  }

  private func asOwner(_ command: [String]) -> [String] {
    let words = [programs + "/" + command[0]] + command.dropFirst()
    guard getuid() == 0 else { return words }
    return ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] + words
  }

  /// Runs one of PostgreSQL's programs to its end; returns what it said.
  @discardableResult
  func run(_ command: [String]) throws -> String {
    let log = folder + "/said"
    unlink(log)
    setenv("PGPASSWORD", "rootpw", 1)
    let status = try ServedProcess(asOwner(command), port: port, log: log).awaitEnd()
    let said = readFile(log)
    if status != 0 { throw Problem("\(command[0]) failed: \(said)") }
    return said
  }

  func query(_ statement: String) throws {
    try run([
      "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", "\(port)", "-U", "root", "-c", statement,
      "postgres",
    ])
  }

  /// Runs a script of statements again and again on so many connections, and one after the other on each of them.
  /// - Returns: how often in a second.
  func throughput(of script: String, connections: Int, seconds: Double) throws -> Double {
    try writeFile(script, to: folder + "/script", mode: 0o644)
    let whole = max(1, Int(seconds.rounded()))
    let said = try run([
      "pgbench", "-n", "-f", folder + "/script", "-c", "\(connections)", "-T", "\(whole)", "-h", "127.0.0.1", "-p",
      "\(port)", "-U", "root", "postgres",
    ])
    for line in said.split(separator: "\n") where line.hasPrefix("tps = ") {
      if let number = line.split(separator: " ").dropFirst(2).first.flatMap({ Double($0) }) { return number }
    }
    throw Problem("pgbench said nothing of its throughput: \(said)")
  }
}
