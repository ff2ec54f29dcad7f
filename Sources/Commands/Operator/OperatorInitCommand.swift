internal import Client
internal import JSONText

struct OperatorInitCommand: Command {
  let words = ["operator", "init"]
  let synopsis = "Initialize a new server and get its keys"
  let details = """
    Makes the keys of a server that has no data yet, splits the unseal key into shares and prints them with the first
    root token. They are printed once and stored nowhere: whoever loses too many shares loses everything.
    With -status, exits 0 where the server is initialized, 2 where it is not, and 1 where it cannot be asked.

        $ coffer operator init -key-shares=3 -key-threshold=2
    """
  let shares: SharedFlags = [.client, .format]
  private let status = Flag<Bool>("status", "Only tell whether the server is initialized.")
  private let keyShares = Flag<Int64>("key-shares", aliases: ["n"], default: 5, "How many shares to make.")
  private let keyThreshold = Flag<Int64>(
    "key-threshold", aliases: ["t"], default: 3, "How many shares unseal the server.")
  private let pgpKeys = OperatorFlags.pgpKeys
  private let rootKey = Flag<String>("root-token-pgp-key", "Public key to encrypt the root token with.")
  private let recoveryShares = Flag<Int64>(
    "recovery-shares", default: 5, "How many recovery shares to make, of a server that unseals itself.")
  private let recoveryThreshold = Flag<Int64>(
    "recovery-threshold", default: 3, "How many recovery shares are needed.")
  private let recoveryKeys = Flag<[String]>("recovery-pgp-keys", "Public keys to encrypt the recovery shares with.")
  private let storedShares = Flag<Int64>("stored-shares", default: -1, "Without meaning; kept for scripts.")
  var flags: [any AnyFlag] {
    [
      status, keyShares, keyThreshold, pgpKeys, rootKey, recoveryShares, recoveryThreshold, recoveryKeys,
      storedShares,
    ]
  }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    if call[status] { return try tell(call, client, output) }
    let body = try self.body(call, client)
    let answer = try call.attempt("Error initializing") { () throws(APIError) in
      try client.state(APIRequest("PUT", "sys/init", body: body))
    }
    if output.isTable { show(answer, call, output) } else { output.structured(.object(structure(answer, call))) }
  }

  private func tell(_ call: Invocation, _ client: APIClient, _ output: Output) throws(CommandFailure) {
    let isInitialized: Bool
    do throws(CommandFailure) {
      let answer = try call.attempt("Error checking init status") { () throws(APIError) in
        try client.object(APIRequest("GET", "sys/init"))
      }
      isInitialized = answer["initialized"]?.boolValue ?? false
    } catch {
      throw CommandFailure(status: error.status == 0 ? 0 : 1, error.message)
    }
    if output.isTable {
      output.line(isInitialized ? "Vault is initialized" : "Vault is not initialized")
    } else {
      output.structured(["Initialized": .bool(isInitialized)])
    }
    if !isInitialized { throw CommandFailure(status: 2) }
  }

  /// A server that unseals itself gets recovery shares instead of unseal shares.
  private func body(_ call: Invocation, _ client: APIClient) throws(CommandFailure) -> JSONObject {
    var look = APIRequest("GET", "sys/seal-status")
    look.isPreflight = true
    var hasty = client
    hasty.configuration.retries.limit = 0
    let recovers = (try? hasty.object(look))?["recovery_seal"]?.boolValue ?? false
    var body = JSONObject()
    if !recovers || call.isSet(keyShares) { body["secret_shares"] = .int(call[keyShares]) }
    if !recovers || call.isSet(keyThreshold) { body["secret_threshold"] = .int(call[keyThreshold]) }
    if recovers || call.isSet(recoveryShares) { body["recovery_shares"] = .int(call[recoveryShares]) }
    if recovers || call.isSet(recoveryThreshold) { body["recovery_threshold"] = .int(call[recoveryThreshold]) }
    if call.isSet(pgpKeys) { body["pgp_keys"] = .array(try OperatorFlags.keys(call[pgpKeys], call)) }
    if call.isSet(rootKey) {
      body["root_token_pgp_key"] = try OperatorFlags.keys([call[rootKey]], call).first ?? .null
    }
    if call.isSet(recoveryKeys) {
      body["recovery_pgp_keys"] = .array(try OperatorFlags.keys(call[recoveryKeys], call))
    }
    return body
  }

  private func show(_ answer: JSONObject, _ call: Invocation, _ output: Output) {
    func list(_ name: String) -> [String] { answer[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    let keys = list("keys_base64")
    let recovery = list("recovery_keys_base64")
    for (i, key) in keys.enumerated() { output.line("Unseal Key \(i + 1): \(key)") }
    for (i, key) in recovery.enumerated() { output.line("Recovery Key \(i + 1): \(key)") }
    output.line("\nInitial Root Token: \(answer["root_token"]?.stringValue ?? "")\n")
    if keys.isEmpty {
      output.line("The server is initialized and unseals itself.")
      return output.line("Recovery keys cannot unseal it; keep them for operations that ask for a quorum.")
    }
    output.line(
      """
      The server is initialized with \(keys.count) key share\(keys.count == 1 ? "" : "s"); \(call[keyThreshold]) \
      of them unseal it, after every start.
      Nobody can print them again. Give each to somebody else, and keep the root token apart or revoke it when the
      first policies are in place.
      """)
  }

  private func structure(_ answer: JSONObject, _ call: Invocation) -> JSONObject {
    func list(_ name: String) -> JSONValue { answer[name].map { $0.isNull ? [] : $0 } ?? [] }
    let hasKeys = list("keys_base64") != []
    return [
      "unseal_keys_b64": list("keys_base64"), "unseal_keys_hex": list("keys"),
      "unseal_shares": .int(hasKeys ? call[keyShares] : 1), "unseal_threshold": .int(hasKeys ? call[keyThreshold] : 1),
      "recovery_keys_b64": list("recovery_keys_base64"), "recovery_keys_hex": list("recovery_keys"),
      "recovery_keys_shares": .int(hasKeys ? 0 : call[recoveryShares]),
      "recovery_keys_threshold": .int(hasKeys ? 0 : call[recoveryThreshold]),
      "root_token": answer["root_token"] ?? .null,
    ]
  }
}
