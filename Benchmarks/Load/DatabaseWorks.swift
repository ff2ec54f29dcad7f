/// Logins for PostgreSQL beside the very statements that make them, on as many connections, in turns.
extension Bench {
  static let databaseWork = "database login"

  func databaseLogins(_ server: ServedProcess, _ client: Client) throws {
    guard only.isEmpty || only == Self.databaseWork else { return }
    guard let cluster = try PostgreSQLCluster() else {
      return print("\(Self.databaseWork): not measured, PostgreSQL is not installed")
    }
    try cluster.query("CREATE ROLE reader")
    try client.done("POST", "/v1/sys/mounts/database", "{\"type\":\"database\"}")
    print("\nlogins for PostgreSQL, and its statements alone (pgbench); ours: the part of the time that is not theirs")
    print("clients   pool      ours/s   p50 ms   p99 ms  CPU us  statements/s   ours")
    // The last with the pool that a configuration has which says nothing of it.
    for (clients, pool) in [(1, 1), (connections, connections), (connections, 4)] {
      try configure(client, cluster, connections: pool)
      let request = request("GET", "/v1/database/creds/app", token: client.token)
      var shares: [(share: Double, alone: Double, measured: Measurement)] = []
      for _ in 0..<rounds {
        truncateAudit()
        let alone = try cluster.throughput(of: Self.script, connections: pool, seconds: seconds)
        let generator = LoadGenerator(connections: clients, seconds: seconds)
        let measured = try generator.run(against: server, expecting: 200) { _ in request }
        if !measured.unexpected.isEmpty { throw Problem("\(Self.databaseWork) was answered \(measured.unexpected)") }
        shares.append((1 - measured.throughput / alone, alone, measured))
      }
      shares.sort { $0.share < $1.share }
      let middle = shares[shares.count / 2]
      let cells = [
        (text(middle.measured.throughput, 0), 11), (text(middle.measured.percentile(0.5) * 1000, 2), 9),
        (text(middle.measured.percentile(0.99) * 1000, 2), 9), (text(middle.measured.cost, 0), 8),
        (text(middle.alone, 0), 14), (text(max(0, middle.share) * 100, 0) + " %", 7),
      ]
      var line = ""
      for (cell, width) in [("\(clients)", 7), ("\(pool)", 7)] + cells {
        line += String(repeating: " ", count: max(1, width - cell.utf8.count)) + cell
      }
      print(line)
    }
  }

  private func configure(_ client: Client, _ cluster: PostgreSQLCluster, connections: Int) throws {
    let url = "postgresql://{{username}}:{{password}}@127.0.0.1:\(cluster.port)/postgres?sslmode=disable"
    try client.done(
      "POST", "/v1/database/config/lab",
      """
      {"plugin_name":"postgresql-database-plugin","allowed_roles":"*","username":"root","password":"rootpw",\
      "connection_url":"\(url)","max_open_connections":\(connections)}
      """)
    try client.done(
      "POST", "/v1/database/roles/app",
      """
      {"db_name":"lab","default_ttl":"1h","creation_statements":\
      "CREATE ROLE \\"{{name}}\\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE reader"}
      """)
  }

  /// What the engine sends for the role above.
  private static let script = """
    \\set a random(100000000000, 999999999999)
    \\set b random(100000000000, 999999999999)
    BEGIN;
    CREATE ROLE "v-bench-app-:a:b" LOGIN PASSWORD 'Zk3-ds8fKQ2mfb7aPq1x' VALID UNTIL '2100-01-02' IN ROLE reader;
    COMMIT;

    """
}
