internal import EngineAPI
internal import JSONText
internal import Kernel
internal import UserLockout

private enum Fields {
  static let accessor = Field.string("mount_accessor", "The accessor of an auth method.")
  static let alias = Field.string("alias_identifier", "The name by which the user logs in, such as a username.")
}

extension SystemEngine {
  static let lockedUserRoutes: [Route<SystemEngine>] = [
    Route(
      "locked-users", fields: [Fields.accessor.description], summary: "The users who failed to log in too often",
      [.read: { try lockedUsers($1) }]),
    Route(
      "locked-users/{mount_accessor}/unlock/{alias_identifier...}",
      fields: [Fields.accessor.description, Fields.alias.description],
      summary: "Let a user try again before the time",
      [
        .update: { _, call in
          let user = LoginUser(mountAccessor: call.capture("mount_accessor"), name: call.capture("alias_identifier"))
          try call.active.state.logins.unlock(user)
          return .none
        }
      ]),
  ]

  private static func lockedUsers(_ call: Call) throws -> Reply {
    let accessor = try call[Fields.accessor] ?? ""
    var mounts = try call.active.state.logins.lockedUsers(accessor: accessor.isEmpty ? nil : accessor, now: call.now)
    // A mount that was asked for is there, whether it has locked users or is known at all.
    if mounts.isEmpty, !accessor.isEmpty { mounts = [(accessor, [])] }
    mounts.sort { $0.names.count > $1.names.count }
    let total = mounts.reduce(0) { $0 + $1.names.count }
    let byMount = mounts.map { mount -> JSONValue in
      [
        "alias_identifiers": .strings(mount.names), "counts": .int(mount.names.count),
        "mount_accessor": .string(mount.accessor),
      ]
    }
    let namespace: JSONValue = [
      "counts": .int(total), "mount_accessors": .array(byMount), "namespace_id": "root", "namespace_path": "",
    ]
    return .data(["by_namespace": [namespace], "total": .int(total)])
  }
}
