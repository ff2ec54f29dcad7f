import AccessPolicy
import Testing

/// One capability a rule, so that the answer tells which rule decided.
@Suite struct PriorityTests {
  private func check(_ rules: [(path: String, capability: String)], _ expected: [String: String]) throws {
    let text = rules.map { "path \"\($0.path)\" { capabilities = [\"\($0.capability)\"] }\n" }
    for order in [text, text.reversed()] {
      let acl = try compiled(order.joined())
      for (path, capability) in expected { #expect(acl.capabilities(path) == [capability], "\(path)") }
    }
  }

  @Test func prefixes() throws {
    try check(
      [
        ("s/*", "list"), ("s/prod/*", "update"), ("s/prod/db", "delete"), ("s/prod/web*", "create"),
        ("s/off*", "deny"), ("s/off/on", "read"), ("s", "sudo"), ("/lead/x", "patch"), ("s/*/z", "recover"),
      ],
      [
        "s": "sudo", "s/": "sudo", "/s": "sudo", "s/x/y": "list", "s/prod": "list", "s/prod/x": "update",
        "s/prod/db": "delete", "s/prod/dbs": "update", "s/prod/web": "create", "s/prod/website/1": "create",
        "s/off": "deny", "s/off/x": "deny", "s/off/on": "read", "shop": "deny", "S/x": "deny", "lead/x": "patch",
        "s/*/z": "recover", "s/a/z": "list",
      ])
  }

  @Test func segments() throws {
    try check(
      [
        ("k/+/db", "read"), ("k/+/+/db", "list"), ("k/a+b/db", "delete"), ("k/+", "create"), ("k/x/+", "update"),
        ("+/top", "sudo"), ("d/+/+/*", "patch"), ("c/+/conf*", "recover"),
      ],
      [
        "k/s/db": "read", "k//db": "read", "k/s/p/db": "list", "k/s/p/e/db": "deny", "k/a+b/db": "delete",
        "k/axb/db": "read", "k/any": "create", "k/": "create", "k": "deny", "k/x/": "create", "k/x/y": "update",
        "s/top": "sudo", "k/top": "create", "/top": "deny", "d/a/b": "deny", "d/a/b/": "patch", "d/a/b/c/d": "patch",
        "c/s/conf": "recover", "c/s/config/x": "recover", "c/s/x/conf": "deny",
      ])
  }

  @Test func specificity() throws {
    try check(
      [
        ("k/app/*", "read"), ("k/+/prod", "update"), ("k/app/+/db", "list"), ("k/+/st/db", "delete"),
        ("k/app/te*", "sudo"),
      ],
      ["k/app/prod": "read", "k/o/prod": "update", "k/app/st/db": "list", "k/o/st/db": "delete", "k/app/te/db": "sudo"])
    try check(
      [
        ("k/+/b/*", "read"), ("k/+/b/c", "update"), ("k/+/+/d", "delete"), ("k/+/b/+", "create"), ("k/+/k/+/m", "list"),
        ("k/+/+/l/m", "patch"), ("k/+/hh*", "sudo"), ("k/+/h*", "recover"),
      ],
      [
        "k/a/b/c": "update", "k/a/b/d": "create", "k/a/z/d": "delete", "k/a/b/x/y": "read", "k/a/k/l/m": "list",
        "k/a/z/l/m": "patch", "k/a/hh": "sudo", "k/a/hx": "recover",
      ])
  }

  @Test func joining() throws {
    let acl = try compiled(
      #"path "a" { policy = "write" } path "b/*" { capabilities = ["read"] } path "c" { capabilities = ["read"] }"#,
      #"path "a" { } path "b/*" { capabilities = ["sudo"] } path "/c" { capabilities = ["list"] }"#,
      #"path "b/x/*" { capabilities = ["deny"] } path "d" { capabilities = ["read"] } path "d" { policy = "deny" }"#)
    #expect(acl.capabilities("a") == ["create", "delete", "list", "read", "update"])
    #expect(acl.capabilities("b/y") == ["read", "sudo"])
    #expect(acl.capabilities("b/x/y") == ["deny"])
    #expect(acl.capabilities("c") == ["list", "read"])
    #expect(acl.capabilities("d") == ["deny"])
  }

  @Test(arguments: [
    ("k/a/", true, false), ("k/a", true, false), ("k/a/*", true, true), ("k/a*", true, true), ("k/+", true, false),
    ("k/+/", true, false), ("k/", false, false), ("k/b*", false, false),
  ]) func lists(rule: String, atFolder: Bool, below: Bool) throws {
    let acl = try compiled("path \"\(rule)\" { capabilities = [\"list\"] }")
    for path in ["k/a", "k/a/"] {
      #expect(acl.decide(.list, path: path, parameters: [:], wrapTTL: nil).isAllowed == atFolder)
    }
    #expect(acl.decide(.list, path: "k/a/b", parameters: [:], wrapTTL: nil).isAllowed == below)
  }

  @Test func listPrefersTheBarePathAmongGlobs() throws {
    try check([("k/a*", "deny"), ("k/a/*", "list")], ["k/a/": "deny", "k/a/b/": "list"])
    try check([("k/a", "deny"), ("k/a/", "list")], ["k/a/": "list"])
    try check([("k/+", "list"), ("k/a/*", "deny")], ["k/a/": "list"])
  }

  /// Letters that look the same in two encodings are two paths, as they are to storage.
  @Test func bytes() throws {
    let acl = try compiled(
      "path \"k/\u{E9}\" { capabilities = [\"read\"] }\npath \"k/*\" { capabilities = [\"list\"] }")
    #expect(acl.capabilities("k/\u{E9}") == ["read"])
    #expect(acl.capabilities("k/e\u{301}") == ["list"])
    // A mark behind the slash or the star must not hide them.
    #expect(acl.capabilities("k/\u{301}x") == ["list"])
    #expect(throws: PolicyError.self) { try Policy(name: "p", text: "path \"a/+*\u{301}\" { }") }
  }
}
