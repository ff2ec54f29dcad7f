import Glibc
import JSONText
import Testing

@testable import Commands

@Suite struct PolicyCommandTests {
  let world = World()

  init() {
    world.files["dir/team.hcl"] = Array(
      """
      path "secret/data/team/*" { capabilities = ["read", "create"] }
      path "secret/data/team/+/locked" { capabilities = ["deny"] }
      path "secret/metadata/team/*" {
        capabilities = ["list"]
      }
      path "kv/x" { capabilities = ["update"]
        allowed_parameters = { "mode" = ["a", "b"] } }
      """.utf8)
  }

  // MARK: test

  private let hcl = """
    policy "team" { file = "team.hcl" }
    case "reads" {
      policies  = ["team", "default"]
      operation = "read"
      paths     = ["secret/data/team/db", "secret/data/team/a/b"]
      expect    = "allow"
    }
    case "cannot write" {
      policies   = ["team"]
      operations = ["update", "delete"]
      path       = "secret/data/team/db"
      expect     = "deny"
      capabilities = ["create", "read"]
    }
    case "mode" {
      policies = ["team"]
      operation = "update"
      path = "kv/x"
      parameters = { mode = "c" }
      expect = "deny"
    }
    """

  private let yaml = """
    policies:
      team: team.hcl
    cases:
      - name: reads
        policies: [team, default]
        operation: read
        paths: [secret/data/team/db, secret/data/team/a/b]
        expect: allow
      - name: cannot write
        policies: [team]
        operations: [update, delete]
        path: secret/data/team/db
        expect: deny
        capabilities: [create, read]
      - name: mode
        policies: [team]
        operation: update
        path: kv/x
        parameters: {mode: c}
        expect: deny
    """

  @Test func casesHoldInBothNotations() {
    world.files["dir/t.hcl"] = Array(hcl.utf8)
    world.files["dir/t.yaml"] = Array(yaml.utf8)
    #expect(world.run("policy", "test", "dir/t.hcl") == 0, "\(world.errors)")
    let output = world.output
    #expect(output.hasSuffix("6 checks, 0 failed\n"))
    #expect(world.run("policy", "test", "dir/t.yaml") == 0, "\(world.errors)")
    #expect(world.output == output)
    #expect(world.requests.isEmpty)
  }

  @Test func whatFailsIsExplained() {
    world.files["dir/t.yaml"] = Array(
      """
      policies: {team: team.hcl}
      cases:
        - {name: locked, policies: [team], operation: read, path: secret/data/team/x/locked, expect: allow}
      """.utf8)
    #expect(world.run("policy", "test", "dir/t.yaml") == 2)
    #expect(world.output.contains("FAIL  locked: read secret/data/team/x/locked\n      expected allow, got deny\n"))
    #expect(world.output.contains("the rule that decides says deny"))
    #expect(world.output.hasSuffix("1 check, 1 failed\n"))
    #expect(world.run("policy", "test", "-format=json", "dir/t.yaml") == 2)
    let json = try? JSONParser.parse(world.output)
    #expect(json?["failed"] == 1)
    #expect(json?["checks"]?.arrayValue?.first?["explanation"]?["allowed"] == false)
  }

  @Test(arguments: [
    ("cases: []", "there are no cases"),
    ("cases: [{name: x, polices: [a]}]", "\"polices\" is not known"),
    ("cases: [{name: x, policies: [a], path: p, operation: rad, expect: allow}]", "\"rad\" is no operation"),
    ("cases: [{name: x, policies: [a], path: p, operation: read}]", "neither"),
    ("cases: [{name: x, policies: [a], path: p, operation: read, expect: maybe}]", "expect must be allow or deny"),
    ("cases: [{name: x, policies: [a], path: p, operation: read, expect: allow}]", "is not in the file"),
    (
      "policies: {a: {text: 'path {'}}\ncases: [{name: x, policies: [a], path: p, operation: read, expect: deny}]",
      "Error reading policy"
    ),
    (
      "policies: {a: gone.hcl}\ncases: [{name: x, policies: [a], path: p, operation: read, expect: deny}]",
      "no such file"
    ),
  ])
  func mistakesInTheFileAreTold(text: String, message: String) {
    world.files["t.yaml"] = Array(text.utf8)
    #expect(world.run("policy", "test", "t.yaml") == 1)
    #expect(world.errors.contains(message), "\(world.errors)")
    #expect(world.output.isEmpty)
  }

