internal import Cryptography
package import EngineAPI
internal import JSONText
internal import Primitives
internal import SecretMemory
internal import StorageAPI

/// Logins of programs: a role's id says who, one of its SecretIDs proves it.
package enum AppRole {
  package static let type = EngineType(name: "approle", mountClass: .auth, version: "v1.0.0+builtin.coffer") {
    MountedEngine(AppRoleMethod(context: $0))
  }
}

/// One mount. Below it are:
///
/// - `role/NAME`: a role, by its name in lower case;
/// - `role-id/DIGEST`: the name of the role with that id;
/// - `secret-id/FOLDER/DIGEST`: a SecretID of the role that has that folder;
/// - `accessor/FOLDER/ACCESSOR`: the digest of the SecretID with that accessor;
/// - `key`: what digests are made with, so that names in the store tell nothing about ids that can be guessed.
final class AppRoleMethod: Engine {
  let context: MountContext
  private let digestKey = Locked<HMACKey?>(nil)
  let knownRoles = DecodedRecords<Role>()
  let tidying = Locked(Tidying())
  /// Held by whoever uses up a SecretID: those who compete for one wait here and not in retries.
  private let turns = (0..<64).map { _ in Serial(()) }

  init(context: MountContext) { self.context = context }

  var storage: StorageView { context.storage }

  static let roles = "role/"
  static func roleKey(_ name: String) -> String { roles + name }
  static func roleIDKey(_ digest: String) -> String { "role-id/" + digest }
  static func secretIDs(_ role: Role) -> String { "secret-id/\(role.folder)/" }
  static func accessors(_ role: Role) -> String { "accessor/\(role.folder)/" }
  private static let keyKey = "key"

  /// A keyed digest in hexadecimal form.
  func digest(_ text: String) throws -> String {
    let key = try digestKey.withLock { known in
      if let known { return known }
      let made = try loadKey()
      known = made
      return made
    }
    return Hex.encode(key.authenticate(text))
  }

  private func loadKey() throws -> HMACKey {
    let fresh = context.random.bytes(32)
    let bytes = try storage.transaction { transaction in
      if let stored = try transaction.get(Self.keyKey) { return stored }
      transaction.put(Self.keyKey, fresh)
      return fresh
    }
    return HMACKey(SecretBytes(copying: bytes))
  }

  func inTurn<R>(_ digest: String, _ body: () throws -> R) throws -> R {
    let place = digest.utf8.suffix(4).reduce(0) { ($0 &* 16) &+ Int($1) } % turns.count
    return try turns[place].withTurn { _ in try body() }
  }
}
