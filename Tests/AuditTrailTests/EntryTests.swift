import AuditTrail
import Cryptography
import JSONText
import Primitives
import Testing

private func json(_ value: JSONValue) -> JSONText { JSONText(value) }

/// Computed apart from the trail, with the salt of the fixture.
private func hmac(_ text: String) -> JSONValue {
  .string("hmac-sha256:" + Hex.encode(HMACKey(Trail.salt).authenticate(Array(text.utf8))))
}

@Test func requestAndResponseOfAWrite() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape")
  var write = request("create")
  write.data = ["data": ["user": "mona", "n": 5, "flag": true, "none": nil, "list": ["a", 1]], "options": ["cas": 0]]
  let receipt = try trail.broker.request(write, by: AuditCaller(tokenAuth()))
  let auth: JSONValue = [
    "accessor": hmac("accessor"), "client_token": hmac("hvs.token"), "display_name": "token", "policies": ["root"],
    "policy_results": [
      "allowed": true, "granting_policies": [["name": "root", "namespace_id": "root", "type": "acl"]],
    ],
    "token_issue_time": "2026-01-02T03:03:20Z", "token_policies": ["root"], "token_type": "service",
  ]
  let asked: JSONValue = [
    "client_token": hmac("hvs.token"), "client_token_accessor": hmac("accessor"),
    "data": [
      "data": ["user": hmac("mona"), "n": hmac("5"), "flag": true, "none": nil, "list": [hmac("a"), hmac("1")]],
      "options": ["cas": hmac("0")],
    ],
    "id": "9f1d2c3b-0000-4000-8000-000000000000", "mount_accessor": "kv_12345678", "mount_class": "secret",
    "mount_point": "secret/", "mount_running_version": "v1+builtin", "mount_type": "kv", "namespace": ["id": "root"],
    "operation": "create", "path": "secret/data/app", "remote_address": "127.0.0.1", "remote_port": 4321,
  ]
  let time: JSONValue = "2026-01-02T03:04:05.678Z"
  #expect(try tape.last() == ["auth": auth, "request": asked, "time": time, "type": "request"])

  let answer = AuditResponse(mount: write.mount)
  answer.data = JSONText(
    trusted: Array("{ \"created_time\": \"2026\",\n \"deletion_time\": \"\", \"version\": 1, \"x\": null }".utf8))
  try trail.broker.response(receipt, answer)
  let response: JSONValue = [
    "data": ["created_time": hmac("2026"), "deletion_time": hmac(""), "version": 1, "x": nil],
    "mount_accessor": "kv_12345678", "mount_class": "secret", "mount_point": "secret/",
    "mount_running_plugin_version": "v1+builtin", "mount_type": "kv",
  ]
  #expect(
    try tape.last() == ["auth": auth, "request": asked, "response": response, "time": time, "type": "response"])
  #expect(tape.lines.count == 2)
}

@Test func anAnswerWithoutContentHasNoResponse() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape")
  let receipt = try trail.broker.request(request("read"), by: nil, error: "permission denied")
  #expect(try tape.last()["error"] == "permission denied")
  #expect(try tape.last()["auth"] == nil)
  try trail.broker.response(receipt, nil)
  #expect(try tape.last()["response"] == nil)
  #expect(try tape.last()["type"] == "response")
}

@Test func loginShowsTheNewTokenOnlyHashed() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape")
  var before = AuditAuth()
  before.policyResults = AuditAuth.PolicyResults(allowed: true)
  before.tokenType = "default"
  var login = request("update", "auth/userpass/login/mona")
  login.clientToken = ""
  login.clientTokenAccessor = ""
  let receipt = try trail.broker.request(login, by: AuditCaller(before))
  #expect(try tape.last()["auth"] == ["policy_results": ["allowed": true], "token_type": "default"])
  var after = AuditAuth()
  after.clientToken = "hvs.fresh"
  after.accessor = "fresh-accessor"
  after.entityID = "entity"
  after.entityCreated = true
  after.metadata = ["username": "mona"]
  after.tokenTTL = .hours(768)
  after.tokenType = "service"
  let answer = AuditResponse(mount: login.mount)
  answer.auth = after
  try trail.broker.response(receipt, answer, by: AuditCaller(after))
  let expected: JSONValue = [
    "accessor": hmac("fresh-accessor"), "client_token": hmac("hvs.fresh"), "entity_created": true,
    "entity_id": "entity",
    "metadata": ["username": "mona"], "token_ttl": 2_764_800, "token_type": "service",
  ]
  let entry = try tape.last()
  #expect(entry["auth"] == expected && entry["response"]?["auth"] == expected)
  #expect(!tape.text.contains("fresh"))
}

