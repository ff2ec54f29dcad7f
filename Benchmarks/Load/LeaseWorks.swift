internal import Glibc

/// The end of tokens, and many leases at once.
extension Bench {
  /// Each request ends a token of its own, made before the round.
  func tokenEndWorks(root: String) -> [Work] {
    let tokens = Stock(
      member: "client_token",
      request: request(
        "POST", "/v1/auth/token/create", token: root, body: "{\"policies\":[\"default\"],\"ttl\":\"1h\"}"))
    let wrapping = Stock(
      member: "token",
      request: request(
        "POST", "/v1/sys/wrapping/wrap", token: root, body: "{\"value\":\"v\"}",
        headers: "X-Vault-Wrap-TTL: 600\r\n"))
    // More than a server ends in that time.
    let enough = Int(15_000 * max(0.2, seconds))
    func fill(_ stock: Stock) -> (ServedProcess) throws -> Int {
      { server in
        try stock.fill(enough, from: server, connections: connections)
        truncateAudit()
        return enough
      }
    }
    return [
      Work(name: "token revoke", status: 204, stock: fill(tokens)) { number in
        request("POST", "/v1/auth/token/revoke-self", token: tokens.tokens[number])
      },
      Work(name: "unwrap", stock: fill(wrapping)) { number in
        request("POST", "/v1/sys/wrapping/unwrap", token: wrapping.tokens[number])
      },
    ]
  }

  /// Tokens for one round.
  private final class Stock {
    private let member: String
    private let request: [UInt8]
    private(set) var tokens: [String] = []

    init(member: String, request: [UInt8]) {
      self.member = member
      self.request = request
    }

    func fill(_ count: Int, from server: ServedProcess, connections: Int) throws {
      tokens = []
      let generator = LoadGenerator(connections: connections, seconds: 600, limit: count)
      let made = try generator.run(
        against: server, expecting: 200,
        answered: { body in if let token = Client.text(self.member, in: body) { self.tokens.append(token) } }
      ) { _ in self.request }
      guard made.unexpected.isEmpty, tokens.count == count else { throw Problem("tokens were not made") }
    }
  }

  /// What leases cost a server that has many of them, all due within the hour, so that it has to have them in mind. They are of
  /// one-time passwords for SSH, which need no other server to be given and taken back.
  func leaseStorm() throws {
    guard leases > 0, only.isEmpty || only == "leases" else { return }
    var bench = self
    bench.folder = folder + "/leases"
    mkdir(bench.folder, 0o700)
    try bench.measureLeases()
  }

  private func measureLeases() throws {
    var (server, client) = try freshServer()
    try prepare(client)
    try client.done("POST", "/v1/sys/mounts/ssh", "{\"type\":\"ssh\",\"config\":{\"default_lease_ttl\":\"50m\"}}")
    try client.done(
      "POST", "/v1/ssh/roles/r", "{\"key_type\":\"otp\",\"default_user\":\"u\",\"cidr_list\":\"192.0.2.0/24\"}")
    let token = client.token
    // A process that has just started has no memory left over from its work.
    server = try restarted(server).server
    server.awaitIdle()
    let empty = server.ownMegabytes
    let readsBefore = try readRate(server, token: token)

    let credentials = request("POST", "/v1/ssh/creds/r", token: token, body: "{\"ip\":\"192.0.2.7\"}")
    let given = try LoadGenerator(connections: connections, seconds: 1200, limit: leases)
      .run(against: server, expecting: 200) { _ in credentials }
    guard given.unexpected.isEmpty else { throw Problem("leases were answered \(given.unexpected)") }
    // The system has half a gigabyte of audit log to write, which is not the leases' doing.
    truncateAudit()
    sync()
    server.awaitIdle()
    let readsWith = try readRate(server, token: token)
    print(
      "\n\(leases) leases given: \(text(given.throughput, 0)) /s, p99 \(text(given.percentile(0.99) * 1000, 1)) ms;"
        + " resident memory \(text(server.residentMegabytes, 1)) MB, of it own \(text(server.ownMegabytes, 1)) MB")
    let again = try restarted(server)
    again.server.awaitIdle()
    let own = again.server.ownMegabytes
    let readsAgain = try readRate(again.server, token: token)
    print(
      "KV v2 reads: \(text(readsBefore, 0)) /s without leases, \(text(readsWith, 0)) /s with them,"
        + " \(text(readsAgain, 0)) /s after a new start with them")
    print(
      "start and unseal with \(leases) leases: \(text(again.seconds * 1000, 1)) ms (goal 1000 ms);"
        + " own memory \(text(own, 1)) MB, \(text((own - empty) * 1_048_576 / Double(leases), 0)) bytes a lease (goal 400)"
    )
    again.server.stop()
  }

  /// In seconds, from the start of the process until it is active.
  private func restarted(_ server: ServedProcess) throws -> (server: ServedProcess, seconds: Double) {
    server.stop()
    truncateAudit()
    let began = now()
    let server = try ServedProcess(serverCommand, port: server.port, log: folder + "/server.log")
    try server.awaitHealth()
    return (server, now() - began)
  }

  private func readRate(_ server: ServedProcess, token: String?) throws -> Double {
    let reads = (0..<Self.keys).map { request("GET", "/v1/kv/data/k\($0)", token: token) }
    let result = try LoadGenerator(connections: connections, seconds: max(2, seconds))
      .run(against: server, expecting: 200) { reads[$0 &* 7919 % Self.keys] }
    truncateAudit()
    return result.throughput
  }
}
