/// A rule that is for a part of all requests.
package protocol ScopedRule: Sendable, Equatable {
  var name: String { get }
  /// The mount and what is below it; empty for all requests.
  var path: String { get set }
  /// Such as `secret/` or `auth/userpass/`; empty for all.
  var mount: String { get set }
  /// Below the mount; a `*` at its end stands for any rest.
  var suffix: String { get set }
  /// Only logins with that role; empty for all.
  var role: String { get set }
  var isInheritable: Bool { get set }
}

extension ScopedRule {
  /// The more special rule is asked first, and only that.
  var rank: (Int, Int) {
    if !suffix.isEmpty { return (3, suffix.utf8.count) }
    if !role.isEmpty { return (2, 0) }
    return (mount.isEmpty ? 0 : 1, 0)
  }

  func covers(mount: String, rest: String, role given: () -> String) -> Bool {
    if self.mount.isEmpty { return true }
    guard self.mount == mount else { return false }
    if !suffix.isEmpty {
      if suffix.utf8.last == UInt8(ascii: "*") { return rest.utf8.starts(with: suffix.utf8.dropLast()) }
      return Self.withoutSlash(rest).elementsEqual(Self.withoutSlash(suffix))
    }
    return role.isEmpty || role == given()
  }

  /// A folder is meant with and without its slash; lists come with it.
  private static func withoutSlash(_ path: String) -> Substring.UTF8View {
    path.utf8.last == UInt8(ascii: "/") ? path.utf8.dropLast() : path.utf8[...]
  }

  /// True where both would be for the same requests.
  func isTwin(of other: Self) -> Bool {
    name != other.name && mount == other.mount && suffix == other.suffix && role == other.role
  }
}
