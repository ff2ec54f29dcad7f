import Testing

@testable import Commands

@Suite struct KVCommandTests {
  let world = World()

  private let read = """
    {"request_id":"r","data":{"data":{"dsn":"postgres://db","workers":"8"},"metadata":{"created_time":"T",\
    "custom_metadata":null,"deletion_time":"","destroyed":false,"version":2}},"mount_type":"kv"}
    """

  @Test func putShowsPathAndMetadata() {
    world.onPreflight("secret/billing/config").on("PUT /v1/secret/data/billing/config", 200, versionWritten)
    #expect(world.run("kv", "put", "-cas=0", "secret/billing/config", "dsn=postgres://db", "workers=4") == 0)
    #expect(
      world.output == """
        ======= Secret Path =======
        secret/data/billing/config

        ======= Metadata =======
        Key                Value
        ---                -----
        created_time       2026-01-02T03:04:05.6Z
        custom_metadata    <nil>
        deletion_time      n/a
        destroyed          false
        version            1

        """)
    #expect(world.body(1) == #"{"data":{"dsn":"postgres://db","workers":"4"},"options":{"cas":0}}"#)
    #expect(world.header("X-Vault-Wrap-TTL", of: 0) == nil)
  }

  @Test func mountAndKeyMayBeApart() {
    world.onPreflight("secret").on("PUT /v1/secret/data/billing/config", 200, versionWritten)
    #expect(world.run("kv", "put", "-mount=secret", "billing/config", "a=b") == 0)
    #expect(world.body(1) == #"{"data":{"a":"b"},"options":{}}"#)
  }

  @Test func getShowsThreeSections() {
    world.onPreflight("secret/app").on("GET /v1/secret/data/app", 200, read)
    #expect(world.run("kv", "get", "secret/app") == 0)
    #expect(
      world.output.hasPrefix("= Secret Path =\nsecret/data/app\n\n======= Metadata =======\nKey                Value\n")
    )
    #expect(
      world.output.hasSuffix(
        "\n\n===== Data =====\nKey        Value\n---        -----\ndsn        postgres://db\nworkers    8\n"))
  }

  @Test func fieldsComeFromTheData() {
    world.onPreflight("secret/app").on("GET /v1/secret/data/app?version=1", 200, read)
    #expect(world.run("kv", "get", "-version=1", "-field=workers", "secret/app") == 0)
    #expect(world.output == "8")
    world.onPreflight("secret/app").on("GET /v1/secret/data/app", 200, read)
    #expect(world.run("kv", "get", "-format=json", "-field=workers", "secret/app") == 0)
    #expect(world.output == "\"8\"")
    world.onPreflight("secret/app").on("GET /v1/secret/data/app", 200, read)
    #expect(world.run("kv", "get", "-field=absent", "secret/app") == 1)
    #expect(world.errors == "Field \"absent\" not present in secret\n")
  }

  @Test func deletedVersionsShowTheirMetadata() {
    world.onPreflight("secret/app").on(
      "GET /v1/secret/data/app", 404,
      #"{"request_id":"r","data":{"data":null,"metadata":{"destroyed":true,"version":1}}}"#)
    #expect(world.run("kv", "get", "secret/app") == 0)
    #expect(world.output.hasSuffix("destroyed    true\nversion      1\n\n"))
  }

  @Test func absencesNameTheRealPath() {
    world.onPreflight("secret/a").on("GET /v1/secret/data/a", 404, #"{"errors":[]}"#)
    #expect(world.run("kv", "get", "secret/a") == 2)
    #expect(world.errors == "No value found at secret/data/a\n")
    world.onPreflight("secret/a").on("GET /v1/secret/metadata/a?list=true", 404, #"{"errors":[]}"#)
    #expect(world.run("kv", "list", "secret/a") == 2)
    #expect(world.errors == "No value found at secret/metadata/a\n")
  }

  @Test func refusalsOfThePreflightAreShownAsTheyAre() {
    world.on("GET /v1/sys/internal/ui/mounts/nowhere/a", 403, refusal("preflight capability check returned 403"))
    #expect(world.run("kv", "get", "nowhere/a") == 2)
    #expect(
      world.errors == """
        Error making API request.

        URL: GET http://127.0.0.1:8200/v1/sys/internal/ui/mounts/nowhere/a
        Code: 403. Errors:

        * preflight capability check returned 403

        """)
  }

  @Test func versionOneIsPlain() {
    world.onPreflight("flat/a", version: 1, mount: "flat/").on("PUT /v1/flat/a", 204)
    #expect(world.run("kv", "put", "flat/a", "x=1", "y=two") == 0)
    #expect(world.output == "Success! Data written to: flat/a\n")
    #expect(world.body(1) == #"{"x":"1","y":"two"}"#)
    world.onPreflight("flat/a", version: 1, mount: "flat/")
      .on("GET /v1/flat/a", 200, #"{"request_id":"r","lease_duration":2764800,"data":{"x":"1","y":"two"}}"#)
    #expect(world.run("kv", "get", "-version=1", "flat/a") == 0)
    #expect(world.output == "== Data ==\nKey    Value\n---    -----\nx      1\ny      two\n")
  }

  @Test(arguments: [
    (["patch", "flat/a", "z=3"], 2, "KV engine mount must be version 2 for patch support"),
    (["metadata", "get", "flat/a"], 1, "Metadata not supported on KV Version 1"),
    (["rollback", "-version=1", "flat/a"], 2, "KV engine mount must be version 2 for rollback support"),
  ]) func versionOneLacksVersions(_ words: [String], _ status: Int32, _ message: String) {
    world.onPreflight("flat/a", version: 1, mount: "flat/")
    #expect(world.run("kv", words[0], words[1], words[2]) == status)
    #expect(world.errors == message + "\n")
  }

  @Test func patchMergesOnTheServer() {
    world.onPreflight("secret/a").on("PATCH /v1/secret/data/a", 200, versionWritten)
    #expect(world.run("kv", "patch", "-remove-data=old", "secret/a", "w=1") == 0)
    #expect(world.body(1) == #"{"data":{"old":null,"w":"1"},"options":{}}"#)
    #expect(world.header("Content-Type", of: 1) == "application/merge-patch+json")
  }

  @Test func patchReadsAndWritesWhereTheServerCannot() {
    world.onPreflight("secret/a").on("PATCH /v1/secret/data/a", 405, refusal("unsupported operation"))
      .on("GET /v1/secret/data/a", 200, read).on("PUT /v1/secret/data/a", 200, versionWritten)
    #expect(world.run("kv", "patch", "secret/a", "workers=16") == 0)
    #expect(world.body(3) == #"{"data":{"dsn":"postgres://db","workers":"16"},"options":{"cas":2}}"#)
    world.onPreflight("secret/a").on("PATCH /v1/secret/data/a", 403, refusal("permission denied"))
    #expect(world.run("kv", "patch", "-method=patch", "secret/a", "workers=16") == 2)
  }

  @Test func versionsAreDeletedUndeletedAndDestroyed() {
    world.onPreflight("secret/a").on("PUT /v1/secret/delete/a", 204)
    #expect(world.run("kv", "delete", "-versions=1,2", "secret/a") == 0)
    #expect(world.output == "Success! Data deleted (if it existed) at: secret/data/a\n")
    #expect(world.body(1) == #"{"versions":[1,2]}"#)
    world.onPreflight("secret/a").on("PUT /v1/secret/undelete/a", 204)
    #expect(world.run("kv", "undelete", "-versions=5", "secret/a") == 0)
    #expect(world.output == "Success! Data written to: secret/undelete/a\n")
    world.onPreflight("secret/a").on("PUT /v1/secret/destroy/a", 204)
    #expect(world.run("kv", "destroy", "-versions=1", "-versions=3", "secret/a") == 0)
    #expect(world.body(5) == #"{"versions":[1,3]}"#)
    #expect(world.run("kv", "undelete", "secret/a") == 1)
    #expect(
      world.errors == "No versions provided, use the \"-versions\" flag to specify the version to undelete.\n")
  }

  @Test func rollbackWritesTheOldDataOnTopOfTheNewest() {
    world.onPreflight("secret/a").on("GET /v1/secret/data/a", 404, #"{"data":{"data":null,"metadata":{"version":6}}}"#)
      .on("GET /v1/secret/data/a?version=3", 200, #"{"data":{"data":{"k":"v"},"metadata":{"version":3}}}"#)
      .on("PUT /v1/secret/data/a", 200, versionWritten)
    #expect(world.run("kv", "rollback", "-version=3", "secret/a") == 0)
    #expect(world.body(3) == #"{"data":{"k":"v"},"options":{"cas":6}}"#)
    #expect(world.output.hasPrefix("Key                Value\n"))
  }

  @Test func metadataShowsEachVersion() {
    world.onPreflight("secret/a").on(
      "GET /v1/secret/metadata/a", 200,
      #"""
      {"data":{"cas_required":false,"custom_metadata":{"tier":"1","owner":"ops"},
      "delete_version_after":"720h0m0s","versions":{"10":{"destroyed":false},
      "9":{"destroyed":true}}}}
      """#
    )
    #expect(world.run("kv", "metadata", "get", "secret/a") == 0)
    #expect(
      world.output == """
        = Metadata Path =
        secret/metadata/a

        ========== Metadata ==========
        Key                     Value
        ---                     -----
        cas_required            false
        custom_metadata         map[owner:ops tier:1]
        delete_version_after    720h0m0s

        ==== Version 9 ====
        Key          Value
        ---          -----
        destroyed    true

        === Version 10 ===
        Key          Value
        ---          -----
        destroyed    false

        """)
  }

  @Test func metadataIsSetAndPatched() {
    world.onPreflight("secret/a").on("PUT /v1/secret/metadata/a", 204)
    #expect(
      world.run(
        "kv", "metadata", "put", "-custom-metadata=owner=ops", "-max-versions=5", "-delete-version-after=720h",
        "secret/a")
        == 0)
    #expect(world.output == "Success! Data written to: secret/metadata/a\n")
    #expect(world.body(1) == #"{"max_versions":5,"delete_version_after":"720h0m0s","custom_metadata":{"owner":"ops"}}"#)
    world.onPreflight("secret/a").on("PATCH /v1/secret/metadata/a", 204)
    #expect(world.run("kv", "metadata", "patch", "-remove-custom-metadata=tier", "secret/a") == 0)
    #expect(world.body(3) == #"{"custom_metadata":{"tier":null}}"#)
  }

  @Test func versioningIsTurnedOn() {
    world.on("POST /v1/sys/mounts/flat/tune", 204)
    #expect(world.run("kv", "enable-versioning", "flat/") == 0)
    #expect(world.output == "Success! Tuned the secrets engine at: flat/\n")
    #expect(world.body(0) == #"{"options":{"version":"2"}}"#)
  }
}
