import Testing

@testable import AuditTrail

private let subject = AuditFilter.Subject(
  mountType: "kv", mountPoint: "secret/", namespace: "team/", operation: "update", path: "secret/data/ci/app")

@Test(arguments: [
  ("mount_type == kv", true), ("mount_type == \"kv\"", true), ("mount_type==`kv`", true), ("mount_type != kv", false),
  ("path contains \"ci/\"", true), ("\"ci/\" in path", true), ("ci in mount_point", false),
  ("path not contains ci", false),
  ("\"x\" not in path", true), ("namespace == \"team/\"", true), ("namespace is empty", false),
  ("namespace is not empty", true), ("not mount_type == kv", false), ("not not mount_type == kv", true),
  ("mount_type == kv and operation == read", false), ("mount_type == kv or operation == read", true),
  // `and` binds closer than `or`, `not` closer than both.
  ("mount_type == kv or operation == read and path == x", true),
  ("(mount_type == kv or operation == read) and path == x", false),
  ("not mount_type == kv or operation == update", true), ("not (mount_type == kv or operation == update)", false),
  ("path == \"a\\\"b\\\\\"", false),
])
func conditions(_ text: String, _ expected: Bool) throws {
  #expect(try AuditFilter(text).matches(subject) == expected)
}

@Test(arguments: [
  "", "mount_type", "mount_type ==", "mount_type = kv", "== kv", "user == x", "\"path\" == x", "mount_type == kv and",
  "(mount_type == kv", "mount_type == kv)", "mount_type == \"kv", "path matches x", "path is full", "path == \"\\n\"",
  "mount_type == kv path == x", String(repeating: "not ", count: 100) + "path == x",
  String(repeating: "(", count: 100) + "path == x" + String(repeating: ")", count: 100),
  "path == " + String(repeating: "x", count: 10_000),
])
func malformedConditions(_ text: String) {
  #expect(throws: AuditFilter.Malformed.self) { try AuditFilter(text) }
}
