internal import Glibc

/// The run of all measurements and its report.
struct Bench {
  let binary: String
  let bare: String
  /// Where the server's files are; it is there already.
  var folder: String
  let seconds: Double
  let rounds: Int
  let connections: Int
  let secrets: Int
  let leases: Int
  /// The name of the one work to do; all where it is empty.
  let only: String

  /// How many keys are read and written; each value has 100 bytes.
  static let keys = 1000
  /// As large as a read of one of them is answered.
  private static let bareBytes = 420
  /// Just under what a JSON string may have by default, 1 MiB.
  private static let largeValue = 1_040_000

  /// One kind of request.
  struct Work {
    let name: String
    var goal: String?
    var status = 200
    var connections: Int?
    /// What a round uses up is made before it; the number of requests that there is enough for.
    var stock: ((ServedProcess) throws -> Int)?
    let source: LoadGenerator.Source
  }

  func run() throws {
    let startUp = try startUpTime()
    let bareServer = try start([bare], port: freePort()) { [String($0), String(Self.bareBytes)] }
    var (server, setup) = try freshServer()
    guard let root = setup.token else { throw Problem("there is no token") }
    sleep(2)
    let idle = server.residentMegabytes
    try prepare(setup)

    let works = works(root: root) + (try rightsWorks(setup)) + (try loginWorks(setup)) + (try transitWorks(setup))
    print(
      "\(connections) connections, \(rounds) rounds of \(text(seconds, 1)) s each in turns; the medians of the rounds.")
    print("CPU: the server's microseconds for one request. Share: of the bare route's throughput in the same round.\n")
    try measure(works, server, bareServer, root: root)
    let loaded = server.residentMegabytes
    // What is not needed goes back to the system every ten seconds.
    sleep(12)
    let afterRun = server.residentMegabytes
    print("\nstart (development server, exec to the first answer)   \(text(startUp * 1000, 1)) ms      goal 50 ms")
    print(
      "resident memory, idle \(text(idle, 1)) MB (goal 35), under load \(text(loaded, 1)) MB, 12 s later \(text(afterRun, 1)) MB (goal 60)"
    )
    try many(&server, root: root)
    // The server was started anew meanwhile.
    let client = try Client(port: server.port)
    client.token = root
    try databaseLogins(server, client)
    // Last, because what they use up fills the storage.
    print("")
    try measure(tokenEndWorks(root: root), server, bareServer, root: root)
    server.stop()
    bareServer.kill()
    try leaseStorm()
  }

  /// Does the works in turns with the bare route, and prints what came of it.
  private func measure(_ all: [Work], _ server: ServedProcess, _ bareServer: ServedProcess, root: String) throws {
    let works = all.filter { only.isEmpty || $0.name == only }
    if works.isEmpty { return }
    var bareResults: [Measurement] = []
    var results = [[Measurement]](repeating: [], count: works.count)
    for _ in 0..<rounds {
      let bareRequest = request("GET", "/v1/kv/data/k1", token: root)
      let generator = LoadGenerator(connections: connections, seconds: seconds)
      let reference = try generator.run(against: bareServer, expecting: 200) { _ in bareRequest }
      bareResults.append(reference)
      for (place, work) in works.enumerated() {
        // The audit log of a benchmark grows by a gigabyte in seconds, and then the disk is what is measured.
        truncateAudit()
        let stock = try work.stock?(server) ?? .max
        let generator = LoadGenerator(connections: work.connections ?? connections, seconds: seconds, limit: stock)
        let result = try generator.run(against: server, expecting: work.status, work.source)
        if !result.unexpected.isEmpty { throw Problem("\(work.name) was answered \(result.unexpected)") }
        results[place].append(result)
      }
    }
    report(bareResults, works, results)
  }

  private var auditPath: String { folder + "/audit.log" }
  func truncateAudit() { truncate(auditPath, 0) }
  var serverCommand: [String] { [binary, "server", "-config=\(folder)/server.hcl"] }