@Test func wrappingLeaseWarningsAndRedirect() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape", options: ["hmac_accessor": "false"])
  var read = request("read")
  read.wrapTTL = .seconds(60)
  read.policyOverride = true
  read.namespaceID = "abc123"
  read.namespacePath = "team/"
  let receipt = try trail.broker.request(read, by: AuditCaller(tokenAuth()))
  let answer = AuditResponse(mount: nil)
  answer.wrapInfo = AuditResponse.WrapInfo(
    token: "hvs.wrap", accessor: "wrap-accessor", ttl: .seconds(60), creationTime: Timestamp(seconds: 0),
    creationPath: "secret/data/app")
  answer.leaseID = "database/creds/app/1"
  answer.warnings = ["careful"]
  answer.redirect = "https://elsewhere"
  answer.headers = [("x-a", "1"), ("x-a", "2")]
  try trail.broker.response(receipt, answer)
  let entry = try tape.last()
  #expect(
    entry["response"] == [
      "headers": ["x-a": ["1", "2"]], "redirect": "https://elsewhere", "secret": ["lease_id": "database/creds/app/1"],
      "warnings": ["careful"],
      "wrap_info": [
        "accessor": "wrap-accessor", "creation_path": "secret/data/app", "creation_time": "1970-01-01T00:00:00Z",
        "token": hmac("hvs.wrap"), "ttl": 60,
      ],
    ])
  #expect(entry["request"]?["wrap_ttl"] == 60 && entry["request"]?["policy_override"] == true)
  #expect(entry["request"]?["namespace"] == ["id": "abc123", "path": "team/"])
  #expect(entry["request"]?["client_token_accessor"] == "accessor" && entry["auth"]?["accessor"] == "accessor")
}

@Test func rawEntriesReadAsTheyCame() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape", options: ["log_raw": "true"])
  var write = request()
  write.data = ["user": "mona", "n": 5]
  let receipt = try trail.broker.request(write, by: AuditCaller(tokenAuth()))
  #expect(try tape.last()["request"]?["data"] == ["user": "mona", "n": 5])
  #expect(try tape.last()["auth"]?["client_token"] == "hvs.token")
  let answer = AuditResponse(mount: nil)
  answer.data = json(["note": "a\nb<\u{2028}"])
  try trail.broker.response(receipt, answer)
  #expect(try tape.last()["response"]?["data"] == ["note": "a\nb<\u{2028}"])
  #expect(tape.lines.count == 2)
}

@Test func clearKeysExemptTextsDirectlyBelow() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape")
  var write = request()
  write.mount = AuditMount(
    point: "secret/", type: "kv", accessor: "kv_12345678", mountClass: "secret", version: "v1+builtin",
    clearRequestKeys: ["data", "ke\"y", "list"], clearResponseKeys: ["metadata", "user"])
  write.data = ["data": ["user": "plain"], "ke\"y": "open", "list": ["a", ["b"], ["c": "d"]], "other": 1]
  let receipt = try trail.broker.request(write, by: nil)
  #expect(
    try tape.last()["request"]?["data"] == [
      "data": ["user": hmac("plain")], "ke\"y": "open", "list": ["a", ["b"], ["c": hmac("d")]], "other": hmac("1"),
    ])
  let answer = AuditResponse(mount: write.mount)
  answer.data = json(["metadata": ["user": "seen", "x": "hidden"], "data": ["user": "seen"], "t\u{e9}": "caf\u{e9}\n"])
  try trail.broker.response(receipt, answer)
  #expect(
    try tape.last()["response"]?["data"] == [
      "metadata": ["user": "seen", "x": hmac("hidden")], "data": ["user": "seen"], "t\u{e9}": hmac("caf\u{e9}\n"),
    ])
}

