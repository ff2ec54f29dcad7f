internal import Client
internal import JSONText

struct RaftListPeersCommand: Command {
  let words = ["operator", "raft", "list-peers"]
  let synopsis = "Show the nodes that hold the data"
  let shares: SharedFlags = [.client, .format]

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    let client = try call.client()
    let secret = try call.attempt("Error reading the raft cluster configuration") { () throws(APIError) in
      try client.secret(APIRequest("GET", "sys/storage/raft/configuration"))
    }
    guard let secret else { throw .remote("No raft cluster configuration found") }
    if !output.isTable { return output.structured(secret.json) }
    let servers = secret.data?["config"]?["servers"]?.arrayValue ?? []
    output.line(
      Table.text(
        header: ["Node", "Address", "State", "Voter"],
        rows: servers.map { server in
          let state = server["leader"]?.boolValue == true ? "leader" : "follower"
          return [server["node_id"].cell, server["address"].cell, state, server["voter"].cell]
        }))
  }
}

struct RaftRemovePeerCommand: Command {
  let words = ["operator", "raft", "remove-peer"]
  let synopsis = "Take a node out of the cluster"
  let usage = "NODE"
  let details = """
    For a node that is gone for good. It cannot come back with its data.
    """
  let arity = Arity.worded(
    1...1, few: "Incorrect arguments (expected 1, got %)", many: "Incorrect arguments (expected 1, got %)")
  private let drToken = Flag<String>("dr-token", "Disaster recovery operation token.")
  var flags: [any AnyFlag] { [drToken] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let client = try call.client()
    var body: JSONObject = ["server_id": .string(Invocation.trimmedBlanks(call.argument(0)))]
    if call.isSet(drToken) { body["dr_operation_token"] = .string(call[drToken]) }
    _ = try call.attempt("Error removing the peer from raft cluster") { () throws(APIError) in
      try client.post("sys/storage/raft/remove-peer", body)
    }
    call.print("Peer removed successfully!")
  }
}

struct RaftJoinCommand: Command {
  let words = ["operator", "raft", "join"]
  let synopsis = "Make a new node part of a cluster"
  let usage = "[LEADER_ADDRESS]"
  let details = """
    Asked of the new node, which turns to the leader.

        $ coffer operator raft join https://node1:8200
    """
  let arity = Arity.between(0, 1)
  let shares: SharedFlags = [.client, .format]
  private let authority = Flag<String>("leader-ca-cert", "PEM of the authority of the leader's certificate, or @FILE.")
  private let certificate = Flag<String>("leader-client-cert", "PEM of the certificate to show, or @FILE.")
  private let key = Flag<String>("leader-client-key", "PEM of that certificate's key, or @FILE.")
  private let serverName = Flag<String>("leader-tls-servername", "Name to expect in the leader's certificate.")
  private let retry = Flag<Bool>("retry", "Try until it works.")
  private let nonVoter = Flag<Bool>("non-voter", "Join without a vote.")
  private let autoJoin = Flag<String>("auto-join", "How to find the leader in a cloud.")
  private let autoJoinScheme = Flag<String>("auto-join-scheme", "Scheme of addresses that were found.")
  private let autoJoinPort = Flag<Int64>("auto-join-port", default: 0, "Port of addresses that were found.")
  var flags: [any AnyFlag] {
    [authority, certificate, key, serverName, retry, nonVoter, autoJoin, autoJoinScheme, autoJoinPort]
  }

  func run(_ call: Invocation) throws(CommandFailure) {
    let output = try call.output()
    var body: JSONObject = ["leader_api_addr": .string(call.argument(0))]
    for (flag, name) in [
      (authority, "leader_ca_cert"), (certificate, "leader_client_cert"), (key, "leader_client_key"),
      (serverName, "leader_tls_servername"), (autoJoin, "auto_join"), (autoJoinScheme, "auto_join_scheme"),
    ] where call.isSet(flag) {
      body[name] = .string(try content(call[flag], call))
    }
    if call[autoJoinPort] > 0 { body["auto_join_port"] = .int(call[autoJoinPort]) }
    if call[retry] { body["retry"] = true }
    if call[nonVoter] { body["non_voter"] = true }
    let client = try call.client()
    let answer = try call.attempt("Error joining the node to the Raft cluster") { () throws(APIError) in
      try client.state(APIRequest("POST", "sys/storage/raft/join", body: body))
    }
    if !output.isTable { return output.structured(.object(answer)) }
    output.line(Table.keyValue([("Joined", answer["joined"]?.plainText ?? "false")]))
  }

  private func content(_ text: String, _ call: Invocation) throws(CommandFailure) -> String {
    guard text.hasPrefix("@") else { return text }
    switch call.environment.files.read(call.environment.expanded(String(text.dropFirst()))) {
    case .success(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .failure(let error): throw .local("Error reading file: \(error)")
    }
  }
}

struct RaftSnapshotSaveCommand: Command {
  let words = ["operator", "raft", "snapshot", "save"]
  let synopsis = "Save everything that is stored to a file"
  let usage = "FILE"
  let details = """
    The file is encrypted as the storage is; restoring it takes the same unseal keys.

        $ coffer operator raft snapshot save backup.snap
    """
  let arity = Arity.worded(
    1...1, few: "Incorrect arguments (expected 1, got %)", many: "Incorrect arguments (expected 1, got %)")

  func run(_ call: Invocation) throws(CommandFailure) {
    let files = call.environment.files
    let path = call.environment.expanded(call.argument(0))
    if path.isEmpty { throw .local("Output file name is required") }
    // What is not whole must not look like a backup.
    let partial = path + ".partial"
    let client = try call.client()
    var failure: FileError?
    if case .failure(let error) = files.remove(partial) { failure = error }
    let response = try call.attempt("Error taking the snapshot") { () throws(APIError) in
      try client.raw(APIRequest("GET", "sys/storage/raft/snapshot")) { piece in
        if failure == nil, case .failure(let error) = files.append(partial, piece) { failure = error }
        return failure == nil
      }
    }
    _ = response
    if failure == nil, case .failure(let error) = files.rename(partial, path) { failure = error }
    if let failure {
      _ = files.remove(partial)
      throw .local("Error writing the snapshot: \(failure)")
    }
  }
}

struct RaftSnapshotRestoreCommand: Command {
  let words = ["operator", "raft", "snapshot", "restore"]
  let synopsis = "Put back what was saved to a file"
  let usage = "FILE"
  let details = """
    Replaces everything that is stored. -force takes a snapshot of another cluster; afterwards that cluster's unseal
    keys count.

        $ coffer operator raft snapshot restore backup.snap
    """
  let arity = Arity.worded(
    1...1, few: "Incorrect arguments (expected 1, got %)", many: "Incorrect arguments (expected 1, got %)")
  private let force = Flag<Bool>("force", aliases: ["f"], "Do not check that the snapshot has the same unseal keys.")
  var flags: [any AnyFlag] { [force] }

  func run(_ call: Invocation) throws(CommandFailure) {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try call.environment.files.read(call.environment.expanded(call.argument(0))).get()
    } catch {
      throw .remote("Error opening source file: \(error)")
    }
    if bytes.isEmpty { throw .local("Snapshot file is empty: \(call.argument(0))") }
    let client = try call.client()
    var request = APIRequest("POST", "sys/storage/raft/snapshot\(call[force] ? "-force" : "")")
    request.body = bytes
    _ = try call.attempt("Error installing the snapshot") { () throws(APIError) in try client.raw(request) }
    call.print("Success! Restored snapshot: \(call.argument(0))")
  }
}