  @Test func policiesComeFromTheServerWhereThatIsAsked() {
    world.files["t.yaml"] = Array("cases: [{policies: [a, gone], path: p, operation: read, expect: allow}]".utf8)
    world.on("GET /v1/sys/policies/acl/a", 200, #"{"data":{"policy":"path \"p\" {\n capabilities=[\"read\"]\n}"}}"#)
      .on("GET /v1/sys/policies/acl/gone", 404, #"{"errors":[]}"#)
    #expect(world.run("policy", "test", "-server", "t.yaml") == 0, "\(world.errors) \(world.output)")
  }

  // MARK: explain

  private let explanation = """
    {"request_id":"r","data":{"allowed":false,"operation":"read","path":"a","reason":"no rule matches the path",\
    "policies":[{"name":"default","exists":true,"rules":3,"matching_rules":0},{"name":"gone","exists":false}],\
    "rules":[],"missing":[{"kind":"capability","name":"read","text":"the capability \\"read\\" on the path"}],\
    "skipped_rules":[],"smallest_rule":"path \\"a\\" {\\n  capabilities = [\\"read\\"]\\n}\\n","note":""}}
    """

  @Test func ownTokenIsAskedAboutUnlessAnotherIsNamed() {
    world.on("POST /v1/sys/policies/explain-self", 200, explanation)
      .on("POST /v1/sys/policies/explain", 200, explanation).on("POST /v1/sys/policies/explain", 200, explanation)
      .on("POST /v1/sys/policies/explain", 200, explanation)
    #expect(world.run("policy", "explain", "read", "a") == 0, "\(world.errors)")
    #expect(
      world.output == """
        Denied: read a
          no rule matches the path

        Policies
          default    3 rules, none match
          gone       does not exist

        Missing
          the capability "read" on the path

        Smallest rule that would allow it
          path "a" {
            capabilities = ["read"]
          }

        """)
    #expect(world.body(0) == #"{"operation":"read","path":"a"}"#)
    #expect(world.run("policy", "explain", "-accessor=acc", "-wrapping-ttl=60s", "update", "/a/b/", "k=v") == 0)
    #expect(
      world.body(1)
        == #"{"accessor":"acc","operation":"update","parameters":{"k":"v"},"path":"a/b","wrap_ttl":"60s"}"#
        || world.body(1)
          == #"{"operation":"update","path":"a/b","parameters":{"k":"v"},"wrap_ttl":"60s","accessor":"acc"}"#
    )
    #expect(world.run("policy", "explain", "-policy=a", "-policy=b", "list", "x") == 0)
    #expect(world.body(2).contains(#""policies":["a","b"]"#))
    world.input = "hvs.secret\n"
    #expect(world.run("policy", "explain", "-token=-", "list", "x") == 0)
    #expect(world.body(3).contains(#""token":"hvs.secret""#))
    #expect(world.run("policy", "explain", "-token=x", "-accessor=y", "read", "a") == 1)
    #expect(world.run("policy", "explain", "read") == 1)
  }

  @Test func refusedRequestsAreAskedForByTheirID() {
    world.on(
      "GET /v1/sys/policies/explain/abc", 200,
      #"{"data":{"time":"t","display_name":"d","operation":"read","path":"p","reason":"why","explanation":null}}"#
    ).on("GET /v1/sys/policies/explain/gone", 404, refusal("no refused request of that id is remembered"))
    #expect(world.run("policy", "explain", "-request=abc") == 0)
    #expect(world.output.contains("why"))
    #expect(world.run("policy", "explain", "-request=gone") == 2)
  }

  // MARK: simulate

  private func entry(
    _ operation: String, _ path: String, data: String = "{}", allowed: Bool = true, type: String = "request",
    policies: String = #"["default","team"]"#
  ) -> String {
    #"{"time":"2026-01-01T00:00:00Z","type":"\#(type)","auth":{"policies":\#(policies),"policy_results":{"allowed":"#
      + #"\#(allowed)}},"request":{"id":"i","operation":"\#(operation)","path":"\#(path)","data":\#(data)}}"# + "\n"
  }