  /// A server as users run it, initialised, with its root token in the client's hand and a mount `kv`.
  func freshServer() throws -> (ServedProcess, Client) {
    let port = freePort()
    try configure(port: port)
    let server = try ServedProcess(serverCommand, port: port, log: folder + "/server.log")
    try server.awaitHealth([501])
    let client = try Client(port: port)
    let initialized = try client.done("PUT", "/v1/sys/init", "{\"recovery_shares\":1,\"recovery_threshold\":1}")
    guard let root = initialized.text("root_token") else { throw Problem("init gave no token") }
    try server.awaitHealth()
    client.token = root
    try client.done("PUT", "/v1/sys/audit/file", "{\"type\":\"file\",\"options\":{\"file_path\":\"\(auditPath)\"}}")
    try client.done("POST", "/v1/sys/mounts/kv", "{\"type\":\"kv\",\"options\":{\"version\":\"2\"}}")
    return (server, client)
  }

  private func configure(port: Int) throws {
    let key = (0..<32).map { _ in "0123456789abcdef".randomElement() ?? "0" }
    try writeFile(String(key), to: folder + "/seal.key", mode: 0o600)
    mkdir(folder + "/raft", 0o700)
    try writeFile(
      """
      storage "raft" {
        path = "\(folder)/raft"
        node_id = "one"
      }
      listener "tcp" {
        address = "127.0.0.1:\(port)"
        tls_disable = true
      }
      seal "static" {
        current_key_id = "bench"
        current_key = "file://\(folder)/seal.key"
      }
      disable_mlock = true
      api_addr = "http://127.0.0.1:\(port)"
      cluster_addr = "https://127.0.0.1:\(port + 1)"
      """, to: folder + "/server.hcl", mode: 0o600)
  }

  private func start(
    _ command: [String], port: Int, _ more: (Int) -> [String]
  ) throws -> ServedProcess {
    let server = try ServedProcess(command + more(port), port: port, log: folder + "/bare.log")
    try server.awaitHealth()
    return server
  }

  /// The median of eleven starts.
  private func startUpTime() throws -> Double {
    var times: [Double] = []
    for _ in 0..<11 {
      let port = freePort()
      let began = now()
      let server = try ServedProcess(
        [binary, "server", "-dev", "-dev-no-store-token", "-dev-listen-address=127.0.0.1:\(port)"], port: port,
        log: folder + "/dev.log")
      try server.awaitHealth()
      times.append(now() - began)
      server.kill()
    }
    return times.sorted()[5]
  }

  // MARK: What is asked

  private func secret(_ number: Int) -> String {
    "{\"data\":{\"value\":\"\(String(repeating: "x", count: 90))\(number % 9_000_000_000 + 1_000_000_000)\"}}"
  }

  func prepare(_ client: Client) throws {
    for number in 0..<Self.keys { try client.done("POST", "/v1/kv/data/k\(number)", secret(number)) }
    try client.done("POST", "/v1/kv/data/large", largeSecret)
  }

  private var largeSecret: String { "{\"data\":{\"value\":\"\(String(repeating: "y", count: Self.largeValue))\"}}" }

  private func works(root: String) -> [Work] {
    // Made before, so that the generator's own work stays small; taken in an order without rhythm.
    let reads = (0..<Self.keys).map { request("GET", "/v1/kv/data/k\($0)", token: root) }
    let writes = (0..<Self.keys).map { request("POST", "/v1/kv/data/k\($0)", token: root, body: secret($0)) }
    let health = request("GET", "/v1/sys/health", token: nil)
    let lookup = request("GET", "/v1/auth/token/lookup-self", token: root)
    let creation = request(
      "POST", "/v1/auth/token/create", token: root, body: "{\"policies\":[\"default\"],\"ttl\":\"1h\"}")
    let largeRead = request("GET", "/v1/kv/data/large", token: root)
    let largeWrite = request("POST", "/v1/kv/data/large", token: root, body: largeSecret)
    return [
      Work(name: "sys/health") { _ in health },
      Work(name: "KV v2 read", goal: "70 %") { reads[$0 &* 7919 % Self.keys] },
      Work(name: "KV v2 write", goal: "25 %") { writes[$0 &* 7919 % Self.keys] },
      Work(name: "token lookup-self") { _ in lookup },
      Work(name: "token create") { _ in creation },
      Work(name: "1 MiB value read", connections: 8) { _ in largeRead },
      Work(name: "1 MiB value write", connections: 8) { _ in largeWrite },
    ]
  }

