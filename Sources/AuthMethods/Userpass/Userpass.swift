package import EngineAPI
internal import JSONText
internal import StorageAPI

/// Logins by the name of a user and a password.
package enum Userpass {
  package static let type = EngineType(name: "userpass", mountClass: .auth, version: "v1.0.0+builtin.coffer") {
    MountedEngine(UserpassMethod(context: $0))
  }
}

/// One mount: its users, by their names in lower case.
struct UserpassMethod: Engine {
  static let folder = "user/"

  let context: MountContext
  var storage: StorageView { context.storage }

  static func key(_ username: String) -> String { folder + username }

  /// Names have no case: they are kept, logged in and locked out in lower case.
  static func username(_ call: Call) -> String { call.capture("username").lowercased() }

  func user(_ name: String) throws -> User? { try storage.get(Self.key(name)).map { try User($0.bytes) } }

  /// Changes a user who must be there.
  func change(_ name: String, _ body: (inout User) throws -> Void) throws {
    try storage.transaction { transaction in
      guard let stored = try transaction.get(Self.key(name)) else {
        throw EngineError.list(status: 400, ["username does not exist"])
      }
      var user = try User(stored)
      try body(&user)
      transaction.put(Self.key(name), user.encoded)
    }
  }
}