  @Test func logIsPutToChangedPolicies() throws {
    world.files["audit.log"] = Array(
      (entry("read", "secret/data/team/a") + entry("read", "secret/data/team/a", type: "response")
        + entry("update", "secret/data/team/a") + entry("update", "secret/data/team/a")
        + entry("read", "secret/data/team/b", allowed: false) + entry("read", "x", policies: #"["root"]"#)
        + entry("read", "x", policies: #"["other"]"#)
        + entry("update", "kv/x", data: #"{"mode":"hmac-sha256:00"}"#)
        + entry("update", "kv/x", data: #"{"else":"hmac-sha256:00"}"#) + "rubbish\n").utf8)
    #expect(world.run("policy", "simulate", "-audit=audit.log", "-policy=team=dir/team.hcl", "-format=json") == 2)
    let json = try JSONParser.parse(world.output)
    #expect(json["requests"] == 8)
    #expect(json["unchanged"] == 1)
    #expect(json["root"] == 1)
    #expect(json["unreadable_lines"] == 1)
    let denied = json["denied"]?.arrayValue ?? []
    #expect(denied.map { $0["path"] } == ["secret/data/team/a", "kv/x"])
    #expect(denied.map { $0["count"] } == [2, 1])
    #expect(denied.first?["rules"]?.arrayValue?.first?["line"] == 1)
    #expect(json["allowed"]?.arrayValue?.map { $0["path"] } == ["secret/data/team/b"])
    let reasons = json["not_judged"]?.arrayValue?.compactMap { $0["reason"]?.stringValue } ?? []
    #expect(reasons.count == 2)
    #expect(reasons.contains { $0.contains("\"other\"") })
    #expect(reasons.contains { $0.contains("compares the value of \"mode\"") })
    let unused = json["unused"]?.arrayValue ?? []
    #expect(unused.map { $0["rule"]?["path"] } == ["secret/data/team/*", "secret/metadata/team/*", "kv/x"])
    #expect(unused.map { $0["never_used"] } == [false, true, true])
    #expect(unused.first?["capabilities"] == ["create"])
    #expect(world.requests.isEmpty)
    #expect(world.run("policy", "simulate", "-audit=audit.log", "-policy=team=dir/team.hcl") == 2)
    #expect(world.output.hasPrefix("8 requests: 1 as before, 3 now denied, 1 now allowed, 2 not judged, 1 of root\n"))
  }

  @Test func pathsThatWorkWithoutATokenAreAllowedWhateverPoliciesSay() throws {
    let paths = [
      "sys/internal/ui/mounts/secret/team/db", "sys/health", "auth/userpass/login/mona", "auth/approle/login",
      "identity/oidc/.well-known/keys", "identity/oidc/provider/default/token",
    ]
    world.files["audit.log"] = Array(paths.map { entry("update", $0) }.joined().utf8)
    #expect(world.run("policy", "simulate", "-audit=audit.log", "-policy=team=dir/team.hcl") == 0)
    let list = paths.map { "\"\($0)\"" }.joined(separator: ", ")
    let closed = [
      "auth/approle/role/login", "auth/userpass/users/login", "sys/mounts", "identity/oidc/key/token",
      "identity/oidc/provider/token",
    ].map { "\"\($0)\"" }.joined(separator: ", ")
    world.files["dir/open.hcl"] = Array(
      """
      policy "team" { file = "team.hcl" }
      case "open" {
        policies = ["team"]
        operation = "update"
        paths = [\(list)]
        expect = "allow"
      }
      case "not open" {
        policies = ["team"]
        operation = "update"
        paths = [\(closed)]
        expect = "deny"
      }
      """.utf8)
    #expect(world.run("policy", "test", "dir/open.hcl") == 0)
    let wrong = String(decoding: world.files["dir/open.hcl"] ?? [], as: UTF8.self).replacing("allow", with: "deny")
    world.files["dir/open.hcl"] = Array(wrong.utf8)
    #expect(world.run("policy", "test", "dir/open.hcl") == 2)
    #expect(world.output.contains("expected deny, got allow: the path works without a token"))
  }

  @Test func logThatAllPoliciesAllowEndsWell() {
    world.files["audit.log"] = Array(entry("read", "secret/data/team/a").utf8)
    #expect(world.run("policy", "simulate", "-audit=audit.log", "-policy=team=dir/team.hcl") == 0)
    #expect(world.run("policy", "simulate") == 1)
    #expect(world.run("policy", "simulate", "-audit=absent.log") == 1)
  }
}

/// The examples of the page for operators do what it says.
@Suite struct PolicyPageTests {
  @Test(arguments: ["hcl", "yaml"]) func examplesHold(notation: String) throws {
    let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let page = try #require(text("/\(folder)/docs/policies.md"))
    let world = World()
    let block = try #require(
      page.components(between: "```\(notation)\n", and: "```").first { $0.hasPrefix("# team_test") })
    world.files["t.\(notation)"] = Array(block.utf8)
    #expect(world.run("policy", "test", "t.\(notation)") == 0, "\(world.errors)\(world.output)")
    #expect(world.output.hasSuffix(", 0 failed\n"))
  }

  private func text(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let c = fgetc(file), c >= 0 { bytes.append(UInt8(truncatingIfNeeded: c)) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension String {
  fileprivate func components(between start: String, and end: String) -> [String] {
    var out: [String] = []
    var rest = self[...]
    while let open = rest.firstRange(of: start) {
      let inner = rest[open.upperBound...]
      guard let close = inner.firstRange(of: end) else { break }
      out.append(String(inner[..<close.lowerBound]))
      rest = inner[close.upperBound...]
    }
    return out
  }
}