  /// The list of many keys, and how long a start takes with them.
  private func many(_ server: inout ServedProcess, root: String) throws {
    guard secrets > 0 else { return }
    truncateAudit()
    let writes = LoadGenerator(connections: connections, seconds: 600, limit: secrets)
    let filled = try writes.run(against: server, expecting: 200) {
      request("POST", "/v1/kv/data/many/k\($0)", token: root, body: secret($0))
    }
    print(
      "\(secrets) new secrets written: \(text(filled.throughput, 0)) /s, p99 \(text(filled.percentile(0.99) * 1000, 1)) ms"
    )
    truncateAudit()
    let listing = request("LIST", "/v1/kv/metadata/many", token: root)
    let lists = LoadGenerator(connections: 1, seconds: 600, limit: 5)
    let listed = try lists.run(against: server, expecting: 200) { _ in listing }
    print(
      "\(secrets) keys listed: \(text(listed.percentile(0.5) * 1000, 1)) ms for \(listed.bodyBytes / max(1, listed.requests) / 1000) kB;"
        + " resident memory \(text(server.residentMegabytes, 1)) MB")
    for name in ["SIGTERM", "SIGKILL"] {
      if name == "SIGTERM" { server.stop() } else { server.kill() }
      let began = now()
      server = try ServedProcess(serverCommand, port: server.port, log: folder + "/server.log")
      try server.awaitHealth()
      print(
        "start and unseal with \(secrets) secrets after \(name): \(text((now() - began) * 1000, 1)) ms (goal 200 ms),"
          + " resident memory \(text(server.residentMegabytes, 1)) MB")
    }
  }

  // MARK: The report

  private func report(_ bareResults: [Measurement], _ works: [Work], _ results: [[Measurement]]) {
    let columns = ["", "requests/s", "p50 ms", "p99 ms", "CPU us", "CPU s", "load s", "RSS MB", "share", "goal"]
    var table = [columns]
    table.append(row("bare route", bareResults, shares: bareResults.map { _ in 1 }, goal: nil))
    for (work, measured) in zip(works, results) {
      let shares = zip(measured, bareResults).map { $0.throughput / $1.throughput }
      table.append(row(work.name, measured, shares: shares, goal: work.goal))
    }
    for row in table {
      var line = row[0] + String(repeating: " ", count: max(0, 20 - row[0].utf8.count))
      for cell in row.dropFirst() { line += String(repeating: " ", count: max(1, 11 - cell.utf8.count)) + cell }
      print(line)
    }
  }

  private func row(_ name: String, _ measured: [Measurement], shares: [Double], goal: String?) -> [String] {
    func middle(_ value: (Measurement) -> Double) -> Double { median(measured.map(value)) }
    return [
      name, text(middle(\.throughput), 0), text(middle { $0.percentile(0.5) } * 1000, 2),
      text(middle { $0.percentile(0.99) } * 1000, 2), text(middle(\.cost), 1), text(middle(\.serverSeconds), 2),
      text(middle(\.ownSeconds), 2), text(middle(\.megabytes), 1), text(median(shares) * 100, 1) + " %", goal ?? "",
    ]
  }

  private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }

  func text(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((value * scale).rounded())
    guard digits > 0 else { return String(rounded) }
    let fraction = String(rounded % Int(scale))
    return "\(rounded / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
