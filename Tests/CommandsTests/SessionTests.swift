import Testing

@testable import Commands

@Suite struct SessionTests {
  let world = World()

  private let created = """
    {"request_id":"r","lease_id":"","renewable":false,"lease_duration":0,"data":null,"wrap_info":null,"warnings":null,\
    "auth":{"client_token":"hvs.a","accessor":"acc","policies":["default","team"],"token_policies":["default","team"],\
    "metadata":{"app":"billing"},"lease_duration":3600,"renewable":true,"entity_id":"","token_type":"service",\
    "orphan":false,"mfa_requirement":null,"num_uses":0},"mount_type":"token"}
    """

  @Test func aNewTokenIsShown() {
    world.on("POST /v1/auth/token/create", 200, created)
    #expect(world.run("token", "create", "-policy=team", "-ttl=1h", "-display-name=ci", "-metadata=app=billing") == 0)
    #expect(
      world.output == """
        Key                  Value
        ---                  -----
        token                hvs.a
        token_accessor       acc
        token_duration       1h
        token_renewable      true
        token_policies       ["default" "team"]
        identity_policies    []
        policies             ["default" "team"]
        token_meta_app       billing

        """)
    #expect(
      world.body(0) == """
        {"display_name":"ci","ttl":"1h0m0s","policies":["team"],"meta":{"app":"billing"},"renewable":true,\
        "type":"service"}
        """)
  }

  @Test func aNewTokenAsJSONHasItsMembersInOrder() {
    world.on("POST /v1/auth/token/create/ci", 200, created)
    #expect(world.run("token", "create", "-role=ci", "-orphan", "-format=json") == 0)
    let names = world.output.split(separator: "\n").filter { $0.hasPrefix("    \"") && $0.contains(":") }
      .map { String($0.split(separator: "\"")[1]) }
    #expect(
      names == [
        "client_token", "accessor", "policies", "token_policies", "identity_policies", "metadata", "orphan",
        "entity_id", "lease_duration", "renewable", "mfa_requirement",
      ])
    #expect(world.body(0).contains(#""no_parent":true"#))
  }

  @Test func lookupRenewAndRevokeChooseTheirPaths() {
    let data = #"{"request_id":"r","data":{"id":"","policies":["default"],"ttl":3598,"meta":null,"entity_id":""}}"#
    world.on("GET /v1/auth/token/lookup-self", 200, data).on("POST /v1/auth/token/lookup", 200, data)
      .on("POST /v1/auth/token/lookup-accessor", 200, data)
    #expect(world.run("token", "lookup") == 0)
    #expect(world.output.contains("entity_id    n/a\n"))
    #expect(world.output.contains("meta         <nil>\n"))
    #expect(world.output.contains("ttl          59m58s\n"))
    #expect(world.run("token", "lookup", "hvs.a") == 0)
    #expect(world.body(1) == #"{"token":"hvs.a"}"#)
    #expect(world.run("token", "lookup", "-accessor", "acc") == 0)
    world.on("PUT /v1/auth/token/renew-self", 200, created).on("PUT /v1/auth/token/renew", 200, created)
    #expect(world.run("token", "renew") == 0)
    #expect(world.run("token", "renew", "-increment=30m", "hvs.a") == 0)
    #expect(world.body(4) == #"{"increment":1800,"token":"hvs.a"}"#)
    world.on("PUT /v1/auth/token/revoke", 204).on("POST /v1/auth/token/revoke-accessor", 204)
      .on("PUT /v1/auth/token/revoke-self", 204).on("PUT /v1/auth/token/revoke-orphan", 204)
    for words in [["hvs.a"], ["-accessor", "acc"], ["-self"], ["-mode=orphan", "hvs.a"]] {
      let status =
        words.count == 1 ? world.run("token", "revoke", words[0]) : world.run("token", "revoke", words[0], words[1])
      #expect(status == 0)
      #expect(world.output == "Success! Revoked token (if it existed)\n")
    }
    #expect(world.run("token", "revoke") == 1)
    #expect(world.answers.isEmpty)
  }

  @Test func capabilitiesAreSorted() {
    world.on("POST /v1/sys/capabilities-self", 200, #"{"data":{"capabilities":["update","create"]}}"#)
      .on("POST /v1/sys/capabilities", 200, #"{"data":{"a/b":["deny"]}}"#)
    #expect(world.run("token", "capabilities", "a/b") == 0)
    #expect(world.output == "create, update\n")
    #expect(world.run("token", "capabilities", "hvs.a", "a/b") == 0)
    #expect(world.output == "deny\n")
    #expect(world.body(1) == #"{"paths":["a/b"],"token":"hvs.a"}"#)
  }

  @Test func loginWithATokenStoresIt() {
    world.variables["VAULT_TOKEN"] = nil
    world.on(
      "GET /v1/auth/token/lookup-self", 200,
      #"{"data":{"id":"root","accessor":"acc","policies":["root"],"ttl":0,"renewable":false,"meta":null}}"#)
    world.input = "root\n"
    #expect(world.run("login", "-") == 0)
    #expect(world.files["/home/mona/.vault-token"] == Array("root".utf8))
    #expect(world.modes["/home/mona/.vault-token"] == 0o600)
    #expect(world.header("X-Vault-Token") == "root")
    #expect(
      world.output.hasSuffix(
        """
        Key                  Value
        ---                  -----
        token                root
        token_accessor       acc
        token_duration       ∞
        token_renewable      false
        token_policies       ["root"]
        identity_policies    []
        policies             ["root"]

        """))
    #expect(world.run("print", "token") == 0)
    #expect(world.output == "root\n")
  }

  @Test func wrongTokensAreNotStored() {
    world.on("GET /v1/auth/token/lookup-self", 403, refusal("permission denied"))
    #expect(world.run("login", "wrong") == 2)
    #expect(world.errors.hasPrefix("Error authenticating: error looking up token: Error making API request.\n"))
    #expect(world.files.isEmpty)
  }

  @Test func loginWithAMethodPostsToItsMount() {
    world.on("PUT /v1/auth/people/login/mona", 200, created)
    #expect(world.run("login", "-method=userpass", "-path=people", "-token-only", "username=mona", "password=pw1") == 0)
    #expect(world.output == "hvs.a")
    #expect(world.body(0) == #"{"password":"pw1"}"#)
    #expect(world.header("X-Vault-Token") == nil)
    #expect(world.files.isEmpty)
  }

  @Test func passwordsAreAskedForAndTheVariableIsMentioned() {
    world.lines = ["pw2"]
    world.on("PUT /v1/auth/userpass/login/mona", 200, created)
    #expect(world.run("login", "-method=userpass", "-no-print", "username=mona") == 0)
    #expect(world.body(0) == #"{"password":"pw2"}"#)
    #expect(world.output == "")
    #expect(world.errors.contains("VAULT_TOKEN"))
  }

  @Test func unknownMethodsAreLocalMistakes() {
    #expect(world.run("login", "-method=nosuch") == 1)
    #expect(world.errors.split(separator: "\n").filter { $0.contains("nosuch") }.count == 1)
  }

  @Test func helpersKeepTheToken() {
    var kept = ""
    world.variables["VAULT_TOKEN"] = nil
    world.files["/home/mona/.vault"] = Array("token_helper = \"~/bin/keep\"\n".utf8)
    world.programs["/home/mona/bin/keep"] = { argument, input in
      if argument == "store" { kept = input }
      return argument == "get" ? kept + "\n" : ""
    }
    #expect(world.run("login", "-token-only", "hvs.x") == 0)
    #expect(kept == "")
    world.on("GET /v1/auth/token/lookup-self", 200, #"{"data":{"policies":["root"]}}"#)
    #expect(world.run("login", "-no-print", "hvs.x") == 0)
    #expect(kept == "hvs.x")
    world.on("GET /v1/x", 200, #"{"data":{"a":1}}"#)
    #expect(world.run("read", "x") == 0)
    #expect(world.header("X-Vault-Token", of: 1) == "hvs.x")
  }

  @Test func aSecondFactorIsAskedForOnATerminal() {
    world.variables["VAULT_TOKEN"] = nil
    world.isTerminal = true
    world.lines = ["123456"]
    world.on(
      "PUT /v1/auth/userpass/login/mona", 200,
      #"""
      {"request_id":"r","auth":{"client_token":"","mfa_requirement":{"mfa_request_id":"q",
      "mfa_constraints":{"c":{"any":[{"type":"totp","id":"m","uses_passcode":true}]}}}}}
      """#
    ).on("POST /v1/sys/mfa/validate", 200, created)
    #expect(world.run("login", "-method=userpass", "-field=token", "username=mona", "password=p") == 0)
    #expect(world.body(1) == #"{"mfa_request_id":"q","mfa_payload":{"m":["123456"]}}"#)
    #expect(world.output == "hvs.a\n")
  }

  private static let unfinished = #"""
    {"request_id":"r","auth":{"client_token":"","mfa_requirement":{"mfa_request_id":"q","mfa_constraints":{"c":{"any":[
    {"type":"totp","id":"m","uses_passcode":true,"name":"phone"}]}}}}}
    """#

  @Test func aLoginThatIsWrittenAsksForItsSecondFactorToo() {
    world.isTerminal = true
    world.lines = ["123456"]
    world.on("PUT /v1/auth/userpass/login/mona", 200, Self.unfinished).on("POST /v1/sys/mfa/validate", 200, created)
    #expect(world.run("write", "-field=token", "auth/userpass/login/mona", "password=p") == 0)
    #expect(world.body(1) == #"{"mfa_request_id":"q","mfa_payload":{"m":["123456"]}}"#)
    #expect(world.output == "hvs.a\n")
  }

  @Test func whereNobodyCanBeAskedTheSecondFactorIsExplained() {
    let rows = """
      Key                                   Value
      ---                                   -----
      mfa_request_id                        q
      mfa_constraint_c_totp_id              m
      mfa_constraint_c_totp_uses_passcode    true
      mfa_constraint_c_totp_name            phone
      """.split(separator: "\n").map { $0.split(separator: " ") }
    for words in [["write", "auth/userpass/login/mona"], ["login", "-method=userpass", "username=mona"]] {
      world.isTerminal = words[0] == "login"
      world.on("PUT /v1/auth/userpass/login/mona", 200, Self.unfinished)
      #expect(world.run(words[0], "-non-interactive", words[1], words.count > 2 ? words[2] : "a=b", "password=p") == 0)
      #expect(world.output.split(separator: "\n").map { $0.split(separator: " ") } == rows, "\(world.output)")
      #expect(world.errors.contains("A second factor is required"))
      #expect(world.files["/home/mona/.vault-token"] == nil)
    }
  }
}