@Test func listsGiveWayToTheirCounts() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape", options: ["elide_list_responses": "true"])
  let answer = AuditResponse(mount: nil)
  answer.data = json(["keys": ["a,b", "c]"], "key_info": ["a": ["keys": ["x", "y"]]], "more": ["keys": ["z"]]])
  try trail.broker.response(try trail.broker.request(request("list"), by: nil), answer)
  #expect(try tape.last()["response"]?["data"] == ["keys": 2, "key_info": 1, "more": ["keys": [hmac("z")]]])
  answer.data = json(["keys": []])
  try trail.broker.response(try trail.broker.request(request("list"), by: nil), answer)
  #expect(try tape.last()["response"]?["data"] == ["keys": 0])
  answer.data = json(["keys": ["a"]])
  try trail.broker.response(try trail.broker.request(request("read"), by: nil), answer)
  #expect(try tape.last()["response"]?["data"] == ["keys": [hmac("a")]])
}

@Test func dataThatIsNoJSONIsHashedWhole() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape")
  for text in [
    "{\"a\":secret}", "{\"a\":\"secret", "{\"a\":\"x\"}secret", "{\"a\":\"\\u00zz\"}",
    String(repeating: "[", count: 5000),
  ] {
    let answer = AuditResponse(mount: nil)
    answer.data = JSONText(trusted: Array(text.utf8))
    try trail.broker.response(try trail.broker.request(request(), by: nil), answer)
    #expect(try tape.last()["response"]?["data"] == hmac(text))
  }
}

@Test func headersThatOperatorsChose() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  try trail.enable("tape", options: ["log_raw": "true"])
  var read = request("read")
  read.headers = { ["user-agent": ["test"], "x-secret": ["hush"], "x-trace": ["a", "b"], "cookie": ["no"]][$0] ?? [] }
  _ = try trail.broker.request(read, by: nil)
  #expect(try tape.last()["request"]?["headers"] == ["user-agent": ["test"]])
  trail.broker.setHeaders(["X-Trace": false, "X-Secret": true])
  #expect(trail.broker.headers == ["x-trace": false, "x-secret": true])
  _ = try trail.broker.request(read, by: nil)
  #expect(try tape.last()["request"]?["headers"] == ["x-secret": [hmac("hush")], "x-trace": ["a", "b"]])
}

@Test func hashOfAValueIsWhatEntriesShow() throws {
  let trail = Trail(["tape": Tape()])
  try trail.enable("tape", at: "main")
  #expect(trail.broker.hash(path: "main", input: "mona").map(JSONValue.string) == hmac("mona"))
  #expect(trail.broker.hash(path: "main/", input: "mona") == trail.broker.hash(path: "main", input: "mona"))
  #expect(trail.broker.hash(path: "absent", input: "mona") == nil)
}

@Test func jsonxAndPrefix() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape], allowsPrefix: true)
  try trail.enable("tape", options: ["format": "jsonx", "prefix": "P: ", "log_raw": "true"])
  var write = request()
  write.data = ["a": "<&\"'\n\u{1}", "b": nil, "c": [true, 1]]
  _ = try trail.broker.request(write, by: nil)
  let line = try #require(tape.lines.first)
  #expect(line.hasPrefix("P: <json:object xmlns:json=\"http://www.ibm.com/xmlns/prod/2009/jsonx\""))
  #expect(
    line.contains(
      "<json:object name=\"data\"><json:string name=\"a\">&lt;&amp;&#34;&#39;&#xA;\u{FFFD}</json:string>"
        + "<json:null name=\"b\" /><json:array name=\"c\"><json:boolean>true</json:boolean><json:number>1</json:number>"
        + "</json:array></json:object>"))
  #expect(line.hasSuffix("<json:string name=\"type\">request</json:string></json:object>"))
}

@Test func excludedMembersAreLeftOut() throws {
  let tape = Tape()
  let trail = Trail(["tape": tape])
  let exclude = """
    [{"fields": ["/request/data/a~1b", "/auth"]},
     {"condition": "operation == read", "fields": ["/request/id", "/no/such"]}]
    """
  try trail.enable("tape", options: ["exclude": exclude, "log_raw": "true"])
  var write = request()
  write.data = ["a/b": "x", "c": "y"]
  _ = try trail.broker.request(write, by: AuditCaller(tokenAuth()))
  #expect(try tape.last()["request"]?["data"] == ["c": "y"])
  #expect(try tape.last()["auth"] == nil)
  #expect(try tape.last()["request"]?["id"] != nil)
  _ = try trail.broker.request(request("read"), by: nil)
  #expect(try tape.last()["request"]?["id"] == nil)
}
