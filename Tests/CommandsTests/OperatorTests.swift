import Primitives
import Testing

@testable import Commands

@Suite struct OperatorTests {
  let world = World()

  private func status(sealed: Bool, progress: Int = 0, storage: String = "raft") -> String {
    """
    {"type":"shamir","initialized":true,"sealed":\(sealed),"t":2,"n":3,"progress":\(progress),"nonce":"",\
    "version":"1.21.0","build_date":"D","migration":false,"recovery_seal":false,"storage_type":"\(storage)"}
    """
  }

  @Test func aSealedServerIsStatusTwo() {
    world.on("GET /v1/sys/seal-status", 200, status(sealed: true, progress: 1))
    #expect(world.run("status") == 2)
    #expect(
      world.output == """
        Key                Value
        ---                -----
        Seal Type          shamir
        Initialized        true
        Sealed             true
        Total Shares       3
        Threshold          2
        Unseal Progress    1/2
        Unseal Nonce       n/a
        Version            1.21.0
        Build Date         D
        Storage Type       raft
        HA Enabled         true

        """)
  }

  @Test func anActiveServerTellsItsPart() {
    let leader = """
      {"ha_enabled":true,"is_self":true,"active_time":"T","leader_address":"http://a",\
      "leader_cluster_address":"https://c","performance_standby":false,"raft_committed_index":7,"raft_applied_index":7}
      """
    world.on("GET /v1/sys/seal-status", 200, status(sealed: false)).on("GET /v1/sys/leader", 200, leader)
    #expect(world.run("status") == 0)
    #expect(
      world.output.hasSuffix(
        """
        HA Enabled              true
        HA Cluster              https://c
        HA Mode                 active
        Active Since            T
        Raft Committed Index    7
        Raft Applied Index      7

        """))
    world.on("GET /v1/sys/seal-status", 200, status(sealed: false, storage: "inmem"))
      .on("GET /v1/sys/leader", 200, #"{"ha_enabled":false,"is_self":false,"leader_address":""}"#)
    #expect(world.run("status", "-format=json") == 0)
    #expect(
      world.output.hasPrefix(
        "{\n  \"type\": \"shamir\",\n  \"initialized\": true,\n  \"sealed\": false,\n  \"t\": 2,\n"))
    #expect(world.output.hasSuffix("  \"ha_enabled\": false\n}\n"))
  }

  @Test func aServerThatCannotBeAskedIsStatusOne() {
    world.variables["VAULT_MAX_RETRIES"] = "0"
    #expect(world.run("status") == 1)
    #expect(world.errors.contains("refused"))
  }

  @Test func initStatusHasCodesOfItsOwn() {
    world.on("GET /v1/sys/init", 200, #"{"initialized":false}"#).on("GET /v1/sys/init", 200, #"{"initialized":true}"#)
    #expect(world.run("operator", "init", "-status") == 2)
    #expect(world.output == "Vault is not initialized\n")
    #expect(world.run("operator", "init", "-status") == 0)
    #expect(world.output == "Vault is initialized\n")
  }

  @Test func initPrintsKeysAndRootToken() {
    let keys = #"{"keys":["aa","bb"],"keys_base64":["qg==","uw=="],"root_token":"hvs.r"}"#
    world.on("GET /v1/sys/seal-status", 200, status(sealed: true)).on("PUT /v1/sys/init", 200, keys)
    #expect(world.run("operator", "init", "-key-shares=2", "-key-threshold=2") == 0)
    #expect(world.output.hasPrefix("Unseal Key 1: qg==\nUnseal Key 2: uw==\n\nInitial Root Token: hvs.r\n"))
    #expect(world.body(1) == #"{"secret_shares":2,"secret_threshold":2}"#)
    world.on("GET /v1/sys/seal-status", 200, status(sealed: true)).on("PUT /v1/sys/init", 200, keys)
    #expect(world.run("operator", "init", "-n=2", "-t=2", "-format=json") == 0)
    #expect(
      world.output.hasPrefix("{\n  \"unseal_keys_b64\": [\n    \"qg==\",\n    \"uw==\"\n  ],\n  \"unseal_keys_hex\": [")
    )
    #expect(world.output.contains("  \"unseal_threshold\": 2,\n"))
  }

  @Test func serversThatUnsealThemselvesGetRecoveryKeys() {
    world.on("GET /v1/sys/seal-status", 200, #"{"type":"static","sealed":true,"recovery_seal":true}"#)
      .on("PUT /v1/sys/init", 200, #"{"keys":[],"keys_base64":[],"recovery_keys_base64":["cg=="],"root_token":"r"}"#)
    #expect(world.run("operator", "init", "-recovery-shares=1", "-recovery-threshold=1") == 0)
    #expect(world.body(1) == #"{"recovery_shares":1,"recovery_threshold":1}"#)
    #expect(world.output.hasPrefix("Recovery Key 1: cg==\n"))
  }

  @Test func unsealSendsAKeyOrResets() {
    world.on("PUT /v1/sys/unseal", 200, status(sealed: true, progress: 1)).on(
      "PUT /v1/sys/unseal", 200, status(sealed: true)
    )
    .on("PUT /v1/sys/unseal", 200, status(sealed: true))
    #expect(world.run("operator", "unseal", "k1") == 0)
    #expect(world.output.contains("Unseal Progress    1/2\n"))
    #expect(world.body(0) == #"{"key":"k1","migrate":false,"reset":false}"#)
    #expect(world.run("operator", "unseal", "-reset") == 0)
    #expect(world.body(1) == #"{"reset":true}"#)
    world.lines = [" k2 "]
    #expect(world.run("operator", "unseal") == 0)
    #expect(world.body(2).contains(#""key":"k2""#))
    #expect(world.run("operator", "unseal", "-non-interactive") == 1)
  }

  @Test func keysAreShownAndRotated() {
    let key = #"{"request_id":"r","data":{"term":2,"install_time":"T","encryptions":5},"term":2}"#
    world.on("PUT /v1/sys/rotate", 204).on("GET /v1/sys/key-status", 200, key)
    #expect(world.run("operator", "rotate") == 0)
    #expect(
      world.output == "Success! Rotated key\n\nKey Term            2\nInstall Time        T\nEncryption Count    5\n")
    world.on("GET /v1/sys/key-status", 403, refusal("permission denied"))
    #expect(world.run("operator", "key-status") == 2)
    #expect(world.errors.hasPrefix("Error reading key status: Error making API request."))
  }

  @Test func peersAndMembersAreListed() {
    world.on(
      "GET /v1/sys/storage/raft/configuration", 200,
      #"{"request_id":"r","data":{"config":{"servers":[{"node_id":"n1","address":"a:1","leader":true,"voter":true}]}}}"#
    )
    #expect(world.run("operator", "raft", "list-peers") == 0)
    #expect(
      world.output
        == "Node    Address    State     Voter\n----    -------    -----     -----\nn1      a:1        leader    true\n"
    )
    world.on(
      "GET /v1/sys/ha-status", 200,
      #"""
      {"data":{"nodes":[{"hostname":"h","api_address":"a","cluster_address":"c",
      "active_node":true,"last_echo":null}]},"request_id":"r"}
      """#
    )
    #expect(world.run("operator", "members") == 0)
    let row = world.output.split(separator: "\n").last?.split(separator: " ").map(String.init) ?? []
    #expect(row == ["h", "a", "c", "true", "n/a", "n/a", "n/a", "n/a"])
  }

  @Test func snapshotsAreWrittenWholeOrNotAtAll() {
    world.on("GET /v1/sys/storage/raft/snapshot", 200, "tar")
    #expect(world.run("operator", "raft", "snapshot", "save", "s.snap") == 0)
    #expect(world.files == ["s.snap": Array("tar".utf8)])
    #expect(world.output == "")
    world.on("GET /v1/sys/storage/raft/snapshot", 400, refusal("raft storage is not in use"))
    #expect(world.run("operator", "raft", "snapshot", "save", "t.snap") == 2)
    #expect(world.files.keys.sorted() == ["s.snap"])
    world.on("POST /v1/sys/storage/raft/snapshot-force", 204)
    #expect(world.run("operator", "raft", "snapshot", "restore", "-force", "s.snap") == 0)
    #expect(world.body(2) == "tar")
  }

  @Test func autopilotIsShownForPeople() {
    world.on(
      "GET /v1/sys/storage/raft/autopilot/state", 200,
      #"""
      {"request_id":"r","data":{"healthy":true,"failure_tolerance":0,"leader":"node1",
      "voters":["node1"],"servers":{}}}
      """#
    )
    #expect(world.run("operator", "raft", "autopilot", "state") == 0)
    #expect(
      world.output.hasPrefix(
        "Healthy:                         true\nFailure Tolerance:               0\n"
          + "Leader:                          node1\n"
      ))
  }

  @Test func rootTokensAreGeneratedAndDecoded() {
    let idle = #"{"nonce":"","started":false,"progress":0,"required":2,"complete":false,"otp":"","otp_length":28}"#
    world.on("GET /v1/sys/generate-root/attempt", 200, idle).on("GET /v1/sys/generate-root/attempt", 200, idle)
      .on("GET /v1/sys/generate-root/attempt", 200, idle)
    #expect(world.run("operator", "generate-root", "-status") == 0)
    #expect(
      world.output == """
        Nonce         n/a
        Started       false
        Progress      0/2
        Complete      false
        OTP Length    28

        """)
    #expect(world.run("operator", "generate-root", "-generate-otp") == 0)
    #expect(world.output.count == 28)
    #expect(world.run("operator", "generate-root", "key") == 1)
    let (token, otp) = ("hvs.abcdef", "0123456789")
    let encoded = Base64.encode(zip(token.utf8, otp.utf8).map { $0 ^ $1 }, padded: false)
    #expect(world.run("operator", "generate-root", "-decode=\(encoded)", "-otp=\(otp)") == 0)
    #expect(world.output == token)
    #expect(world.run("operator", "generate-root", "-decode=\(encoded)", "-otp=short") == 1)
  }

  @Test func rekeyGoesStepByStep() {
    world.on("GET /v1/sys/rekey/init", 200, #"{"nonce":"","started":false,"t":0,"n":0,"progress":0,"required":2}"#)
    #expect(world.run("operator", "rekey", "-status") == 0)
    #expect(world.output == "Key        Value\n---        -----\nNonce      n/a\nStarted    false\n")
    let begun =
      #"""
      {"nonce":"x","started":true,"t":1,"n":1,"progress":0,"required":2,
      "pgp_fingerprints":null,"verification_required":false}
      """#
    world.on("PUT /v1/sys/rekey/init", 200, begun)
    #expect(world.run("operator", "rekey", "-init", "-key-shares=1", "-key-threshold=1") == 0)
    #expect(
      world.output.hasSuffix(
        """
        Started                  true
        Rekey Progress           0/2
        New Shares               1
        New Threshold            1
        Verification Required    false

        """))
    world.on("GET /v1/sys/rekey/init", 200, begun)
      .on(
        "PUT /v1/sys/rekey/update", 200,
        #"{"nonce":"x","complete":true,"keys":["ab"],"keys_base64":["qw=="],"verification_required":false}"#)
    #expect(world.run("operator", "rekey", "k1") == 0)
    #expect(world.body(3) == #"{"key":"k1","nonce":"x"}"#)
    #expect(world.output.hasPrefix("Key 1: qw==\n"))
  }

  @Test func theWayDownIsConfirmed() {
    world.on("PUT /v1/sys/step-down", 204).on("PUT /v1/sys/seal", 204).on("POST /v1/sys/storage/raft/remove-peer", 204)
    #expect(world.run("operator", "step-down") == 0)
    #expect(world.output == "Success! Stepped down: http://127.0.0.1:8200\n")
    #expect(world.run("operator", "seal") == 0)
    #expect(world.output == "Success! Vault is sealed.\n")
    #expect(world.run("operator", "raft", "remove-peer", "node9") == 0)
    #expect(world.output == "Peer removed successfully!\n")
  }

  @Test func missingNamespacesAreSaidClearly() {
    world.on("GET /v1/sys/namespaces?list=true", 404, refusal("unsupported path"))
    #expect(world.run("namespace", "list") == 2)
    #expect(world.errors == "Error listing namespaces: this server has no namespaces\n")
  }

  @Test func monitorStreams() {
    world.on("GET /v1/sys/monitor?log_format=standard&log_level=debug", 200, "line 1\nline 2\n")
    #expect(world.run("monitor", "-log-level=debug") == 0)
    #expect(world.output == "line 1\nline 2\n")
  }

  // MARK: Debug

  private func onDebugSources(metrics: Int) {
    for (path, times) in [("host-info", 1), ("metrics", metrics)] {
      for _ in 0..<times { world.on("GET /v1/sys/\(path)", 200, #"{"path":"\#(path)"}"#) }
    }
  }

  @Test func whatDebugCollectsBecomesOneFile() throws {
    onDebugSources(metrics: 3)
    #expect(
      world.run(
        "debug", "-duration=30s", "-interval=30s", "-metrics-interval=10s", "-target=host", "-target=metrics",
        "-output=case42", "-log-format=json") == 0)
    #expect(world.slept == [.seconds(10), .seconds(10)])
    #expect(world.output.hasSuffix("Success! Wrote case42.tar.gz\n"))
    #expect(world.files.keys.sorted() == ["case42.tar.gz"])
    #expect(world.modes["case42.tar.gz"] == 0o600)
    let packed = try #require(world.files["case42.tar.gz"])
    let archive = try #require(Gzip.unpack(packed, limit: 1 << 20))
    let files = try #require(Tar.files(in: archive))
    #expect(
      files.keys.sorted() == [
        "case42/index.json", "case42/sys_host-info-1.json", "case42/sys_metrics-1.json", "case42/sys_metrics-2.json",
        "case42/sys_metrics-3.json",
      ])
    #expect(files["case42/sys_metrics-2.json"].map { String(decoding: $0, as: UTF8.self) } == #"{"path":"metrics"}"#)
  }

  @Test func whatDebugCollectsCanStayAFolder() {
    onDebugSources(metrics: 0)
    #expect(world.run("debug", "-duration=0s", "-target=host", "-output=case43/", "-compress=false") == 0)
    #expect(world.files.keys.sorted() == ["case43/index.json", "case43/sys_host-info-1.json"])
  }

  @Test func whatIsThereDebugLeavesAlone() {
    world.files["a.tgz"] = [1]
    #expect(world.run("debug", "-output=a.tgz") == 1)
    #expect(world.errors == "Error during validation: output file already exists: a.tgz\n")
    world.files["b"] = [1]
    #expect(world.run("debug", "-output=b", "-compress=false") == 1)
    #expect(world.errors == "Error during validation: output directory already exists: b\n")
    #expect(world.files == ["a.tgz": [1], "b": [1]])
    #expect(world.requests.isEmpty)
  }

  // MARK: Usage

  @Test func countsOfClientsAreShownWhereThereAreAny() {
    let counts = #"{"entity_clients":2,"non_entity_clients":1,"secret_syncs":0,"acme_clients":0,"clients":3}"#
    world.on(
      "GET /v1/sys/internal/counters/activity?start_time=2026-01-01T00%3A00%3A00Z&end_time=2026-03-05T00%3A00%3A00Z",
      200,
      #"{"request_id":"r","data":{"start_time":"s","end_time":"e","by_namespace":[{"namespace_path":"","counts":"#
        + counts + #"}],"total":"# + counts + "}}")
    #expect(world.run("operator", "usage", "-start-time=2026-01", "-end-time=2026-03-05") == 0)
    #expect(world.output.contains("Period start: s\nPeriod end: e\n"))
    #expect(world.output.contains("[root]            2                 1"))
    #expect(world.output.contains("Total             2                 1"))
  }
}
