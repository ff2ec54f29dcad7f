internal import EngineAPI
internal import JSONText
internal import StorageAPI

extension SSHMount {
  static let roleRoutes: [Route<SSHMount>] = [
    Route(
      "roles/", fields: [RoleFields.after.description, RoleFields.limit.description], summary: "List the roles",
      [.list: { engine, call in try engine.listRoles(call) }]),
    Route(
      "roles/{role:any}", fields: RoleFields.all, summary: "Read, write and delete a role",
      help: "A write replaces the role as a whole: what is not said gets its default.",
      [
        .read: { engine, call in
          guard let role = try engine.role(named: SSHMount.roleName(call)) else { return .none }
          return .data(role.members)
        },
        .update: { engine, call in try engine.writeRole(call) },
        .delete: { engine, call in try engine.deleteRole(call) },
      ]),
  ]

  /// Letters, digits, `_` and `@`, with `-` and `.` between them.
  static func roleName(_ call: Call) throws(EngineError) -> String {
    let name = call.capture("role")
    func isWord(_ c: UInt8) -> Bool {
      switch c {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard let first = name.utf8.first, let last = name.utf8.last, isWord(first), isWord(last), name.utf8.count <= 256,
      name.utf8.allSatisfy({ isWord($0) || "-.@".utf8.contains($0) })
    else { throw .unsupportedPath }
    return name
  }

  func role(named name: String) throws -> Role? {
    try storage.get(Self.roleKey(name)).map { try Role($0.bytes) }
  }

  private func listRoles(_ call: Call) throws -> Reply {
    let after = try call[RoleFields.after] ?? ""
    let limit = try call[RoleFields.limit] ?? 0
    let names = try storage.list(
      Self.roles, after: after.isEmpty ? nil : after, limit: limit > 0 ? Int(clamping: limit) : .max)
    let info = try names.compactMap { name in
      try role(named: name).map { (name, ["key_type": .string($0.kind)] as JSONValue) }
    }
    return .keys(names, info: JSONObject(info))
  }

  private func writeRole(_ call: Call) throws -> Reply {
    let name = try Self.roleName(call)
    let role: Role
    switch try call[RoleFields.keyType] ?? "" {
    case "ca": role = .certificate(try CertificateRole(call))
    case "otp": role = .password(try PasswordRole(call))
    case "": throw EngineError.invalid("missing key type")
    case "dynamic": throw EngineError.invalid("dynamic key type roles are no longer supported")
    default: throw EngineError.invalid("invalid key type")
    }
    try storage.put(Self.roleKey(name), JSONText(role.members).bytes)
    return .none
  }

  private func deleteRole(_ call: Call) throws -> Reply {
    let name = try Self.roleName(call)
    try storage.transaction { transaction in
      transaction.delete(Self.roleKey(name))
      // A role of that name that is made later must be given this right anew.
      let roles = try Self.zeroAddressRoles(try transaction.get(Self.zeroAddressKey))
      if roles.contains(name) {
        transaction.put(Self.zeroAddressKey, JSONText(.strings(roles.filter { $0 != name })).bytes)
      }
    }
    return .none
  }
}
