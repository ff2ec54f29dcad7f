internal import EngineAPI
internal import JSONText
internal import Primitives
internal import TokenParameters

extension UserpassMethod {
  private static let usernameField = Field.string("username", "The name of the user, without case.")
  private static let after = Field.string("after", "Begin the list after this name.")
  private static let limit = Field.int("limit", "List at most this many names; 0 is all of them.")
  private static let oldNames: TokenParameters.OldNames = [.policies, .ttl, .maxTTL, .boundCIDRs]

  static let routes: [Route<UserpassMethod>] = [
    Route(
      "login/{username}", traits: .login,
      fields: [usernameField.description, GivenPassword.password.description],
      summary: "Log in with a password",
      help: "A wrong password and an unknown user get the same answer. After too many of them the user is locked out.",
      loginName: { _, call in username(call) },
      [.update: { engine, call in try engine.login(call) }]),
    Route(
      "users/", fields: [after.description, limit.description], summary: "List the users",
      [.list: { engine, call in try engine.list(call) }]),
    Route(
      "users/{username}",
      fields: [usernameField.description] + GivenPassword.fields + TokenFields.all + TokenFields.old(oldNames),
      summary: "Read, write and delete a user",
      help: "A write changes what it names. A new user needs a password, or the bcrypt hash of one.",
      exists: { engine, call in try engine.user(username(call)) != nil },
      [
        .read: { engine, call in try engine.read(call) },
        .update: { engine, call in try engine.write(call) },
        .delete: { engine, call in try engine.delete(call) },
      ]),
    Route(
      "users/{username}/password", fields: [usernameField.description] + GivenPassword.fields,
      summary: "Change a user's password",
      [
        .update: { engine, call in
          let name = username(call)
          guard try engine.user(name) != nil else { throw EngineError.list(status: 400, ["username does not exist"]) }
          // Hashed once, not at each attempt of the transaction.
          let hash = try GivenPassword.required(call, random: engine.context.random)
          try engine.change(name) { $0.hash = hash }
          return .none
        }
      ]),
    Route(
      "users/{username}/policies",
      fields: [usernameField.description, TokenFields.policies.description] + TokenFields.old(.policies),
      summary: "Change a user's policies",
      [
        .update: { engine, call in
          try engine.change(username(call)) { user in
            if let policies = try user.token.value(
              call, TokenFields.policies, TokenFields.oldPolicies, .policies, .policies)
            {
              user.token.policies = TokenParameters.sanitized(policies)
            }
          }
          return .none
        }
      ]),
  ]

  private func list(_ call: Call) throws -> Reply {
    let after = try call[Self.after] ?? ""
    let limit = try call[Self.limit] ?? 0
    return .keys(
      try storage.list(
        Self.folder, after: after.isEmpty ? nil : after, limit: limit > 0 ? Int(clamping: limit) : .max))
  }

  private func read(_ call: Call) throws -> Reply {
    guard let user = try user(Self.username(call)) else { return .none }
    return .data(user.token.members.sorted)
  }

  private func write(_ call: Call) throws -> Reply {
    let key = Self.key(Self.username(call))
    let hash = try GivenPassword.hash(call, random: context.random)
    try storage.transaction { transaction in
      var user: User
      if let stored = try transaction.get(key) {
        user = try User(stored)
        if let hash { user.hash = hash }
      } else {
        guard let hash else { throw GivenPassword.missing }
        user = User(hash: hash, token: TokenParameters())
      }
      try user.token.update(from: call, taking: Self.oldNames)
      transaction.put(key, user.encoded)
    }
    return .none
  }

  private func delete(_ call: Call) throws -> Reply {
    try storage.delete(Self.key(Self.username(call)))
    return .none
  }
}
