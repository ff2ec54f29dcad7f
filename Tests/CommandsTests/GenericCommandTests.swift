import Testing

@testable import Commands

@Suite struct GenericCommandTests {
  let world = World()

  @Test func readShowsNestedDataInOneLineEach() {
    world.on(
      "GET /v1/secret/data/app", 200,
      #"""
      {"request_id":"r","data":{"data":{"user":"u","password":"p"},
      "metadata":{"version":1,"custom_metadata":null,"deletion_time":""}}}
      """#
    )
    #expect(world.run("read", "secret/data/app") == 0)
    #expect(
      world.output == """
        Key         Value
        ---         -----
        data        map[password:p user:u]
        metadata    map[custom_metadata:<nil> deletion_time: version:1]

        """)
    #expect(world.header("X-Vault-Token") == "root")
    #expect(world.header("X-Vault-Request") == "true")
  }

  @Test func readAsJSONKeepsTheEnvelopeInOrder() {
    world.on(
      "GET /v1/cubbyhole/a", 200,
      #"{"request_id":"r","data":{"z":1,"a":"<b>"},"warnings":null,"mount_type":"cubbyhole"}"#)
    #expect(world.run("read", "-format=json", "cubbyhole/a") == 0)
    #expect(
      world.output == """
        {
          "request_id": "r",
          "lease_id": "",
          "lease_duration": 0,
          "renewable": false,
          "data": {
            "a": "\\u003cb\\u003e",
            "z": 1
          },
          "warnings": null,
          "mount_type": "cubbyhole"
        }

        """)
  }

  @Test func readAsYAMLQuotesWhatWouldBeMisread() {
    world.on(
      "GET /v1/x", 200,
      #"""
      {"request_id":"3a1b","data":{"n":"8","t":"2026-01-02T03:04:05Z","e":"","l":["a",1],
      "m":"a\nb\n","c":"a: b","s":"yes"}}
      """#
    )
    #expect(world.run("read", "-format=yaml", "x") == 0)
    #expect(
      world.output == """
        data:
          c: 'a: b'
          e: ""
          l:
          - a
          - 1
          m: |
            a
            b
          "n": "8"
          s: "yes"
          t: "2026-01-02T03:04:05Z"
        lease_duration: 0
        lease_id: ""
        renewable: false
        request_id: 3a1b
        warnings: null

        """)
  }

  @Test func rawPrintsTheBodyAsItCame() {
    world.on("GET /v1/x", 200, "{\"request_id\": 1}\n")
    #expect(world.run("read", "-format=raw", "x") == 0)
    #expect(world.output == "{\"request_id\": 1}\n")
    #expect(world.run("list", "-format=raw", "x") == 1)
  }

  @Test(arguments: [[], ["-format=json"]]) func readingNothingIsAnAbsence(_ flags: [String]) {
    world.on("GET /v1/secret/data/absent", 404, #"{"errors":[]}"#)
    #expect(world.run("read", flags.first ?? "-format=table", "secret/data/absent") == 2)
    #expect(world.errors == "No value found at secret/data/absent\n")
    #expect(world.output == "")
  }

  @Test func aRefusalIsShownWithURLAndCode() {
    world.on(
      "GET /v1/secret/data/app", 403, refusal("2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"))
    #expect(world.run("read", "secret/data/app") == 2)
    #expect(
      world.errors == """
        Error reading secret/data/app: Error making API request.

        URL: GET http://127.0.0.1:8200/v1/secret/data/app
        Code: 403. Errors:

        * 2 errors occurred:
        \t* permission denied
        \t* invalid token



        """)
  }

  @Test func aBodyThatIsNoJSONIsShownRaw() {
    world.on("GET /v1/x", 400, "<html>")
    #expect(world.run("read", "x") == 2)
    #expect(world.errors.hasSuffix("Code: 400. Raw Message:\n\n<html>\n"))
  }

  @Test func anUnreachableServerIsTriedThriceAndNamed() {
    #expect(world.run("read", "x") == 2)
    #expect(world.requests.count == 3)
    #expect(world.slept.count == 2)
    #expect(world.slept.allSatisfy { $0 >= .milliseconds(1000) && $0 <= .milliseconds(3000) })
    #expect(
      world.errors
        == "Error reading x: Get \"http://127.0.0.1:8200/v1/x\": dial tcp 127.0.0.1:8200: connect: connection refused\n"
    )
  }

  @Test func busyServersAreAskedAgain() {
    world.on("GET /v1/x", 503, refusal("Vault is sealed")).on("GET /v1/x", 412).on(
      "GET /v1/x", 200, #"{"data":{"a":1}}"#)
    #expect(world.run("read", "-field=a", "x") == 0)
    #expect(world.output == "1")
    world.on("GET /v1/x", 501, refusal("no"))
    #expect(world.run("read", "x") == 2)
    #expect(world.requests.count == 4)
  }

  @Test func writeTellsWhatWasDone() {
    world.on("PUT /v1/cubbyhole/a", 204)
    #expect(world.run("write", "cubbyhole/a", "b=c", "a=1", "a=2") == 0)
    #expect(world.output == "Success! Data written to: cubbyhole/a\n")
    #expect(world.body(0) == #"{"a":["1","2"],"b":"c"}"#)
  }

  @Test func dataComesFromFilesInputAndEscapes() {
    world.files["f.txt"] = Array("from file".utf8)
    world.files["o.json"] = Array(#"{"n":5}"#.utf8)
    world.input = "from input"
    world.on("PUT /v1/x", 204)
    #expect(world.run("write", "x", "a=@f.txt", "b=-", "c=\\@literal", "@o.json") == 0)
    #expect(world.body(0) == #"{"a":"from file","b":"from input","c":"@literal","n":5}"#)
  }

  @Test func mistakesInDataAreExplained() {
    #expect(world.run("write", "x", "data=@x.json") == 1)
    #expect(
      world.errors
        == "Failed to parse K=V data: invalid key/value pair \"data=@x.json\": error reading file: "
        + "open x.json: no such file or directory\n"
    )
    #expect(world.run("read", "x", "extra", "arg") == 1)
    #expect(world.errors == "Failed to parse K=V data: invalid key/value pair \"extra\": format must be key=value\n")
    #expect(world.run("write", "x") == 1)
    #expect(world.errors == "Must supply data or use -force\n")
    #expect(world.requests.isEmpty)
  }

  @Test func forcedWritesHaveNoData() {
    world.on("PUT /v1/transit/keys/k", 404, refusal("no handler for route \"transit/keys/k\". route entry not found."))
    #expect(world.run("write", "-f", "transit/keys/k") == 2)
    #expect(world.body(0) == "")
    #expect(
      world.errors.hasSuffix(
        "Code: 404. Errors:\n\n* no handler for route \"transit/keys/k\". route entry not found.\n"))
  }

  @Test func namesOfTimesAreShownAsTimes() {
    world.on(
      "GET /v1/t", 200, #"{"data":{"default_lease_ttl":3600,"max_lease_ttl":90061,"period":0,"count":3600,"note":""}}"#)
    #expect(world.run("read", "t") == 0)
    #expect(world.output.contains("default_lease_ttl    1h\n"))
    #expect(world.output.contains("max_lease_ttl        25h1m1s\n"))
    #expect(world.output.contains("period               0s\n"))
    #expect(world.output.contains("count                3600\n"))
    #expect(world.output.contains("note                 n/a\n"))
  }

  @Test func listsAreSortedAndAbsencesDifferByFormat() {
    world.on("GET /v1/secret/metadata?list=true", 200, #"{"request_id":"r","data":{"keys":["b","a/"]}}"#)
    #expect(world.run("list", "secret/metadata/") == 0)
    #expect(world.output == "Keys\n----\na/\nb\n")
    world.on("GET /v1/x?list=true", 404, #"{"errors":[]}"#).on("GET /v1/x?list=true", 404, #"{"errors":[]}"#)
    #expect(world.run("list", "x") == 2)
    #expect(world.errors == "No value found at x\n")
    #expect(world.run("list", "-format=json", "x") == 2)
    #expect(world.output == "{}\n")
  }

  @Test func aDeletedVersionIsAnAnswerAlthoughItIsA404() {
    world.on("GET /v1/secret/data/a", 404, #"{"request_id":"r","data":{"data":null,"metadata":{"version":1}}}"#)
    #expect(world.run("read", "secret/data/a") == 0)
    #expect(world.output.hasSuffix("data        <nil>\nmetadata    map[version:1]\n"))
  }

  @Test func warningsGoToStandardError() {
    world.on("DELETE /v1/x", 200, #"{"request_id":"r","data":null,"warnings":["odd"]}"#)
    #expect(world.run("delete", "x") == 0)
    #expect(world.output == "Success! Data deleted (if it existed) at: x\n")
    #expect(world.errors == "WARNING! The following warnings were returned from Vault:\n\n  * odd\n\n")
  }

  @Test func wrappedAnswersShowTheWrappingToken() {
    world.on(
      "GET /v1/x", 200,
      #"""
      {"request_id":"","data":null,"wrap_info":{"token":"hvs.w","accessor":"ac",
      "ttl":60,"creation_time":"t","creation_path":"x"}}
      """#
    )
    #expect(world.run("read", "-wrap-ttl=60s", "x") == 0)
    #expect(world.header("X-Vault-Wrap-TTL") == "1m0s")
    #expect(world.output.contains("wrapping_token_ttl:              1m\n"))
    #expect(world.output.contains("wrapping_token_creation_path:    x\n"))
  }

  @Test func unwrapSendsAnotherTokenInTheBody() {
    world.on("PUT /v1/sys/wrapping/unwrap", 200, #"{"data":{"data":{"a":"b"}}}"#)
      .on("PUT /v1/sys/wrapping/unwrap", 400, refusal("wrapping token is not valid or does not exist"))
    #expect(world.run("unwrap", "-field=data", "hvs.w") == 0)
    #expect(world.output == "map[a:b]")
    #expect(world.body(0) == #"{"token":"hvs.w"}"#)
    #expect(world.run("unwrap") == 2)
    #expect(world.body(1) == "")
    #expect(world.errors.hasPrefix("Error unwrapping: Error making API request.\n"))
  }

  @Test func pathHelpAsksForHelp() {
    world.on("GET /v1/sys/mounts?help=1", 200, #"{"help":"the words","openapi":null}"#)
    #expect(world.run("path-help", "sys/mounts") == 0)
    #expect(world.output == "the words\n")
  }
}
