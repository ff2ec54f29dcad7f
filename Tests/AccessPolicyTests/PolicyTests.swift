import AccessPolicy
import JSONText
import Primitives
import Testing

func compiled(_ texts: String..., subject: TemplateSubject? = nil) throws -> CompiledACL {
  CompiledACL(
    try texts.enumerated().map { try Policy(name: "p\($0.offset)", text: $0.element) }, subject: subject)
}

private func refusal(_ text: String) -> String {
  do throws(PolicyError) {
    _ = try Policy(name: "p", text: text)
    return "taken"
  } catch { return error.description }
}

@Suite struct PolicyTests {
  @Test(arguments: [
    (#"path "a" { capabilities = ["write"] }"#, #"path "a": invalid capability "write""#),
    (#"path "a" { capabilities = ["read", ""] }"#, #"path "a": invalid capability """#),
    (#"path "a" { capabilities = ["write", "deny"] }"#, #"path "a": invalid capability "write""#),
    (#"path "a" { policy = "update" }"#, #"path "a": invalid policy "update""#),
    (#"path "a" { capabilities = "read" }"#, #"path "a": capabilities must be a list of strings"#),
    (
      "path \"a\" {\n ttl = 1\n users = [\"x\"]\n}",
      "2 errors occurred:\n\t* path \"a\": invalid key \"ttl\" on line 2\n\t* path \"a\": invalid key \"users\" on line 3\n\n"
    ),
    ("role \"x\" { }", "1 error occurred:\n\t* invalid key \"role\" on line 0\n\n"),
    (#"{"paths":{"a":{}}}"#, "1 error occurred:\n\t* invalid key \"paths\" on line 1\n\n"),
    (#"path "a/+*" { }"#, #"path "a/+*": invalid use of wildcards ('+*' is forbidden)"#),
    (
      "path \"a\" {\n capabilities = [\"read\"]\n capabilities = [\"list\"]\n}",
      "The argument \"capabilities\" at 3:2 was already set. Each argument can only be defined once"
    ),
    (#"path = { "a" = { capabilities = ["read"] } }"#, "At 1:1: path must be a block"),
    (
      "path \"a\" {\n min_wrapping_ttl = \"2h\"\n max_wrapping_ttl = \"1h\"\n}",
      "max_wrapping_ttl cannot be less than min_wrapping_ttl"
    ),
    (
      "path \"a\" {\n min_wrapping_ttl = \"soon\"\n}",
      "error parsing min_wrapping_ttl: time: invalid duration \"soon\""
    ),
    (#"path "a" { allowed_parameters = ["x"] }"#, #"path "a": allowed_parameters must be an object of lists"#),
    (#"path "a" { allowed_parameters = { "x" = "y" } }"#, #"path "a": allowed_parameters: "x" must be a list"#),
    (#"path "a/{{identity.entity.id" { }"#, "failed to validate policy templating: unbalanced templating characters"),
    (#"path "a/x}}" { }"#, "failed to validate policy templating: unbalanced templating characters"),
    (
      #"path "a" { expiration = "2030-01-01" }"#,
      "1 error occurred:\n\t* path \"a\": invalid key \"expiration\" on line 1\n\n"
    ),
    ("{\"path\":", "At 1:9: invalid JSON: unexpected end of JSON input at offset 8"),
    (PolicyText.decoded("nonsense"), "At 1:1: illegal char"),
  ]) func refused(text: String, reason: String) { #expect(refusal(text) == "failed to parse policy: " + reason) }

  @Test(arguments: [
    "", "# nothing", "{}", #"path "a" { capabilities = ["deny", "write"] }"#, #"path { }"#, #"path "a" "b" { }"#,
    #"path "a/{{}}" { }"#, #"path "a/{{nothing.at.all}}" { }"#, #"path "a/{b}" { }"#,
    #"path "" { } path "*" { } path "+" { } path "a/**" { }"#, #"name = "n""#,
  ]) func taken(text: String) { #expect(refusal(text) == "taken") }

  @Test func base64() {
    #expect(PolicyText.decoded("cGF0aCAiYSIgeyB9Cg==") == "path \"a\" { }\n")
    #expect(PolicyText.decoded(" cGF0aCAiYSIgeyB9 ") == " cGF0aCAiYSIgeyB9 ")
    #expect(PolicyText.decoded("") == "")
  }

  @Test func warnings() throws {
    let policy = try Policy(name: "p", text: #"path "a" { capabilities = ["read"] control_group = { ttl = "1h" } }"#)
    #expect(policy.warnings == ["path \"a\": control_group has no effect"])
    #expect(!policy.templated)
    #expect(try Policy(name: "p", text: BuiltinPolicies.default).templated)
  }

  @Test func builtins() throws {
    let subject = TemplateSubject(entityID: "e-1", entityName: "Anna A")
    let acl = try compiled(BuiltinPolicies.default, subject: subject)
    #expect(acl.capabilities("cubbyhole/x/y") == ["create", "delete", "list", "read", "update"])
    #expect(acl.capabilities("identity/entity/id/e-1") == ["read"])
    #expect(acl.capabilities("identity/entity/id/e-2") == ["deny"])
    #expect(acl.capabilities("identity/oidc/provider/x/authorize") == ["read", "update"])
    #expect(!acl.hasAnyAccess(under: "secret/"))
    let wrapping = try compiled(BuiltinPolicies.responseWrapping)
    #expect(wrapping.capabilities("cubbyhole/response") == ["create", "read"])
    #expect(wrapping.decide(.update, path: "sys/wrapping/unwrap", parameters: [:], wrapTTL: nil).isAllowed)
    #expect(try compiled(BuiltinPolicies.controlGroup).capabilities("cubbyhole/control-group").contains("read"))
  }

  @Test func root() throws {
    let acl = CompiledACL([.root], subject: nil)
    #expect(acl.capabilities("anything") == ["root"])
    #expect(
      acl.decide(.delete, path: "a", parameters: [:], wrapTTL: nil)
        == Verdict(hasSudo: true, grantingPolicies: ["root"], isRoot: true))
    #expect(acl.resultantACL["root"] == true)
    #expect(acl.resultantACL["exact_paths"] == nil)
    // Among others it brings nothing, so that a mistake elsewhere does not open everything.
    let mixed = CompiledACL([.root, try Policy(name: "p", text: #"path "a" { policy = "read" }"#)], subject: nil)
    #expect(!mixed.isRoot)
    #expect(mixed.capabilities("b") == ["deny"])
    #expect(CompiledACL([], subject: nil).capabilities("b") == ["deny"])
  }

  @Test func templates() throws {
    let subject = TemplateSubject(
      entityID: "e-1", entityName: "a*", metadata: ["team": "ops", "plus": "+", "path": "x/y", "empty": ""],
      aliases: [.init(mountAccessor: "acc_1", id: "al", name: "anna", customMetadata: ["cost": "4"])],
      groups: [.init(id: "g-1", name: "shop", metadata: ["area": "eu"])])
    let acl = try compiled(
      """
      path "n/{{identity.entity.name}}" { capabilities = ["read"] }
      path "m/{{ identity.entity.metadata.team }}-{{identity.entity.id}}/*" { capabilities = ["read"] }
      path "p/{{identity.entity.metadata.plus}}/x" { capabilities = ["read"] }
      path "s/{{identity.entity.metadata.path}}/+" { capabilities = ["read"] }
      path "e/{{identity.entity.metadata.empty}}/x" { capabilities = ["read"] }
      path "u/{{identity.entity.metadata.none}}" { capabilities = ["read"] }
      path "al/{{identity.entity.aliases.acc_1.name}}/{{identity.entity.aliases.acc_1.custom_metadata.cost}}" {
        capabilities = ["read"]
      }
      path "al/{{identity.entity.aliases.acc_2.name}}*" { capabilities = ["read"] }
      path "g/{{identity.groups.ids.g-1.name}}/{{identity.groups.names.shop.metadata.area}}" { capabilities = ["read"] }
      path "g/{{identity.groups.names.other.id}}*" { capabilities = ["read"] }
      path "plain" { capabilities = ["read"] }
      """, subject: subject)
    for path in ["n/a*", "m/ops-e-1/x", "p/+/x", "s/x/y/z", "e//x", "al/anna/4", "g/shop/eu", "plain"] {
      #expect(acl.capabilities(path) == ["read"], "\(path)")
    }
    // Stars and pluses that came with a name do not widen the rule.
    for path in ["n/ab", "m/x-e-1/x", "p/q/x", "s/x/q/z", "u/", "u/none", "al/ben/4", "al/x", "g/x"] {
      #expect(acl.capabilities(path) == ["deny"], "\(path)")
    }
    let without = try compiled(
      #"path "a{{identity.entity.id}}*" { policy = "read" } path "plain" { policy = "read" }"#)
    #expect(without.capabilities("ab") == ["deny"])
    #expect(without.capabilities("plain") == ["list", "read"])
  }

  @Test func grantingPolicies() throws {
    let acl = try compiled(
      #"path "a" { capabilities = ["read"] }"#, #"path "a" { capabilities = ["read", "update"] } path "b" { }"#,
      #"path "a" { capabilities = ["sudo"] }"#)
    let read = acl.decide(.read, path: "a", parameters: [:], wrapTTL: nil)
    #expect(read == Verdict(hasSudo: true, grantingPolicies: ["p0", "p1"]))
    #expect(acl.decide(.update, path: "/a", parameters: [:], wrapTTL: nil).grantingPolicies == ["p1"])
    #expect(acl.decide(.help, path: "nowhere", parameters: [:], wrapTTL: nil).isAllowed)
    #expect(acl.decide(.delete, path: "a", parameters: [:], wrapTTL: nil).grantingPolicies == [])
  }

  @Test func mounts() throws {
    let cases: [(String, Bool)] = [
      (#"path "kv/a/b" { capabilities = ["read"] }"#, true),
      (#"path "kv/a/b" { capabilities = ["deny"] }"#, false),
      (#"path "kv/a/b" { }"#, false),
      (#"path "kv" { capabilities = ["list"] }"#, true),
      (#"path "k*" { capabilities = ["list"] }"#, true),
      (#"path "k*" { capabilities = ["list"] } path "kv/*" { capabilities = ["deny"] }"#, false),
      (#"path "kv/*" { capabilities = ["deny"] } path "kv/a*" { capabilities = ["read"] }"#, true),
      (#"path "kv/*" { capabilities = ["deny"] } path "+/a" { capabilities = ["read"] }"#, false),
      (#"path "kv/+/a" { capabilities = ["read"] } path "k*" { capabilities = ["deny"] }"#, true),
      (#"path "+/a" { capabilities = ["read"] }"#, true),
      (#"path "+/+/c*" { capabilities = ["read"] }"#, true),
      (#"path "kvx/+/c*" { capabilities = ["read"] }"#, false),
      (#"path "kv2/a" { capabilities = ["read"] }"#, false),
    ]
    for (text, expected) in cases {
      #expect(try compiled(text).hasAnyAccess(under: "kv/") == expected, "\(text)")
    }
  }

  @Test func resultant() throws {
    let acl = try compiled(
      """
      path "a/b" { capabilities = ["patch", "read", "create"] }
      path "a/*" { capabilities = ["deny"] }
      path "a/+/c*" { capabilities = ["list"] }
      path "void" { }
      path "limited" {
        capabilities = ["update"]
        allowed_parameters = { "User" = ["a", "b"], "*" = [] }
        denied_parameters = { "password" = [] }
        required_parameters = ["user"]
        min_wrapping_ttl = "1m"
        max_wrapping_ttl = 3600
      }
      """)
    let expected: JSONObject = [
      "chroot_namespace": "",
      "exact_paths": [
        "a/b": ["capabilities": ["create", "read", "patch"]],
        "limited": [
          "allowed_parameters": ["*": [], "user": ["a", "b"]], "capabilities": ["update"],
          "denied_parameters": ["password": []], "max_wrapping_ttl": 3600, "min_wrapping_ttl": 60,
          "required_parameters": ["user"],
        ],
        "void": ["capabilities": ["deny"]],
      ],
      "glob_paths": ["a/": ["capabilities": ["deny"]], "a/+/c*": ["capabilities": ["list"]]], "root": false,
    ]
    #expect(acl.resultantACL == expected)
  }
}
