import Testing

@testable import Commands

@Suite struct AdministrationTests {
  let world = World()

  // MARK: Policies

  @Test func policiesAreListedPlainly() {
    world.on("GET /v1/sys/policies/acl?list=true", 200, #"{"data":{"keys":["default","root"]}}"#)
      .on("GET /v1/sys/policies/acl?list=true", 200, #"{"data":{"keys":["default","root"]}}"#)
    #expect(world.run("policy", "list") == 0)
    #expect(world.output == "default\nroot\n")
    #expect(world.run("policy", "list", "-format=json") == 0)
    #expect(world.output == "[\n  \"default\",\n  \"root\"\n]\n")
  }

  @Test func policiesAreReadWithoutBlanksAround() {
    let body = #"{"data":{"name":"p","policy":"path \"a\" {\n}\n"}}"#
    world.on("GET /v1/sys/policies/acl/p", 200, body).on("GET /v1/sys/policies/acl/p", 200, body)
      .on("GET /v1/sys/policies/acl/absent", 404, #"{"errors":[]}"#)
    #expect(world.run("policy", "read", "p") == 0)
    #expect(world.output == "path \"a\" {\n}\n")
    #expect(world.run("policy", "read", "-format=json", "p") == 0)
    #expect(world.output == "{\n  \"policy\": \"path \\\"a\\\" {\\n}\\n\"\n}\n")
    #expect(world.run("policy", "read", "absent") == 2)
    #expect(world.errors == "No policy named: absent\n")
  }

  @Test func policyNamesAreLowered() {
    world.files["p.hcl"] = Array("path \"a\" {}".utf8)
    world.on("PUT /v1/sys/policies/acl/billing", 204)
    #expect(world.run("policy", "write", "BILLING", "p.hcl") == 0)
    #expect(world.output == "Success! Uploaded policy: billing\n")
    #expect(world.errors == "Policy name was converted from \"BILLING\" to \"billing\"\n")
    #expect(world.run("policy", "write", "nofile", "absent.hcl") == 2)
    #expect(world.errors == "Error opening policy file: open absent.hcl: no such file or directory\n")
  }

  @Test func policiesComeFromInputAndRefusalsAreShown() {
    world.input = "path \"x\" {"
    world.on(
      "PUT /v1/sys/policies/acl/bad", 400,
      refusal("failed to parse policy: At 1:12: object expected closing RBRACE got: EOF"))
    #expect(world.run("policy", "write", "bad", "-") == 2)
    #expect(world.errors.hasPrefix("Error uploading policy: Error making API request.\n"))
    #expect(world.body(0) == #"{"policy":"path \"x\" {"}"#)
  }

  @Test func policyFilesAreLaidOut() {
    world.files["f.hcl"] = Array("path    \"a\"   {capabilities=[\"read\",\"list\"]}\n".utf8)
    #expect(world.run("policy", "fmt", "f.hcl") == 0)
    #expect(world.output == "Success! Formatted policy: f.hcl\n")
    #expect(world.files["f.hcl"] == Array("path \"a\" {\n  capabilities = [\"read\", \"list\"]\n}\n".utf8))
    world.files["bad.hcl"] = Array("path {".utf8)
    #expect(world.run("policy", "fmt", "bad.hcl") == 1)
    #expect(world.errors.hasPrefix("failed to parse policy: "))
    // Well-formed, but no policy.
    let odd = Array("path    \"a\" {capabilities=[\"x\"]}\n".utf8)
    world.files["odd.hcl"] = odd
    #expect(world.run("policy", "fmt", "odd.hcl") == 1)
    #expect(world.errors.hasPrefix("failed to parse policy: path \"a\": invalid capability"))
    #expect(world.files["odd.hcl"] == odd)
  }

  // MARK: Mounts

  @Test func enginesAreListed() {
    let mounts = """
      {"request_id":"r","data":{"secret/":{"type":"kv","accessor":"kv_1","description":"","uuid":"u","config":{\
      "default_lease_ttl":0,"max_lease_ttl":3600,"force_no_cache":false},"options":{"version":"2"}},"cubbyhole/":{\
      "type":"cubbyhole","accessor":"cubbyhole_2","description":"own","local":true,"config":{},"options":null}}}
      """
    world.on("GET /v1/sys/mounts", 200, mounts).on("GET /v1/sys/mounts", 200, mounts)
    #expect(world.run("secrets", "list") == 0)
    #expect(
      world.output == """
        Path          Type         Accessor       Description
        ----          ----         --------       -----------
        cubbyhole/    cubbyhole    cubbyhole_2    own
        secret/       kv           kv_1           n/a

        """)
    #expect(world.run("secrets", "list", "-detailed") == 0)
    #expect(
      world.output.hasPrefix("Path          Plugin       Accessor       Default TTL    Max TTL    Force No Cache"))
    #expect(world.output.contains("map[version:2]"))
    #expect(world.output.contains("3600"))
  }

  @Test func enginesAreEnabledWithTheirSettings() {
    world.on("POST /v1/sys/mounts/kvv2", 204)
    #expect(
      world.run("secrets", "enable", "-path=kvv2", "-description=apps", "-version=2", "-max-lease-ttl=24h", "kv") == 0)
    #expect(world.output == "Success! Enabled the kv secrets engine at: kvv2/\n")
    #expect(
      world.body(0) == """
        {"type":"kv","description":"apps","config":{"max_lease_ttl":"24h0m0s"},"options":{"version":"2"},"local":false,\
        "seal_wrap":false,"external_entropy_access":false}
        """)
    world.on("POST /v1/sys/mounts/nosuch", 400, refusal("plugin not found in the catalog: nosuch"))
    #expect(world.run("secrets", "enable", "nosuch") == 2)
    #expect(world.errors.hasPrefix("Error enabling: Error making API request.\n\nURL: POST "))
  }

  @Test func mountsAreTunedMovedAndDisabled() {
    world.on("POST /v1/sys/mounts/kvv2/tune", 204)
    #expect(world.run("secrets", "tune", "-default-lease-ttl=1h", "-description=all", "kvv2/") == 0)
    #expect(world.output == "Success! Tuned the secrets engine at: kvv2/\n")
    #expect(world.body(0) == #"{"default_lease_ttl":"1h0m0s","description":"all"}"#)
    world.on("POST /v1/sys/remount", 200, #"{"request_id":"r","data":{"migration_id":"m1"}}"#)
      .on("GET /v1/sys/remount/status/m1", 200, #"{"data":{"migration_info":{"status":"in-progress"}}}"#)
      .on("GET /v1/sys/remount/status/m1", 200, #"{"data":{"migration_info":{"status":"success"}}}"#)
    #expect(world.run("auth", "move", "auth/people/", "auth/staff/") == 0)
    #expect(
      world.output.hasSuffix("Success! Finished moving auth method auth/people/ to auth/staff/, with migration ID m1\n")
    )
    world.on("DELETE /v1/sys/auth/staff", 204)
    #expect(world.run("auth", "disable", "staff/") == 0)
    #expect(world.output == "Success! Disabled the auth method (if it existed) at: staff/\n")
  }

  @Test func authMethodsAreListedWithTheirVersion() {
    world.on(
      "GET /v1/sys/auth", 200,
      #"{"data":{"token/":{"type":"token","accessor":"auth_token_1","description":"d","plugin_version":""}}}"#)
    #expect(world.run("auth", "list") == 0)
    #expect(
      world.output == """
        Path      Type     Accessor        Description    Version
        ----      ----     --------        -----------    -------
        token/    token    auth_token_1    d              n/a

        """)
    #expect(world.run("auth", "help", "userpass") == 0)
    #expect(world.output.hasPrefix("Usage: vault login -method=userpass username=NAME"))
  }

  // MARK: Audit and leases

  @Test func auditDevicesAreListedOrSaidToBeNone() {
    world.on("GET /v1/sys/audit", 200, #"{"request_id":"r","data":{}}"#)
    #expect(world.run("audit", "list") == 2)
    #expect(world.output == "No audit devices are enabled.\n")
    world.on(
      "GET /v1/sys/audit", 200,
      #"{"data":{"file/":{"type":"file","description":"","local":false,"options":{"file_path":"a.log"}}}}"#)
    #expect(world.run("audit", "list", "-detailed") == 0)
    #expect(
      world.output == """
        Path     Type    Description    Replication    Options
        ----     ----    -----------    -----------    -------
        file/    file    n/a            replicated     file_path=a.log

        """)
    world.on("PUT /v1/sys/audit/second", 204)
    #expect(world.run("audit", "enable", "-path=second", "file", "file_path=stdout") == 0)
    #expect(world.output == "Success! Enabled the file audit device at: second/\n")
  }

  @Test func leasesAreRevokedByPrefixAndForce() {
    world.on("PUT /v1/sys/leases/revoke-force/nosuch/prefix", 204)
    #expect(world.run("lease", "revoke", "-prefix", "-force", "nosuch/prefix") == 0)
    #expect(world.output == "Success! Force revoked any leases with prefix: nosuch/prefix\n")
    #expect(world.errors.split(separator: "\n").count == 2)
    world.on("PUT /v1/sys/leases/revoke", 204)
    #expect(world.run("lease", "revoke", "nosuch") == 0)
    #expect(world.output == "All revocation operations queued successfully!\n")
    world.on("PUT /v1/sys/leases/lookup", 400, refusal("invalid lease"))
    #expect(world.run("lease", "lookup", "nosuch") == 2)
    #expect(world.errors.hasPrefix("error looking up lease id nosuch: Error making API request."))
    #expect(world.run("lease", "revoke", "-force", "x") == 1)
  }
}
