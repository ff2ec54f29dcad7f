package import EngineAPI
internal import Primitives
internal import StorageAPI

/// Access to machines by SSH: a certificate authority for keys of users and hosts, and passwords that work once.
package enum SSH {
  package static let type = EngineType(name: "ssh", mountClass: .secret, version: "v1.0.0+builtin.coffer") {
    MountedEngine(SSHMount(context: $0))
  }
}

/// One mount. Below it are:
///
/// - `config/ca`: the authority's key pair;
/// - `config/zeroaddress`: the roles that give passwords for any address;
/// - `roles/NAME`: a role;
/// - `otp/DIGEST`: a password that has not been used.
final class SSHMount: Engine {
  static let routes = authorityRoutes + roleRoutes + signingRoutes + passwordRoutes

  let context: MountContext
  /// The authority that was used last: parsing its key takes longer than signing with it.
  let authority = Locked<Authority?>(nil)

  init(context: MountContext) { self.context = context }

  var storage: StorageView { context.storage }

  static let authorityKey = "config/ca"
  static let zeroAddressKey = "config/zeroaddress"
  static let roles = "roles/"
  static func roleKey(_ name: String) -> String { roles + name }
  static func passwordKey(_ digest: String) -> String { "otp/" + digest }

  func revoke(_ lease: LeaseRequest) throws {
    guard lease.kind == OneTimePassword.leaseKind, let digest = lease.internalData["digest"]?.stringValue else {
      return
    }
    try storage.delete(Self.passwordKey(digest))
  }
}
