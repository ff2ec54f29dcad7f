internal import EngineAPI
internal import JSONText
internal import Primitives
internal import StorageAPI

private enum Fields {
  static let username = Field.string("username", "Who is to log in; the role's default_user by default.")
  static let address = Field.string("ip", "The address of the machine.", required: true)
  static let password = Field.string("otp", "The password that somebody gave.", required: true, secret: true)
  static let roles = Field.commaStrings(
    "roles", "Names of roles that give passwords for any address, with commas.", required: true)
}

extension SSHMount {
  static let passwordRoutes: [Route<SSHMount>] = [
    Route(
      "creds/{role:any}",
      fields: [RoleFields.role.description, Fields.username.description, Fields.address.description],
      summary: "Make a password that works once", help: "The password ends with its lease, or when it is used.",
      [.update: { engine, call in try engine.makePassword(call) }]),
    Route(
      "verify", traits: .unauthenticated, fields: [Fields.password.description],
      summary: "Use a password up and learn what it was for",
      help: "For the program on a machine that asks about each login.",
      [.update: { engine, call in try engine.verify(call) }]),
    Route(
      "lookup", fields: [Fields.address.description], summary: "The roles that give passwords for an address",
      [.update: { engine, call in try engine.lookUp(call) }]),
    Route(
      "config/zeroaddress", fields: [Fields.roles.description],
      summary: "Roles that give passwords for any address", help: "A write replaces the list.",
      [
        .read: { engine, _ in
          let stored = try engine.storage.get(SSHMount.zeroAddressKey)
          guard let stored else { return .none }
          return .data(["roles": .strings(try SSHMount.zeroAddressRoles(stored.bytes))])
        },
        .update: { engine, call in try engine.writeZeroAddressRoles(call) },
        .delete: { engine, _ in
          try engine.storage.delete(SSHMount.zeroAddressKey)
          return .none
        },
      ]),
  ]

  static func zeroAddressRoles(_ bytes: [UInt8]?) throws(StoreError) -> [String] {
    guard let bytes else { return [] }
    guard let names = (try? JSONParser.parse(bytes, limits: .unlimited))?.arrayValue else {
      throw .damaged("the list of SSH zero-address roles cannot be read: restore a snapshot")
    }
    return names.compactMap(\.stringValue)
  }

  private func writeZeroAddressRoles(_ call: Call) throws -> Reply {
    var names: [String] = []
    for name in try call[Fields.roles] ?? [] where !name.isEmpty && !names.contains(name) { names.append(name) }
    if names.isEmpty { throw EngineError.invalid("Missing roles") }
    let wanted = names
    try storage.transaction { transaction in
      for name in wanted {
        guard !name.contains("/"), let bytes = try transaction.get(Self.roleKey(name)) else {
          throw EngineError.invalid("Role \"\(name)\" does not exist")
        }
        guard case .password = try Role(bytes) else {
          throw EngineError.invalid("zero-address roles can only be of key type otp")
        }
      }
      transaction.put(Self.zeroAddressKey, JSONText(.strings(wanted)).bytes)
    }
    return .none
  }

  // MARK: Making

  private func makePassword(_ call: Call) throws -> Reply {
    let name = try Self.roleName(call)
    let address = try Self.address(call)
    guard let known = try role(named: name) else { throw EngineError.invalid("Role \"\(name)\" not found") }
    guard case .password(let role) = known else {
      throw EngineError.invalid("role \"\(name)\" is not of key type otp")
    }
    let username = try Self.username(call, role)
    if try !isZeroAddress(name), !role.covers(address) {
      throw EngineError.invalid("Error validating IP: IP does not belong to role")
    }

    let password = context.random.uuid()
    let digest = OneTimePassword.digest(password)
    let record = OneTimePassword(
      username: username, address: address, roleName: name, expires: call.now + context.settings().defaultTTL)
    try storage.put(Self.passwordKey(digest), record.encoded)
    var reply = Reply.data([
      "ip": .string(address), "key": .string(password), "key_type": "otp", "port": .int(role.port),
      "username": .string(username),
    ])
    reply.lease = LeaseRequest(
      kind: OneTimePassword.leaseKind, internalData: ["digest": .string(digest)], ttl: .zero, maxTTL: .zero,
      renewable: false)
    return reply
  }

  private static func address(_ call: Call) throws(EngineError) -> String {
    let text = try call[Fields.address] ?? ""
    if text.isEmpty { throw .invalid("Missing ip") }
    guard !text.contains("/"), AddressBlock(text) != nil else { throw .invalid("Invalid IP \"\(text)\"") }
    return text
  }

  private static func username(_ call: Call, _ role: PasswordRole) throws(EngineError) -> String {
    let own = try NameList.name(role.defaultUser, isTemplate: role.defaultUserTemplate, call)
    let asked = try call[Fields.username] ?? ""
    if asked.isEmpty || NameList.areSame(asked, own) { return own }
    guard asked.utf8.count <= 256, asked.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw .invalid("username is too long or has blanks or control characters")
    }
    let list = NameList.trimmed(role.allowedUsers[...])
    if list.isEmpty {
      throw .invalid("Username has to be either in allowed users list or has to be a default username")
    }
    if list == "*" { return asked }
    let allowed = try NameList.allowed(list, isTemplate: role.allowedUsersTemplate, call)
    guard allowed.contains(where: { NameList.areSame($0, asked) }) else {
      throw .invalid("Username is not present is allowed users list")
    }
    return asked
  }

  private func isZeroAddress(_ name: String) throws -> Bool {
    try Self.zeroAddressRoles(try storage.get(Self.zeroAddressKey)?.bytes).contains(name)
  }

  // MARK: Using

  private func verify(_ call: Call) throws -> Reply {
    let password = try call[Fields.password] ?? ""
    // By which programs on machines try whether they reach the server.
    if password == "verify-echo-request" { return .data(["message": "verify-echo-response"]) }
    let key = Self.passwordKey(OneTimePassword.digest(password))
    let found = try storage.transaction { transaction -> OneTimePassword? in
      guard let bytes = try transaction.get(key) else { return nil }
      transaction.delete(key)
      return try OneTimePassword(bytes)
    }
    guard let found, call.now < found.expires else { throw EngineError.invalid("OTP not found") }
    return .data(found.members)
  }

  private func lookUp(_ call: Call) throws -> Reply {
    let address = try Self.address(call)
    let anywhere = try Self.zeroAddressRoles(try storage.get(Self.zeroAddressKey)?.bytes)
    var names: [String] = []
    for name in try storage.list(Self.roles) {
      if anywhere.contains(name) {
        names.append(name)
      } else if case .password(let role) = try role(named: name), role.covers(address) {
        names.append(name)
      }
    }
    return .data(["roles": names.isEmpty ? .null : .strings(names)])
  }
}
